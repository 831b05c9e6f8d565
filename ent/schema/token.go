package schema

import (
	"entgo.io/ent"
	"entgo.io/ent/schema/edge"
	"entgo.io/ent/schema/field"

	"github.com/wedsync/wedsync/ent/rule"
	"github.com/wedsync/wedsync/internal/id"
)

// Token lets a program act for a user in one organization.
type Token struct{ ent.Schema }

func (Token) Mixin() []ent.Mixin {
	return []ent.Mixin{identified{prefix: id.Token}, tenant{writer: rule.RoleAdmin}}
}

func (Token) Fields() []ent.Field {
	return []ent.Field{
		field.String("user_id").Immutable().MaxLen(40),
		field.String("name").NotEmpty().MaxLen(200),
		field.Enum("role").Values("OWNER", "ADMIN", "MEMBER", "VIEWER").
			Comment("The most the token may do; the user's own role bounds it further."),
		field.Bytes("hash").Immutable().Unique().MaxLen(32).Sensitive().
			Comment("SHA-256 of the token, which holds 256 random bits and is never stored."),
		field.Time("expires_at").Optional().Nillable(),
		field.Time("last_used_at").Optional().Nillable(),
		field.Time("revoked_at").Optional().Nillable(),
	}
}

func (Token) Edges() []ent.Edge {
	return []ent.Edge{edge.To("user", User.Type).Unique().Required().Immutable().Field("user_id")}
}
