package account

import (
	"context"
	"fmt"

	"github.com/wedsync/wedsync/ent"
	"github.com/wedsync/wedsync/ent/membership"
	"github.com/wedsync/wedsync/ent/rule"
	"github.com/wedsync/wedsync/ent/session"
	"github.com/wedsync/wedsync/ent/token"
	"github.com/wedsync/wedsync/ent/user"
	"github.com/wedsync/wedsync/hub"
)

// MemberInput names somebody who shall become a member.
type MemberInput struct {
	Email string
	// Name is used if the hub does not know the person yet.
	Name string
	Role rule.Role
}

// AddMember makes somebody a member of the viewer's organization. They can sign
// in as soon as an issuer vouches for the address.
func (s *Service) AddMember(ctx context.Context, in MemberInput) (*ent.Membership, error) {
	email, err := checkEmail("email", in.Email)
	if err != nil {
		return nil, err
	}
	if in.Name != "" {
		if in.Name, err = hub.CheckName("name", in.Name); err != nil {
			return nil, err
		}
	}
	if err := checkRole("role", in.Role); err != nil {
		return nil, err
	}
	if err := mayGive(ctx, "role", in.Role); err != nil {
		return nil, err
	}
	var added *ent.Membership
	err = s.store.InTx(ctx, func(ctx context.Context, tx *hub.Tx) error {
		u, err := findOrCreateUser(ctx, tx, email, in.Name)
		if err != nil {
			return err
		}
		added, err = addMember(ctx, tx, u.ID, in.Role)
		return err
	})
	if err != nil {
		return nil, err
	}
	return added, nil
}

// findOrCreateUser is the hub's own work: users belong to no organization.
func findOrCreateUser(ctx context.Context, tx *hub.Tx, email, name string) (*ent.User, error) {
	ctx = rule.System(ctx)
	u, err := tx.User.Query().Where(user.Email(email)).Only(ctx)
	if ent.IsNotFound(err) {
		u, err = tx.User.Create().SetEmail(email).SetName(name).Save(ctx)
	}
	if ent.IsConstraintError(err) {
		return nil, hub.Errorf(hub.CodeConflict, "email", "is being added by somebody else; try again")
	}
	if err != nil {
		return nil, fmt.Errorf("find or create user: %w", err)
	}
	return u, nil
}

func addMember(ctx context.Context, tx *hub.Tx, userID string, role rule.Role) (*ent.Membership, error) {
	viewer, _ := rule.From(ctx)
	m, err := tx.Membership.Create().SetOrganizationID(viewer.OrganizationID).SetUserID(userID).
		SetRole(membership.Role(role)).Save(ctx)
	if ent.IsConstraintError(err) {
		return nil, hub.Errorf(hub.CodeConflict, "email", "is a member already")
	}
	if err != nil {
		return nil, hub.Translate(err, "", "")
	}
	data := map[string]any{"userId": userID, "role": role}
	tx.Emit(hub.Event{Type: "member.added", SubjectID: m.ID, Data: data})
	tx.Audit(hub.Audit{Action: "member.add", SubjectID: m.ID, Data: data})
	return m, nil
}

// UpdateMember gives a member another role. What the member's tokens may do
// follows at once.
func (s *Service) UpdateMember(ctx context.Context, id string, role rule.Role) (*ent.Membership, error) {
	if err := checkRole("role", role); err != nil {
		return nil, err
	}
	if err := mayGive(ctx, "role", role); err != nil {
		return nil, err
	}
	var updated *ent.Membership
	err := s.store.InTx(ctx, func(ctx context.Context, tx *hub.Tx) error {
		m, err := changeable(ctx, tx, id, role == rule.RoleOwner)
		if err != nil {
			return err
		}
		if updated, err = m.Update().SetRole(membership.Role(role)).Save(ctx); err != nil {
			return hub.Translate(err, "id", id)
		}
		data := map[string]any{"userId": m.UserID, "role": role, "was": m.Role}
		tx.Emit(hub.Event{Type: "member.updated", SubjectID: id, Data: data})
		tx.Audit(hub.Audit{Action: "member.update", SubjectID: id, Data: data})
		return nil
	})
	if err != nil {
		return nil, err
	}
	return updated, nil
}

// RemoveMember ends a membership and with it the member's tokens and sessions in
// the organization, for good: being added again does not revive them.
func (s *Service) RemoveMember(ctx context.Context, id string) error {
	return s.store.InTx(ctx, func(ctx context.Context, tx *hub.Tx) error {
		m, err := changeable(ctx, tx, id, false)
		if err != nil {
			return err
		}
		if err := tx.Membership.DeleteOneID(id).Exec(ctx); err != nil {
			return hub.Translate(err, "id", id)
		}
		if err := s.endCredentials(ctx, tx, m); err != nil {
			return err
		}
		data := map[string]any{"userId": m.UserID, "was": m.Role}
		tx.Emit(hub.Event{Type: "member.removed", SubjectID: id, Data: data})
		tx.Audit(hub.Audit{Action: "member.remove", SubjectID: id, Data: data})
		return nil
	})
}

func (s *Service) endCredentials(ctx context.Context, tx *hub.Tx, m *ent.Membership) error {
	_, err := tx.Token.Update().Where(token.UserID(m.UserID), token.RevokedAtIsNil()).SetRevokedAt(s.now()).Save(ctx)
	if err != nil {
		return fmt.Errorf("revoke tokens: %w", err)
	}
	_, err = tx.Session.Update().Where(session.UserID(m.UserID), session.EndedAtIsNil()).SetEndedAt(s.now()).Save(ctx)
	if err != nil {
		return fmt.Errorf("end sessions: %w", err)
	}
	return nil
}

// changeable returns the membership if the viewer may change it: owners are
// changed by owners, and one of them has to remain unless staysOwner.
func changeable(ctx context.Context, tx *hub.Tx, id string, staysOwner bool) (*ent.Membership, error) {
	viewer, _ := rule.From(ctx)
	if !viewer.IsSystem() && !viewer.Role.Includes(rule.RoleAdmin) {
		return nil, hub.Errorf(hub.CodeForbidden, "", "only admins and owners manage members")
	}
	// Two owners who remove each other at the same moment take turns here;
	// otherwise each would count the other and nobody would remain.
	err := tx.Organization.UpdateOneID(viewer.OrganizationID).AddEventSeq(0).Exec(rule.System(ctx))
	if err != nil {
		return nil, fmt.Errorf("lock organization: %w", err)
	}
	m, err := tx.Membership.Get(ctx, id)
	if err != nil {
		return nil, hub.Translate(err, "id", id)
	}
	if m.Role != membership.RoleOWNER {
		return m, nil
	}
	if err := mayGive(ctx, "id", rule.RoleOwner); err != nil {
		return nil, err
	}
	owners, err := tx.Membership.Query().
		Where(membership.OrganizationID(m.OrganizationID), membership.RoleEQ(membership.RoleOWNER)).Count(ctx)
	if err != nil {
		return nil, fmt.Errorf("count owners: %w", err)
	}
	if owners == 1 && !staysOwner {
		return nil, hub.Errorf(hub.CodeConflict, "id", "is the last owner; make somebody else an owner first")
	}
	return m, nil
}

// mayGive refuses to give, or take away, more than one has.
func mayGive(ctx context.Context, field string, role rule.Role) error {
	viewer, _ := rule.From(ctx)
	if viewer.IsSystem() || viewer.Role.Includes(role) {
		return nil
	}
	return hub.Errorf(hub.CodeForbidden, field, "needs the role %s", role)
}
