package server

import (
	"context"
	"fmt"

	"github.com/wedsync/wedsync/ent"
	"github.com/wedsync/wedsync/ent/membership"
	"github.com/wedsync/wedsync/ent/rule"
	"github.com/wedsync/wedsync/hub/account"
)

// Grant says whom the operator lets in, and as what.
type Grant struct {
	// Organization and Email are made if there are none.
	Organization string
	Email        string
	// Role is OWNER, ADMIN, MEMBER or VIEWER. A member who exists keeps theirs, and
	// the token is bounded by it.
	Role string
	// Name says what the token is for.
	Name string
}

// CreateToken lets the operator at the machine make an API token.
func (s *Server) CreateToken(ctx context.Context, g Grant) (string, error) {
	m, err := s.core.accounts.Bootstrap(ctx, g.Organization, g.Email, rule.Role(g.Role))
	if err != nil {
		return "", err
	}
	_, secret, err := s.core.accounts.CreateToken(rule.SystemWithin(ctx, m.OrganizationID),
		account.TokenInput{UserID: m.UserID, Name: g.Name, Role: rule.Role(g.Role)})
	if err != nil {
		return "", fmt.Errorf("create token: %w", err)
	}
	return secret, nil
}

// The first organization and owner of an embedded hub that has none. The API renames
// the one and adds members beside the other.
const (
	firstOrganization = "My studio"
	firstOwner        = "owner@localhost"
)

// MemberLink returns a link that signs the person in, once, within a quarter of an
// hour. organization is needed only for people in several.
func (s *Server) MemberLink(ctx context.Context, email, organization string) (string, error) {
	m, err := s.core.accounts.FindMember(ctx, email, organization)
	if err != nil {
		return "", err
	}
	return s.link(ctx, m)
}

// SignInLink returns a link that signs the hub's first owner in, once, within a
// quarter of an hour: how people get into an embedded hub without an issuer.
func (s *Server) SignInLink(ctx context.Context) (string, error) {
	owner, err := s.core.db.Client.Membership.Query().
		Where(membership.RoleEQ(membership.RoleOWNER)).Order(membership.ByID()).First(rule.System(ctx))
	if ent.IsNotFound(err) {
		owner, err = s.core.accounts.Bootstrap(ctx, firstOrganization, firstOwner, rule.RoleOwner)
	}
	if err != nil {
		return "", fmt.Errorf("find the first owner: %w", err)
	}
	return s.link(ctx, owner)
}

func (s *Server) link(ctx context.Context, m *ent.Membership) (string, error) {
	secret, err := s.core.accounts.CreateLink(rule.SystemWithin(ctx, m.OrganizationID), m.UserID)
	if err != nil {
		return "", fmt.Errorf("create sign-in link: %w", err)
	}
	return s.PublicURL() + "/auth/link/" + secret, nil
}
