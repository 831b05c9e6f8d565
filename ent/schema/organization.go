package schema

import (
	"entgo.io/ent"
	"entgo.io/ent/entql"
	"entgo.io/ent/schema/field"

	"github.com/wedsync/wedsync/ent/privacy"
	"github.com/wedsync/wedsync/ent/rule"
	"github.com/wedsync/wedsync/internal/id"
)

// Organization is a studio: the owner of everything else.
type Organization struct{ ent.Schema }

func (Organization) Mixin() []ent.Mixin {
	return []ent.Mixin{identified{prefix: id.Organization}}
}

func (Organization) Fields() []ent.Field {
	return []ent.Field{
		field.String("name").NotEmpty().MaxLen(200),
		field.Int64("event_seq").Default(0).
			Comment("Number of the organization's latest event; taking the next one orders its commits."),
	}
}

func (Organization) Policy() ent.Policy {
	own := rule.WhereIs(func(f interface{ WhereID(entql.StringP) }, v rule.Viewer) {
		f.WhereID(entql.StringEQ(v.OrganizationID))
	})
	return privacy.Policy{
		Query:    privacy.QueryPolicy{rule.RequireViewer(), rule.AllowSystem(), own},
		Mutation: privacy.MutationPolicy{rule.RequireViewer(), rule.AllowSystem(), own, rule.RequireRole(rule.RoleOwner)},
	}
}
