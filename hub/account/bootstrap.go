package account

import (
	"context"
	"fmt"

	"github.com/wedsync/wedsync/ent"
	"github.com/wedsync/wedsync/ent/membership"
	"github.com/wedsync/wedsync/ent/organization"
	"github.com/wedsync/wedsync/ent/rule"
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
