package account

import (
	"context"
	"fmt"

	"github.com/wedsync/wedsync/ent"
	"github.com/wedsync/wedsync/ent/rule"
)

// StillAllowed returns nil while the credential that the viewer came in with is
// good for everything it was good for then, and ErrUnauthenticated from the moment
// it is not. It does not count as a use of the credential.
func (s *Service) StillAllowed(ctx context.Context, viewer rule.Viewer) error {
	if viewer.IsSystem() {
		return nil
	}
	current, err := s.current(ctx, viewer)
	if err != nil {
		return err
	}
	if !current.Role.Includes(viewer.Role) {
		return ErrUnauthenticated
	}
	return nil
}

// current returns the viewer as the credential would make it now.
func (s *Service) current(ctx context.Context, viewer rule.Viewer) (rule.Viewer, error) {
	within := rule.SystemWithin(ctx, viewer.OrganizationID)
	switch {
	case viewer.TokenID != "":
		t, err := s.store.Client().Token.Get(within, viewer.TokenID)
		if err == nil {
			return s.tokenViewer(ctx, t)
		}
		return rule.Viewer{}, missing("token", err)
	case viewer.SessionID != "":
		found, err := s.store.Client().Session.Get(within, viewer.SessionID)
		if err == nil {
			return s.sessionViewer(ctx, found)
		}
		return rule.Viewer{}, missing("session", err)
	}
	return rule.Viewer{}, ErrUnauthenticated
}

// missing tells a credential that is gone from a database that did not answer.
func missing(what string, err error) error {
	if ent.IsNotFound(err) {
		return ErrUnauthenticated
	}
	return fmt.Errorf("read %s: %w", what, err)
}
