package account

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"net/mail"
	"strings"
	"time"

	"github.com/wedsync/wedsync/ent"
	"github.com/wedsync/wedsync/ent/membership"
	"github.com/wedsync/wedsync/ent/rule"
	"github.com/wedsync/wedsync/hub"
)

// ErrUnauthenticated is the only answer to a credential that is unknown, expired,
// revoked or without a membership, so that it tells nothing about which.
var ErrUnauthenticated = errors.New("the credential is not valid")

// Service is what the hub does about accounts.
type Service struct {
	store *hub.Store
	clock func() time.Time
}

// New returns a service over the store that reads the time from clock.
func New(store *hub.Store, clock func() time.Time) *Service {
	return &Service{store: store, clock: clock}
}

// now is the time as both databases store it.
func (s *Service) now() time.Time { return s.clock().UTC().Truncate(time.Microsecond) }

// member returns the user's membership in the organization, or ErrUnauthenticated.
func (s *Service) member(ctx context.Context, organizationID, userID string) (*ent.Membership, error) {
	m, err := s.store.Client().Membership.Query().
		Where(membership.OrganizationID(organizationID), membership.UserID(userID)).
		Only(rule.SystemWithin(ctx, organizationID))
	if ent.IsNotFound(err) {
		return nil, ErrUnauthenticated
	}
	if err != nil {
		return nil, fmt.Errorf("read membership: %w", err)
	}
	return m, nil
}

// weaker returns the role that allows less.
func weaker(a, b rule.Role) rule.Role {
	if a.Includes(b) {
		return b
	}
	return a
}

const secretBytes = 32

// newSecret returns 256 random bits as text that needs no escaping anywhere.
func newSecret(prefix string) string {
	b := make([]byte, secretBytes)
	rand.Read(b) // never fails: the runtime ends the program instead
	return prefix + base64.RawURLEncoding.EncodeToString(b)
}

// hashOf returns what is stored of a secret. A plain hash does: nobody can guess
// 256 random bits, however fast the hash is.
func hashOf(secret string) []byte {
	sum := sha256.Sum256([]byte(secret))
	return sum[:]
}

// wellFormed keeps the database from being asked about what cannot be a secret.
func wellFormed(secret, prefix string) bool {
	rest, ok := strings.CutPrefix(secret, prefix)
	return ok && len(rest) == base64.RawURLEncoding.EncodedLen(secretBytes)
}

// checkEmail returns the address in the form it is stored in.
func checkEmail(field, email string) (string, error) {
	email = strings.ToLower(strings.TrimSpace(email))
	parsed, err := mail.ParseAddress(email)
	if err != nil || parsed.Address != email || len(email) > 320 {
		return "", hub.Errorf(hub.CodeInvalid, field, "is not an e-mail address")
	}
	return email, nil
}

func checkRole(field string, r rule.Role) error {
	if !r.Includes(rule.RoleViewer) {
		return hub.Errorf(hub.CodeInvalid, field, "is not one of %v", rule.Roles())
	}
	return nil
}
