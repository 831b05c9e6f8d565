package account

import (
	"context"
	"fmt"
	"time"

	"github.com/wedsync/wedsync/ent"
	"github.com/wedsync/wedsync/ent/membership"
	"github.com/wedsync/wedsync/ent/rule"
	"github.com/wedsync/wedsync/ent/token"
	"github.com/wedsync/wedsync/hub"
)

// TokenPrefix begins every API token, so that scanners for leaked secrets can
// recognize one.
const TokenPrefix = "wst_"

// usedEvery is how often the use of a token is written down.
const usedEvery = time.Minute

// TokenInput describes a token to make.
type TokenInput struct {
	// UserID is whom the token acts for. Empty: the viewer; only the hub itself
	// may name somebody.
	UserID string
	Name   string
	Role   rule.Role
	// ExpiresAt is when it stops working; zero: never.
	ExpiresAt time.Time
}

func (in *TokenInput) validate(ctx context.Context, now time.Time) error {
	viewer, _ := rule.From(ctx)
	if in.UserID == "" {
		in.UserID = viewer.UserID
	}
	if in.UserID == "" || in.UserID != viewer.UserID && !viewer.IsSystem() {
		return hub.Errorf(hub.CodeForbidden, "userId", "a token can only be made for oneself")
	}
	if !in.ExpiresAt.IsZero() && !in.ExpiresAt.After(now) {
		return hub.Errorf(hub.CodeInvalid, "expiresAt", "must be in the future")
	}
	if !viewer.IsSystem() && !viewer.Role.Includes(in.Role) {
		return hub.Errorf(hub.CodeForbidden, "role", "is more than your own")
	}
	var err error
	if in.Name, err = hub.CheckName("name", in.Name); err != nil {
		return err
	}
	return checkRole("role", in.Role)
}

// CreateToken makes a token and returns it with its secret, which nobody can ever
// read again.
func (s *Service) CreateToken(ctx context.Context, in TokenInput) (*ent.Token, string, error) {
	if err := in.validate(ctx, s.now()); err != nil {
		return nil, "", err
	}
	secret := newSecret(TokenPrefix)
	var made *ent.Token
	err := s.store.InTx(ctx, func(ctx context.Context, tx *hub.Tx) error {
		viewer, _ := rule.From(ctx)
		m, err := tx.Membership.Query().
			Where(membership.OrganizationID(viewer.OrganizationID), membership.UserID(in.UserID)).Only(ctx)
		if err != nil {
			return hub.Translate(err, "userId", in.UserID)
		}
		if !rule.Role(m.Role).Includes(in.Role) {
			return hub.Errorf(hub.CodeInvalid, "role", "is more than the member's own, %s", m.Role)
		}
		create := tx.Token.Create().SetOrganizationID(viewer.OrganizationID).SetUserID(in.UserID).
			SetName(in.Name).SetRole(token.Role(in.Role)).SetHash(hashOf(secret))
		if !in.ExpiresAt.IsZero() {
			create.SetExpiresAt(in.ExpiresAt.UTC().Truncate(time.Microsecond))
		}
		if made, err = create.Save(ctx); err != nil {
			return hub.Translate(err, "", "")
		}
		data := map[string]any{"name": made.Name, "role": made.Role, "userId": made.UserID}
		tx.Emit(hub.Event{Type: "token.created", SubjectID: made.ID, Data: data})
		tx.Audit(hub.Audit{Action: "token.create", SubjectID: made.ID, Data: data})
		return nil
	})
	if err != nil {
		return nil, "", err
	}
	return made, secret, nil
}

// RevokeToken ends a token for good. Revoking it again changes nothing.
func (s *Service) RevokeToken(ctx context.Context, id string) (*ent.Token, error) {
	var revoked *ent.Token
	err := s.store.InTx(ctx, func(ctx context.Context, tx *hub.Tx) error {
		// The update itself decides, so that a viewer who may not is refused even
		// when there is nothing left to do.
		n, err := tx.Token.Update().Where(token.ID(id), token.RevokedAtIsNil()).SetRevokedAt(s.now()).Save(ctx)
		if err != nil {
			return hub.Translate(err, "id", id)
		}
		if revoked, err = tx.Token.Get(ctx, id); err != nil {
			return hub.Translate(err, "id", id)
		}
		if n > 0 {
			tx.Emit(hub.Event{Type: "token.revoked", SubjectID: id})
			tx.Audit(hub.Audit{Action: "token.revoke", SubjectID: id})
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return revoked, nil
}

// AuthenticateToken returns the viewer that the secret of a token stands for, or
// ErrUnauthenticated.
func (s *Service) AuthenticateToken(ctx context.Context, secret string) (rule.Viewer, error) {
	if !wellFormed(secret, TokenPrefix) {
		return rule.Viewer{}, ErrUnauthenticated
	}
	t, err := s.store.Client().Token.Query().Where(token.Hash(hashOf(secret))).Only(rule.System(ctx))
	if ent.IsNotFound(err) {
		return rule.Viewer{}, ErrUnauthenticated
	}
	if err != nil {
		return rule.Viewer{}, fmt.Errorf("read token: %w", err)
	}
	viewer, err := s.tokenViewer(ctx, t)
	if err != nil {
		return rule.Viewer{}, err
	}
	return viewer, s.touch(ctx, t)
}

func (s *Service) tokenViewer(ctx context.Context, t *ent.Token) (rule.Viewer, error) {
	if t.RevokedAt != nil || t.ExpiresAt != nil && !t.ExpiresAt.After(s.now()) {
		return rule.Viewer{}, ErrUnauthenticated
	}
	m, err := s.member(ctx, t.OrganizationID, t.UserID)
	if err != nil {
		return rule.Viewer{}, err
	}
	return rule.Viewer{
		OrganizationID: t.OrganizationID, UserID: t.UserID, TokenID: t.ID,
		Role: weaker(rule.Role(t.Role), rule.Role(m.Role)),
	}, nil
}

// touch writes down that the token was used, at most once per usedEvery.
func (s *Service) touch(ctx context.Context, t *ent.Token) error {
	now := s.now()
	before := now.Add(-usedEvery)
	if t.LastUsedAt != nil && t.LastUsedAt.After(before) {
		return nil
	}
	_, err := s.store.Client().Token.Update().
		Where(token.ID(t.ID), token.Or(token.LastUsedAtIsNil(), token.LastUsedAtLTE(before))).
		SetLastUsedAt(now).Save(rule.SystemWithin(ctx, t.OrganizationID))
	if err != nil {
		return fmt.Errorf("record the token's use: %w", err)
	}
	return nil
}
