package account

import (
	"context"
	"fmt"
	"time"

	"github.com/wedsync/wedsync/ent"
	"github.com/wedsync/wedsync/ent/rule"
	"github.com/wedsync/wedsync/ent/session"
	"github.com/wedsync/wedsync/hub"
)

const (
	// LinkLifetime is how long a one-time sign-in link works.
	LinkLifetime = 15 * time.Minute
	// SessionIdle is how long a browser stays signed in without being used.
	SessionIdle = 7 * 24 * time.Hour
	// SessionLifetime is how long it stays signed in at most.
	SessionLifetime = 30 * 24 * time.Hour
	// extendEvery is how often the use of a session moves its end.
	extendEvery = time.Hour
	// keepEnded is how long sessions are kept after they expired.
	keepEnded = 30 * 24 * time.Hour
)

const (
	sessionPrefix = "wss_"
	linkPrefix    = "wsl_"
)

// CreateLink makes a one-time link for a member of the viewer's organization and
// returns its secret. Only the hub itself may: a link is a password.
func (s *Service) CreateLink(ctx context.Context, userID string) (string, error) {
	viewer, _ := rule.From(ctx)
	if !viewer.IsSystem() {
		return "", hub.Errorf(hub.CodeForbidden, "", "only the operator makes sign-in links")
	}
	if _, err := s.member(ctx, viewer.OrganizationID, userID); err != nil {
		return "", err
	}
	secret := newSecret(linkPrefix)
	err := s.store.Client().Session.Create().SetOrganizationID(viewer.OrganizationID).SetUserID(userID).
		SetKind(session.KindLINK).SetHash(hashOf(secret)).SetCreatedAt(s.now()).
		SetExpiresAt(s.now().Add(LinkLifetime)).Exec(ctx)
	if err != nil {
		return "", fmt.Errorf("write sign-in link: %w", err)
	}
	return secret, nil
}

// UseLink turns a link into a browser session, once, and returns the session's
// secret; any other time it returns ErrUnauthenticated.
func (s *Service) UseLink(ctx context.Context, secret string) (string, error) {
	if !wellFormed(secret, linkPrefix) {
		return "", ErrUnauthenticated
	}
	link, err := s.sessionBy(ctx, secret, session.KindLINK)
	if err != nil {
		return "", err
	}
	return s.startSession(ctx, newSession{link.OrganizationID, link.UserID, s.now()}, func(ctx context.Context, tx *hub.Tx) error {
		n, err := tx.Session.Update().
			Where(session.ID(link.ID), session.EndedAtIsNil(), session.ExpiresAtGT(s.now())).
			SetEndedAt(s.now()).Save(ctx)
		if err != nil {
			return fmt.Errorf("use sign-in link: %w", err)
		}
		if n == 0 {
			return ErrUnauthenticated
		}
		return nil
	})
}

// newSession is a browser session to be started.
type newSession struct {
	organizationID, userID string
	// since is when the person signed in.
	since time.Time
}

// nothing is what startSession has to do before where the right is proved already.
func nothing(context.Context, *hub.Tx) error { return nil }

// startSession makes a browser session for a member. In the same transaction
// before proves the right to it.
func (s *Service) startSession(ctx context.Context, n newSession, before func(context.Context, *hub.Tx) error) (string, error) {
	m, err := s.member(ctx, n.organizationID, n.userID)
	if err != nil {
		return "", err
	}
	secret := newSecret(sessionPrefix)
	viewer := rule.Viewer{OrganizationID: n.organizationID, UserID: n.userID, Role: rule.Role(m.Role)}
	err = s.store.InTx(rule.With(ctx, viewer), func(ctx context.Context, tx *hub.Tx) error {
		// Signing in is the hub's own work, whatever the member's role.
		ctx = rule.SystemWithin(ctx, n.organizationID)
		if err := before(ctx, tx); err != nil {
			return err
		}
		made, err := tx.Session.Create().SetOrganizationID(n.organizationID).SetUserID(n.userID).
			SetKind(session.KindBROWSER).SetHash(hashOf(secret)).SetCreatedAt(n.since).
			SetExpiresAt(s.endOf(n.since)).Save(ctx)
		if err != nil {
			return fmt.Errorf("write session: %w", err)
		}
		tx.Audit(hub.Audit{Action: "session.start", SubjectID: made.ID})
		return nil
	})
	if err != nil {
		return "", err
	}
	return secret, nil
}

