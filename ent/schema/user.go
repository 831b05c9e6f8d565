package schema

import (
	"entgo.io/ent"
	"entgo.io/ent/dialect/entsql"
	"entgo.io/ent/schema/edge"
	"entgo.io/ent/schema/field"
	"entgo.io/ent/schema/index"

	"github.com/wedsync/wedsync/ent/privacy"
	"github.com/wedsync/wedsync/ent/rule"
	"github.com/wedsync/wedsync/internal/id"
)

// User is a person. What they may do follows from their memberships.
type User struct{ ent.Schema }

func (User) Mixin() []ent.Mixin { return []ent.Mixin{identified{prefix: id.User}} }

func (User) Fields() []ent.Field {
	return []ent.Field{
		field.String("email").NotEmpty().MaxLen(320).Unique().
			Comment("Lower case; the address an identity provider vouches for."),
		field.String("name").Default("").MaxLen(200),
		field.String("issuer").Optional().Nillable().MaxLen(500).
			Comment("OpenID Connect issuer and subject of the person, once they signed in."),
		field.String("subject").Optional().Nillable().MaxLen(300),
	}
}

func (User) Edges() []ent.Edge {
	return []ent.Edge{edge.To("memberships", Membership.Type)}
}

func (User) Indexes() []ent.Index {
	return []ent.Index{
		index.Fields("issuer", "subject").Unique().
			Annotations(entsql.IndexWhere("subject IS NOT NULL")),
	}
}

// Policy lets a viewer see the people of the own organization; only the hub
// itself changes them, on behalf of a member or of an identity provider.
func (User) Policy() ent.Policy {
	return privacy.Policy{
		Query:    privacy.QueryPolicy{rule.RequireViewer(), rule.AllowSystem(), rule.Colleagues()},
		Mutation: privacy.MutationPolicy{rule.RequireViewer(), rule.AllowSystem(), rule.DenyMutation()},
	}
}
