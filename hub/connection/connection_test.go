package connection_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/wedsync/wedsync/connectors"
	"github.com/wedsync/wedsync/connectors/catalog"
	"github.com/wedsync/wedsync/connectors/decorate"
	"github.com/wedsync/wedsync/connectors/memory"
	"github.com/wedsync/wedsync/ent"
	"github.com/wedsync/wedsync/ent/rule"
	_ "github.com/wedsync/wedsync/ent/runtime"
	"github.com/wedsync/wedsync/hub"
	"github.com/wedsync/wedsync/hub/connection"
	"github.com/wedsync/wedsync/hub/vault"
	"github.com/wedsync/wedsync/internal/testenv"
)

const (
	rightKey = "right-key-right-key"
	wrongKey = "wrong-key-wrong-key"
)

// safe is a vendor of in-memory stores behind a key that can be changed.
type safe struct {
	memory.Vendor
	mu     sync.Mutex
	key    string
	opens  int
	closes int
	// only, if set, are the roles its connections have.
	only []connectors.Role
	// before runs before each call to the store.
	before func(context.Context, decorate.Call) error
}

func (s *safe) Descriptor() connectors.Descriptor {
	d := s.Vendor.Descriptor()
	d.Provider, d.Name, d.Auth = "safe", "Safe", connectors.AuthAccessKey
	d.Settings = append(d.Settings,
		connectors.Setting{Name: "colour", Label: "Colour", Choices: []string{"red", "green"}, Default: "green"},
		connectors.Setting{Name: "key", Label: "Key", Required: true, Secret: true})
	return d
}

func (s *safe) admit(key string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if key != s.key {
		return &connectors.Error{Kind: connectors.AuthRevoked, Op: "open", Err: errors.New("unknown key")}
	}
	return nil
}

func (s *safe) count(n *int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	*n++
}

func (s *safe) counts() (opens, closes int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.opens, s.closes
}

func (s *safe) Open(ctx context.Context, cfg connectors.Config) (connectors.Connection, error) {
	if cfg.Settings["colour"] == "" {
		return nil, errors.New("the default was not filled in")
	}
	key := cfg.Secrets["key"]
	if err := s.admit(key); err != nil {
		return nil, err
	}
	s.count(&s.opens)
	c, err := s.Vendor.Open(ctx, cfg)
	if err != nil {
		return nil, err
	}
	c = decorate.Wrap(c, decorate.Decorator{
		Around: func(ctx context.Context, call decorate.Call, next func(context.Context) error) error {
			if err := s.admit(key); err != nil {
				return err
			}
			if s.before != nil {
				if err := s.before(ctx, call); err != nil {
					return err
				}
			}
			return next(ctx)
		},
		Close: func() error { s.count(&s.closes); return nil },
	})
	if s.only != nil {
		c = decorate.Only(c, s.only...)
	}
	return c, nil
}

type deaf struct{}

func (deaf) Committed(context.Context, hub.Commit) {}

// clock is a clock that stands until it is moved.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) forward(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

type fixture struct {
	*connection.Service
	safe   *safe
	clock  *clock
	client *ent.Client
	store  *hub.Store
	// admin and reader are contexts of two members of one organization.
	admin, reader context.Context
}

func setUp(t *testing.T, db testenv.Database) *fixture {
	t.Helper()
	f := &fixture{
		safe:   &safe{Vendor: memory.Vendor{Stores: memory.NewStores()}, key: rightKey},
		clock:  &clock{now: time.Date(2026, 6, 20, 12, 0, 0, 0, time.UTC)},
		client: db.Client,
		store:  hub.NewStore(db.Client, deaf{}),
	}
	v, err := vault.New(make([]byte, vault.KeySize))
	if err != nil {
		t.Fatal(err)
	}
	f.Service = connection.New(f.store, catalog.New(f.safe), v, connection.Options{MaxOpen: 1, Clock: f.clock.Now})
	org := db.Client.Organization.Create().SetName("Studio").SaveX(rule.System(t.Context()))
	viewer := rule.Viewer{OrganizationID: org.ID, UserID: "usr_1", Role: rule.RoleAdmin}
	f.admin = rule.With(t.Context(), viewer)
	viewer.Role = rule.RoleMember
	f.reader = rule.With(t.Context(), viewer)
	return f
}

func valid() connection.Create {
	return connection.Create{
		Provider: "safe", Name: "The safe",
		Settings: map[string]string{"store": "vault 1"},
		Secrets:  map[string]string{"key": rightKey},
	}
}

func (f *fixture) connect(t *testing.T) *ent.Connection {
	t.Helper()
	c, err := f.Create(f.admin, valid())
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func (f *fixture) events(t *testing.T) []string {
	t.Helper()
	var out []string
	for _, e := range f.client.Event.Query().AllX(f.admin) {
		out = append(out, e.Type)
	}
	return out
}

// codes lists the mistakes in err as "CODE field".
func codes(err error) []string {
	if err == nil {
		return nil
	}
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		var out []string
		for _, e := range joined.Unwrap() {
			out = append(out, codes(e)...)
		}
		return out
	}
	var mistake *hub.Error
	if errors.As(err, &mistake) {
		return []string{strings.TrimSpace(string(mistake.Code) + " " + mistake.Field)}
	}
	return []string{fmt.Sprintf("fault: %v", err)}
}

func wantCodes(t *testing.T, what string, err error, want ...string) {
	t.Helper()
	if got := codes(err); !slices.Equal(got, want) {
		t.Errorf("%s: %v, want %v", what, err, want)
	}
	if err != nil && (strings.Contains(err.Error(), rightKey) || strings.Contains(err.Error(), wrongKey)) {
		t.Errorf("%s: the error shows a secret: %v", what, err)
	}
}
