package account

import (
	"context"
	"errors"
	"fmt"

	"github.com/wedsync/wedsync/ent"
	"github.com/wedsync/wedsync/ent/membership"
	"github.com/wedsync/wedsync/ent/organization"
	"github.com/wedsync/wedsync/ent/rule"
	"github.com/wedsync/wedsync/hub"
)

// maxOrganizations bounds the list of organizations that one person sees.
const maxOrganizations = 100

// Organizations lists those that the viewer, a person in a browser, can enter.
// Tokens act in one organization and learn of no other.
func (s *Service) Organizations(ctx context.Context) ([]*ent.Organization, error) {
	viewer, _ := rule.From(ctx)
	if viewer.SessionID == "" {
		return nil, ErrUnauthenticated
	}
	system := rule.System(ctx)
	ids, err := s.store.Client().Membership.Query().Where(membership.UserID(viewer.UserID)).
		Order(membership.ByID()).Limit(maxOrganizations).Select(membership.FieldOrganizationID).Strings(system)
	if err != nil {
		return nil, fmt.Errorf("read memberships: %w", err)
	}
	all, err := s.store.Client().Organization.Query().Where(organization.IDIn(ids...)).
		Order(organization.ByName(), organization.ByID()).All(system)
	if err != nil {
		return nil, fmt.Errorf("read organizations: %w", err)
	}
	return all, nil
}

// SwitchOrganization ends the viewer's browser session and starts one in another
// organization, whose secret it returns. The new session lasts no longer than the
// first one would have. It fails with ErrNoMembership for strangers there.
func (s *Service) SwitchOrganization(ctx context.Context, organizationID string) (string, error) {
	viewer, _ := rule.From(ctx)
	if viewer.SessionID == "" {
		return "", ErrUnauthenticated
	}
	current, err := s.store.Client().Session.Get(rule.SystemWithin(ctx, viewer.OrganizationID), viewer.SessionID)
	if err != nil {
		return "", missing("session", err)
	}
	secret, err := s.startSession(ctx, newSession{organizationID, viewer.UserID, current.CreatedAt}, nothing)
	if errors.Is(err, ErrUnauthenticated) {
		return "", ErrNoMembership
	}
	if err != nil {
		return "", err
	}
	return secret, s.EndSession(ctx)
}

// RenameOrganization gives the viewer's organization another name.
func (s *Service) RenameOrganization(ctx context.Context, name string) (*ent.Organization, error) {
	name, err := hub.CheckName("name", name)
	if err != nil {
		return nil, err
	}
	viewer, _ := rule.From(ctx)
	if !viewer.Role.Includes(rule.RoleOwner) {
		return nil, hub.Errorf(hub.CodeForbidden, "", "only an OWNER renames the organization")
	}
	var renamed *ent.Organization
	err = s.store.InTx(ctx, func(ctx context.Context, tx *hub.Tx) error {
		before, err := tx.Organization.Get(ctx, viewer.OrganizationID)
		if err != nil {
			return hub.Translate(err, "", "")
		}
		if renamed, err = before.Update().SetName(name).Save(ctx); err != nil {
			return hub.Translate(err, "", "")
		}
		data := map[string]any{"name": name, "was": before.Name}
		tx.Emit(hub.Event{Type: "organization.updated", SubjectID: renamed.ID, Data: data})
		tx.Audit(hub.Audit{Action: "organization.update", SubjectID: renamed.ID, Data: data})
		return nil
	})
	if err != nil {
		return nil, err
	}
	return renamed, nil
}
