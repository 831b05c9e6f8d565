package schema

import (
	"entgo.io/ent"
	"entgo.io/ent/schema/edge"
	"entgo.io/ent/schema/field"
	"entgo.io/ent/schema/index"

	"github.com/wedsync/wedsync/ent/rule"
	"github.com/wedsync/wedsync/internal/id"
)

// Session is a person signed in with a browser, or a one-time link that will
// become one.
type Session struct{ ent.Schema }

func (Session) Mixin() []ent.Mixin {
	return []ent.Mixin{identified{prefix: id.Session}, tenant{writer: rule.RoleAdmin}}
}

func (Session) Fields() []ent.Field {
	return []ent.Field{
		field.String("user_id").Immutable().MaxLen(40),
		field.Enum("kind").Values("BROWSER", "LINK").Immutable(),
		field.Bytes("hash").Immutable().Unique().MaxLen(32).Sensitive().
			Comment("SHA-256 of the cookie's or link's secret."),
		field.Time("expires_at"),
		field.Time("ended_at").Optional().Nillable().Comment("Signed out, or the link was used."),
	}
}

func (Session) Edges() []ent.Edge {
	return []ent.Edge{edge.To("user", User.Type).Unique().Required().Immutable().Field("user_id")}
}

func (Session) Indexes() []ent.Index { return []ent.Index{index.Fields("expires_at")} }
