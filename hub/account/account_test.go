package account_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/wedsync/wedsync/ent"
	"github.com/wedsync/wedsync/ent/rule"
	_ "github.com/wedsync/wedsync/ent/runtime"
	"github.com/wedsync/wedsync/hub"
	"github.com/wedsync/wedsync/hub/account"
	"github.com/wedsync/wedsync/internal/testenv"
)

// studio is an account service over a database of the test's own, with a clock
// that the test moves.
type studio struct {
	*account.Service
	client *ent.Client
	t      *testing.T

	mu  sync.Mutex
	now time.Time
}

func (s *studio) clock() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.now
}

func (s *studio) pass(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.now = s.now.Add(d)
}

type nobody struct{}

func (nobody) Committed(context.Context, hub.Commit) {}

func onEachDatabase(t *testing.T, test func(*testing.T, *studio)) {
	t.Helper()
	t.Parallel()
	testenv.Databases(t, func(t *testing.T, db testenv.Database) {
		s := &studio{client: db.Client, t: t, now: time.Date(2026, 6, 20, 12, 0, 0, 0, time.UTC)}
		s.Service = account.New(hub.NewStore(db.Client, nobody{}), s.clock)
		test(t, s)
	})
}

// member makes a member and returns a context in which a token of that role asks,
// and the membership.
func (s *studio) member(org, email string, role rule.Role) (context.Context, *ent.Membership) {
	s.t.Helper()
	m, err := s.Bootstrap(s.t.Context(), org, email, role)
	if err != nil {
		s.t.Fatal(err)
	}
	viewer, err := s.AuthenticateToken(s.t.Context(), s.token(m, role))
	if err != nil {
		s.t.Fatal(err)
	}
	return rule.With(s.t.Context(), viewer), m
}

func (s *studio) token(m *ent.Membership, role rule.Role) string {
	s.t.Helper()
	_, secret, err := s.CreateToken(rule.SystemWithin(s.t.Context(), m.OrganizationID),
		account.TokenInput{UserID: m.UserID, Name: "test", Role: role})
	if err != nil {
		s.t.Fatal(err)
	}
	return secret
}

func viewerOf(ctx context.Context) rule.Viewer {
	v, _ := rule.From(ctx)
	return v
}

func wantCode(t *testing.T, err error, code hub.Code) {
	t.Helper()
	var e *hub.Error
	if !errors.As(err, &e) || e.Code != code {
		t.Errorf("got %v, want %s", err, code)
	}
}

func wantRefused(t *testing.T, err error) {
	t.Helper()
	if !errors.Is(err, account.ErrUnauthenticated) {
		t.Errorf("got %v, want %v", err, account.ErrUnauthenticated)
	}
}

// events returns the types of the organization's events in order.
func (s *studio) events(organizationID string) []string {
	s.t.Helper()
	rows, err := s.client.Event.Query().Order(ent.Asc("seq")).All(rule.SystemWithin(s.t.Context(), organizationID))
	if err != nil {
		s.t.Fatal(err)
	}
	types := make([]string, len(rows))
	for i, e := range rows {
		types[i] = e.Type
	}
	return types
}
