package connectortest

import (
	"cmp"
	"context"
	"testing"
	"time"

	"github.com/wedsync/wedsync/connectors"
)

// Harness tells the suite how to reach one vendor and what it promises beyond
// the roles. Vendor, Open and Reopen are required.
type Harness struct {
	Vendor connectors.Vendor

	// Open returns a connection to a fresh, empty store, and cleans up after t.
	// It is called by parallel tests.
	Open func(t *testing.T) connectors.Connection

	// Reopen returns a new connection to the store of c, as after a restart of
	// the hub: upload sessions must survive it. c stays usable.
	Reopen func(t *testing.T, c connectors.Connection) connectors.Connection

	// LargeSize is a size in bytes that forces at least three parts, the last of
	// them short. 0 means that the vendor uploads everything in one request.
	LargeSize int64

	// Files is how many files force a listing of several pages; 0 if that would
	// be too many for a test.
	Files int

	// Verifies lists the digests of Upload.Hashes that the store itself checks
	// before a file becomes visible.
	Verifies []connectors.HashAlgorithm

	// ModTime is the precision with which the store keeps Upload.ModTime; 0 if
	// it keeps a time of its own.
	ModTime time.Duration

	// RacyExpect admits that two writers at the same instant may both see their
	// Expect satisfied, because the store has no atomic precondition.
	RacyExpect bool

	// FeedSees admits that Wait and Changes only notice after this long; 0 means
	// that the default of 30 seconds is ample.
	FeedSees time.Duration
}

// Run runs every sub-suite that applies to the vendor.
func Run(t *testing.T, h Harness) {
	t.Helper()
	if h.Vendor == nil || h.Open == nil || h.Reopen == nil {
		t.Fatal("connectortest: Vendor, Open and Reopen are required")
	}
	s := suite{h}
	t.Run("Descriptor", s.testDescriptor)
	t.Run("Connection", s.testConnection)

	d := h.Vendor.Descriptor()
	for _, part := range []struct {
		name  string
		needs []connectors.Role
		run   func(*testing.T)
	}{
		{"Sink", []connectors.Role{connectors.RoleSink, connectors.RoleSource}, s.testSink},
		{"Resume", []connectors.Role{connectors.RoleSink, connectors.RoleSource}, s.testResume},
		{"Source", []connectors.Role{connectors.RoleSink, connectors.RoleSource}, s.testSource},
		{"Names", []connectors.Role{connectors.RoleSink, connectors.RoleSource}, s.testNames},
		{"Deleter", []connectors.Role{connectors.RoleSink, connectors.RoleSource, connectors.RoleDeleter}, s.testDeleter},
		{"Mover", []connectors.Role{connectors.RoleSink, connectors.RoleSource, connectors.RoleMover}, s.testMover},
		{"Copier", []connectors.Role{connectors.RoleSink, connectors.RoleSource, connectors.RoleCopier}, s.testCopier},
		{"Versioner", []connectors.Role{connectors.RoleSink, connectors.RoleSource, connectors.RoleVersioner}, s.testVersioner},
		{"ChangeFeed", []connectors.Role{connectors.RoleSink, connectors.RoleSource, connectors.RoleChangeFeed}, s.testChangeFeed},
		{"Concurrency", []connectors.Role{connectors.RoleSink, connectors.RoleSource}, s.testConcurrency},
	} {
		if supportsAll(d, part.needs) {
			t.Run(part.name, func(t *testing.T) {
				t.Parallel()
				part.run(t)
			})
		}
	}
}

// suite is a Harness with the tests as methods.
type suite struct{ Harness }

func supportsAll(d connectors.Descriptor, roles []connectors.Role) bool {
	for _, r := range roles {
		if !d.Supports(r) {
			return false
		}
	}
	return true
}

// test is one test on one fresh store.
type test struct {
	*testing.T
	suite
	ctx  context.Context
	conn connectors.Connection
}

// run starts a parallel sub-test on a fresh store.
func (s suite) run(t *testing.T, name string, f func(t *test)) {
	t.Helper()
	t.Run(name, func(t *testing.T) {
		t.Parallel()
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute+s.feedSees())
		t.Cleanup(cancel)
		f(&test{T: t, suite: s, ctx: ctx, conn: s.Open(t)})
	})
}

func (s suite) feedSees() time.Duration { return cmp.Or(s.FeedSees, 30*time.Second) }

func (t *test) source() connectors.Source         { return role[connectors.Source](t) }
func (t *test) sink() connectors.Sink             { return role[connectors.Sink](t) }
func (t *test) deleter() connectors.Deleter       { return role[connectors.Deleter](t) }
func (t *test) mover() connectors.Mover           { return role[connectors.Mover](t) }
func (t *test) copier() connectors.Copier         { return role[connectors.Copier](t) }
func (t *test) versioner() connectors.Versioner   { return role[connectors.Versioner](t) }
func (t *test) changeFeed() connectors.ChangeFeed { return role[connectors.ChangeFeed](t) }

func role[R any](t *test) R {
	t.Helper()
	r, ok := t.conn.(R)
	if !ok {
		t.Fatalf("the connection does not implement the role its descriptor declares: %T", t.conn)
	}
	return r
}
