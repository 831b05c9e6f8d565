package schema

import (
	"time"

	"entgo.io/ent"
	"entgo.io/ent/schema/edge"
	"entgo.io/ent/schema/field"
	"entgo.io/ent/schema/index"
	"entgo.io/ent/schema/mixin"

	"github.com/wedsync/wedsync/ent/privacy"
	"github.com/wedsync/wedsync/ent/rule"
	"github.com/wedsync/wedsync/internal/id"
)

// identified adds a prefixed, time-ordered id and the times of creation and
// last change.
type identified struct {
	mixin.Schema
	prefix id.Prefix
}

func (m identified) Fields() []ent.Field {
	return []ent.Field{
		field.String("id").DefaultFunc(m.prefix.Maker()).Immutable().MaxLen(40),
		field.Time("created_at").Default(now).Immutable(),
		field.Time("updated_at").Default(now).UpdateDefault(now),
	}
}

// tenant makes an entity belong to one organization. writer is the least role
// that may change its rows.
type tenant struct {
	mixin.Schema
	writer rule.Role
}

func (tenant) Fields() []ent.Field {
	return []ent.Field{field.String("organization_id").Immutable().MaxLen(40)}
}

func (tenant) Edges() []ent.Edge {
	return []ent.Edge{
		edge.To("organization", Organization.Type).
			Unique().Required().Immutable().Field("organization_id"),
	}
}

func (tenant) Indexes() []ent.Index {
	return []ent.Index{index.Fields("organization_id", "id")}
}

func (m tenant) Policy() ent.Policy {
	return privacy.Policy{
		Query:    privacy.QueryPolicy{rule.RequireViewer(), rule.AllowSystem(), rule.WithinOrganization()},
		Mutation: privacy.MutationPolicy{rule.RequireViewer(), rule.AllowSystem(), rule.WithinOrganization(), rule.RequireRole(m.writer)},
	}
}

// now is the time as both databases store it: UTC, whole microseconds.
func now() time.Time { return time.Now().UTC().Truncate(time.Microsecond) }
