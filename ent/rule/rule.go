package rule

import (
	"context"
	"fmt"

	"entgo.io/ent"
	"entgo.io/ent/entql"

	"github.com/wedsync/wedsync/ent/privacy"
)

// RequireViewer denies when nobody is asking.
func RequireViewer() privacy.QueryMutationRule {
	return privacy.ContextQueryMutationRule(func(ctx context.Context) error {
		if _, ok := From(ctx); !ok {
			return privacy.Denyf("no viewer in the context")
		}
		return privacy.Skip
	})
}

// AllowSystem allows the hub's own work that is not bound to one organization.
func AllowSystem() privacy.QueryMutationRule {
	return privacy.ContextQueryMutationRule(func(ctx context.Context) error {
		if v, _ := From(ctx); v.system && v.OrganizationID == "" {
			return privacy.Allow
		}
		return privacy.Skip
	})
}

// organizationFilter is a generated filter of an entity with organization_id.
type organizationFilter interface {
	WhereOrganizationID(entql.StringP)
}

// WithinOrganization confines queries, updates and deletes to the viewer's
// organization and denies to create rows in another.
func WithinOrganization() privacy.QueryMutationRule {
	return privacy.FilterFunc(func(ctx context.Context, f privacy.Filter) error {
		v, _ := From(ctx)
		of, ok := f.(organizationFilter)
		if !ok || v.OrganizationID == "" {
			return privacy.Denyf("%T has no organization to filter by", f)
		}
		of.WhereOrganizationID(entql.StringEQ(v.OrganizationID))
		return privacy.Skip
	})
}

// RequireRole denies changes to members below the role, and to anybody the
// creation of rows in an organization that is not the viewer's.
func RequireRole(least Role) privacy.MutationRule {
	return privacy.MutationRuleFunc(func(ctx context.Context, m ent.Mutation) error {
		v, _ := From(ctx)
		if m.Op().Is(ent.OpCreate) {
			if org, ok := m.Field("organization_id"); !ok || org != v.OrganizationID {
				return privacy.Denyf("%s belongs to another organization", m.Type())
			}
		}
		if v.system || v.Role.Includes(least) {
			return privacy.Allow
		}
		return privacy.Deny
	})
}

// WhereIs confines an entity without organization_id, by a condition that the
// caller builds from the viewer on the entity's own generated filter.
func WhereIs[F any](where func(F, Viewer)) privacy.QueryMutationRule {
	return privacy.FilterFunc(func(ctx context.Context, f privacy.Filter) error {
		v, _ := From(ctx)
		own, ok := f.(F)
		if !ok {
			return fmt.Errorf("unexpected filter %T", f)
		}
		where(own, v)
		return privacy.Skip
	})
}

// DenyMutation denies every change that no earlier rule allowed.
func DenyMutation() privacy.MutationRule {
	return privacy.MutationRuleFunc(func(context.Context, ent.Mutation) error { return privacy.Deny })
}

// Colleagues confines users to those who are members of the viewer's
// organization.
func Colleagues() privacy.QueryMutationRule {
	return privacy.FilterFunc(func(ctx context.Context, f privacy.Filter) error {
		v, _ := From(ctx)
		f.Where(entql.HasEdgeWith("memberships", entql.FieldEQ("organization_id", v.OrganizationID)))
		return privacy.Skip
	})
}