func (s *Service) sessionBy(ctx context.Context, secret string, kind session.Kind) (*ent.Session, error) {
	found, err := s.store.Client().Session.Query().
		Where(session.Hash(hashOf(secret)), session.KindEQ(kind)).Only(rule.System(ctx))
	if ent.IsNotFound(err) {
		return nil, ErrUnauthenticated
	}
	if err != nil {
		return nil, fmt.Errorf("read session: %w", err)
	}
	return found, nil
}

// AuthenticateSession returns the viewer that a browser's cookie stands for, or
// ErrUnauthenticated. Using a session moves its end, up to SessionLifetime after
// it began.
func (s *Service) AuthenticateSession(ctx context.Context, secret string) (rule.Viewer, error) {
	if !wellFormed(secret, sessionPrefix) {
		return rule.Viewer{}, ErrUnauthenticated
	}
	found, err := s.sessionBy(ctx, secret, session.KindBROWSER)
	if err != nil {
		return rule.Viewer{}, err
	}
	viewer, err := s.sessionViewer(ctx, found)
	if err != nil {
		return rule.Viewer{}, err
	}
	return viewer, s.extend(ctx, found)
}

func (s *Service) sessionViewer(ctx context.Context, found *ent.Session) (rule.Viewer, error) {
	if found.EndedAt != nil || !found.ExpiresAt.After(s.now()) {
		return rule.Viewer{}, ErrUnauthenticated
	}
	m, err := s.member(ctx, found.OrganizationID, found.UserID)
	if err != nil {
		return rule.Viewer{}, err
	}
	return rule.Viewer{
		OrganizationID: found.OrganizationID, UserID: found.UserID, SessionID: found.ID, Role: rule.Role(m.Role),
	}, nil
}

// endOf is how long a session that is used now and began then is good for.
func (s *Service) endOf(began time.Time) time.Time {
	end := s.now().Add(SessionIdle)
	if last := began.Add(SessionLifetime); end.After(last) {
		return last
	}
	return end
}

func (s *Service) extend(ctx context.Context, found *ent.Session) error {
	end := s.endOf(found.CreatedAt)
	if end.Sub(found.ExpiresAt) < extendEvery {
		return nil
	}
	_, err := s.store.Client().Session.Update().
		Where(session.ID(found.ID), session.EndedAtIsNil(), session.ExpiresAtLT(end)).
		SetExpiresAt(end).Save(rule.SystemWithin(ctx, found.OrganizationID))
	if err != nil {
		return fmt.Errorf("extend session: %w", err)
	}
	return nil
}

// EndSession signs the viewer's browser out.
func (s *Service) EndSession(ctx context.Context) error {
	viewer, _ := rule.From(ctx)
	if viewer.SessionID == "" {
		return ErrUnauthenticated
	}
	return s.store.InTx(ctx, func(ctx context.Context, tx *hub.Tx) error {
		n, err := tx.Session.Update().Where(session.ID(viewer.SessionID), session.EndedAtIsNil()).
			SetEndedAt(s.now()).Save(rule.SystemWithin(ctx, viewer.OrganizationID))
		if err != nil {
			return fmt.Errorf("end session: %w", err)
		}
		if n > 0 {
			tx.Audit(hub.Audit{Action: "session.end", SubjectID: viewer.SessionID})
		}
		return nil
	})
}

// Purge removes the sessions and links that expired long ago and returns how many.
func (s *Service) Purge(ctx context.Context) (int, error) {
	n, err := s.store.Client().Session.Delete().
		Where(session.ExpiresAtLT(s.now().Add(-keepEnded))).Exec(rule.System(ctx))
	if err != nil {
		return 0, fmt.Errorf("remove old sessions: %w", err)
	}
	return n, nil
}
