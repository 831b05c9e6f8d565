package account

import (
	"context"
	"fmt"

	"github.com/wedsync/wedsync/ent"
	"github.com/wedsync/wedsync/ent/membership"
	"github.com/wedsync/wedsync/ent/organization"
	"github.com/wedsync/wedsync/ent/rule"
	"github.com/wedsync/wedsync/ent/user"
	"github.com/wedsync/wedsync/hub"
)

// Bootstrap returns the membership of the person in the organization, making
// whatever of the three is missing: how an operator at the machine lets the first
// people in. A membership that exists keeps its role. Names of organizations are
// not unique; the oldest of that name is meant.
func (s *Service) Bootstrap(ctx context.Context, organizationName, email string, role rule.Role) (*ent.Membership, error) {
	name, err := hub.CheckName("organization", organizationName)
	if err != nil {
		return nil, err
	}
	if email, err = checkEmail("email", email); err != nil {
		return nil, err
	}
	if err := checkRole("role", role); err != nil {
		return nil, err
	}
	org, err := s.findOrCreateOrganization(ctx, name)
	if err != nil {
		return nil, err
	}
	var m *ent.Membership
	err = s.store.InTx(rule.SystemWithin(ctx, org.ID), func(ctx context.Context, tx *hub.Tx) error {
		u, err := findOrCreateUser(ctx, tx, email, "")
		if err != nil {
			return err
		}
		m, err = tx.Membership.Query().Where(membership.UserID(u.ID)).Only(ctx)
		if ent.IsNotFound(err) {
			m, err = addMember(ctx, tx, u.ID, role)
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("bootstrap member: %w", err)
	}
	return m, nil
}

// FindMember returns the person's membership, for the operator at the machine. The
// organization's name decides where there are several.
func (s *Service) FindMember(ctx context.Context, email, organizationName string) (*ent.Membership, error) {
	email, err := checkEmail("user", email)
	if err != nil {
		return nil, err
	}
	ctx = rule.System(ctx)
	query := s.store.Client().Membership.Query().Where(membership.HasUserWith(user.Email(email)))
	if organizationName != "" {
		ids, err := s.store.Client().Organization.Query().Where(organization.Name(organizationName)).IDs(ctx)
		if err != nil {
			return nil, fmt.Errorf("find organization: %w", err)
		}
		query.Where(membership.OrganizationIDIn(ids...))
	}
	found, err := query.Limit(2).All(ctx)
	switch {
	case err != nil:
		return nil, fmt.Errorf("find member: %w", err)
	case len(found) == 0:
		return nil, hub.Errorf(hub.CodeNotFound, "user", "is not a member; add them by the API or by: wedsync token create")
	case len(found) > 1:
		return nil, hub.Errorf(hub.CodeInvalid, "org", "is needed: the person is a member of several organizations")
	}
	return found[0], nil
}

func (s *Service) findOrCreateOrganization(ctx context.Context, name string) (*ent.Organization, error) {
	var org *ent.Organization
	err := s.store.InTx(rule.System(ctx), func(ctx context.Context, tx *hub.Tx) error {
		var err error
		org, err = tx.Organization.Query().Where(organization.Name(name)).Order(organization.ByID()).First(ctx)
		if ent.IsNotFound(err) {
			org, err = tx.Organization.Create().SetName(name).Save(ctx)
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("bootstrap organization: %w", err)
	}
	return org, nil
}
