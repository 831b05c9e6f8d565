package connection_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/wedsync/wedsync/connectors"
	"github.com/wedsync/wedsync/connectors/decorate"
	entconnection "github.com/wedsync/wedsync/ent/connection"
	"github.com/wedsync/wedsync/hub/connection"
	"github.com/wedsync/wedsync/internal/testenv"
)

func stepNames(steps []connection.Step) []string {
	var out []string
	for _, s := range steps {
		name := s.Name
		if !s.OK {
			name += " failed"
		}
		out = append(out, name)
	}
	return out
}

// files lists everything in the store, the hub's own folder included.
func (f *fixture) files(t *testing.T, connectionID string) []string {
	t.Helper()
	c, err := f.Open(f.admin, connectionID)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, prefix := range []string{"", connectors.HubFolder} {
		page, err := c.(connectors.Source).List(t.Context(), prefix, "")
		if err != nil {
			t.Fatal(err)
		}
		for _, o := range page.Objects {
			out = append(out, o.Path)
		}
	}
	return out
}

func TestTestTriesEverythingAndLeavesNothing(t *testing.T) {
	t.Parallel()
	testenv.Databases(t, func(t *testing.T, db testenv.Database) {
		f := setUp(t, db)
		c := f.connect(t)
		got, err := f.Test(f.admin, c.ID)
		if err != nil {
			t.Fatal(err)
		}
		want := []string{"open", "reach", "write", "read", "conditional write", "list", "delete"}
		if !got.OK || !slices.Equal(stepNames(got.Steps), want) {
			t.Errorf("steps %+v", got.Steps)
		}
		if got.Connection.TestedAt == nil || !got.Connection.TestedAt.Equal(f.clock.Now()) {
			t.Errorf("tested at %v", got.Connection.TestedAt)
		}
		if left := f.files(t, c.ID); len(left) != 0 {
			t.Errorf("left behind: %v", left)
		}
		if got := f.events(t); !slices.Contains(got, "connection.tested") {
			t.Errorf("events %v", got)
		}
	})
}

func TestTestOfAReadOnlyStoreReads(t *testing.T) {
	t.Parallel()
	testenv.Databases(t, func(t *testing.T, db testenv.Database) {
		f := setUp(t, db)
		c := f.connect(t)
		f.safe.only = []connectors.Role{connectors.RoleSource}
		got, err := f.Test(f.admin, c.ID)
		if err != nil || !got.OK || !slices.Equal(stepNames(got.Steps), []string{"open", "reach", "list"}) {
			t.Errorf("empty store: %+v, %v", got.Steps, err)
		}
	})
}

func TestTestTellsWhatFailedAndCleansUp(t *testing.T) {
	t.Parallel()
	testenv.Databases(t, func(t *testing.T, db testenv.Database) {
		f := setUp(t, db)
		c := f.connect(t)
		f.safe.before = func(_ context.Context, call decorate.Call) error {
			if call.Op == decorate.OpOpen {
				return &connectors.Error{Kind: connectors.ScopeMissing, Op: "open", Err: errors.New("reading is not granted")}
			}
			return nil
		}
		got, err := f.Test(f.admin, c.ID)
		if err != nil || got.OK || !slices.Equal(stepNames(got.Steps), []string{"open", "reach", "write", "read failed"}) {
			t.Fatalf("%+v, %v", got, err)
		}
		if last := got.Steps[3].Message; !strings.Contains(last, "reading is not granted") {
			t.Errorf("the vendor's words are missing: %s", last)
		}
		if got.Connection.TestedAt != nil {
			t.Error("a test that failed counts as passed")
		}
		f.safe.before = nil
		if left := f.files(t, c.ID); len(left) != 0 {
			t.Errorf("left behind: %v", left)
		}
	})
}

func TestRevokedCredentialsShowInTheState(t *testing.T) {
	t.Parallel()
	testenv.Databases(t, func(t *testing.T, db testenv.Database) {
		f := setUp(t, db)
		c := f.connect(t)
		open, err := f.Open(f.reader, c.ID)
		if err != nil {
			t.Fatal(err)
		}
		f.safe.key = "changed"
		if err := open.Check(f.reader); !connectors.Is(err, connectors.AuthRevoked) {
			t.Fatalf("check: %v", err)
		}
		if c = f.client.Connection.GetX(f.admin, c.ID); c.State != entconnection.StateNEEDS_RECONNECT || c.StateReason == "" {
			t.Errorf("state %s, %q", c.State, c.StateReason)
		}
		_, err = f.Open(f.reader, c.ID)
		wantCodes(t, "open", err, "CONFLICT")

		got, err := f.Test(f.admin, c.ID)
		if err != nil || got.OK || got.Connection.State != entconnection.StateNEEDS_RECONNECT {
			t.Errorf("test with the old key: %+v, %v", got, err)
		}
		f.safe.key = rightKey
		got, err = f.Test(f.admin, c.ID)
		if err != nil || !got.OK || got.Connection.State != entconnection.StateACTIVE {
			t.Errorf("test with a key that works again: %+v, %v", got, err)
		}
		want := []string{"connection.created", "connection.needs_reconnect", "connection.tested", "connection.tested"}
		if got := f.events(t); !slices.Equal(got, want) {
			t.Errorf("events %v", got)
		}
	})
}
