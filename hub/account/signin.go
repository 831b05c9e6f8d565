package account

import (
	"context"
	"errors"
	"fmt"

	"github.com/wedsync/wedsync/ent"
	"github.com/wedsync/wedsync/ent/membership"
	"github.com/wedsync/wedsync/ent/rule"
	"github.com/wedsync/wedsync/ent/user"
	"github.com/wedsync/wedsync/hub"
)

// ErrNoMembership tells somebody whom an issuer vouches for that no organization
// here has them as a member.
var ErrNoMembership = errors.New("not a member of any organization")

// Identity is what an OpenID Connect issuer says of a person.
type Identity struct {
	Issuer, Subject string
	Email           string
	EmailVerified   bool
	Name            string
}

// SignIn starts a browser session for the person and returns its secret. Issuer
// and subject tell who it is; only the first time, a verified e-mail address does,
// and from then on that address belongs to that subject. People in several
// organizations enter the one that had them first; SwitchOrganization brings them
// to the others. It fails with ErrNoMembership
// for whom nobody invited.
func (s *Service) SignIn(ctx context.Context, who Identity) (string, error) {
	if who.Issuer == "" || who.Subject == "" {
		return "", ErrUnauthenticated
	}
	u, err := s.identify(ctx, who)
	if err != nil {
		return "", err
	}
	first, err := s.store.Client().Membership.Query().Where(membership.UserID(u.ID)).
		Order(membership.ByID()).First(rule.System(ctx))
	if ent.IsNotFound(err) {
		return "", ErrNoMembership
	}
	if err != nil {
		return "", fmt.Errorf("read memberships: %w", err)
	}
	return s.startSession(ctx, newSession{first.OrganizationID, u.ID, s.now()}, nothing)
}

// identify finds the user, claiming the e-mail address for the subject if this is
// the first time.
func (s *Service) identify(ctx context.Context, who Identity) (*ent.User, error) {
	ctx = rule.System(ctx)
	users := s.store.Client().User
	known, err := users.Query().Where(user.Issuer(who.Issuer), user.Subject(who.Subject)).Only(ctx)
	if err == nil {
		return known, nil
	}
	if !ent.IsNotFound(err) {
		return nil, fmt.Errorf("read user: %w", err)
	}
	email, err := checkEmail("email", who.Email)
	if err != nil || !who.EmailVerified {
		return nil, ErrNoMembership
	}
	claim := users.Update().Where(user.Email(email), user.SubjectIsNil()).
		SetIssuer(who.Issuer).SetSubject(who.Subject)
	if name, err := hub.CheckName("name", who.Name); err == nil {
		claim.SetName(name)
	}
	n, err := claim.Save(ctx)
	if err != nil {
		return nil, fmt.Errorf("claim e-mail address: %w", err)
	}
	if n == 0 { // unknown, or claimed by another subject
		return nil, ErrNoMembership
	}
	return users.Query().Where(user.Email(email)).Only(ctx)
}
