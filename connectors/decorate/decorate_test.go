package decorate_test

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/wedsync/wedsync/connectors"
	"github.com/wedsync/wedsync/connectors/connectortest"
	"github.com/wedsync/wedsync/connectors/decorate"
	"github.com/wedsync/wedsync/connectors/memory"
)

// vendor opens memory stores with decorators around them.
type vendor struct {
	memory.Vendor
	around []decorate.Decorator
}

func (v vendor) Open(ctx context.Context, cfg connectors.Config) (connectors.Connection, error) {
	c, err := v.Vendor.Open(ctx, cfg)
	if err != nil {
		return nil, err
	}
	return decorate.Wrap(c, v.around...), nil
}

func newVendor(around ...decorate.Decorator) vendor {
	return vendor{memory.Vendor{Stores: memory.NewStores()}, around}
}

func open(t *testing.T, v connectors.Vendor) connectors.Connection {
	t.Helper()
	c, err := v.Open(t.Context(), connectors.Config{Settings: map[string]string{memory.SettingStore: t.Name()}})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// passing is a decorator whose every hook is set and changes nothing.
func passing() decorate.Decorator {
	return decorate.Decorator{
		Around:  func(ctx context.Context, _ decorate.Call, next func(context.Context) error) error { return next(ctx) },
		Content: func(_ context.Context, c decorate.Content) io.ReadCloser { return c.Body },
		Body:    func(_ context.Context, _ decorate.Call, r io.Reader) io.Reader { return r },
	}
}

// TestEveryRoleSet proves for all sets of roles that a decorated connection has
// just the roles of what it decorates.
func TestEveryRoleSet(t *testing.T) {
	t.Parallel()
	all := connectors.Roles()
	full := open(t, newVendor())
	for set := range 1 << len(all) {
		var want []connectors.Role
		for i, r := range all {
			if set&(1<<i) != 0 {
				want = append(want, r)
			}
		}
		restricted := decorate.Only(full, want...)
		wantRoles(t, "Only", restricted, want)
		wantRoles(t, "Wrap", decorate.Wrap(restricted, passing(), decorate.Decorator{}), want)
	}
}

func wantRoles(t *testing.T, what string, c connectors.Connection, want []connectors.Role) {
	t.Helper()
	var got []connectors.Role
	for _, r := range connectors.Roles() {
		if connectors.Implements(c, r) {
			got = append(got, r)
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("%s: roles %v, want %v", what, got, want)
	}
}

// TestConformance proves that a decorated connection keeps every promise of the
// roles.
func TestConformance(t *testing.T) {
	t.Parallel()
	v := newVendor(passing(), decorate.Decorator{}, passing())
	connectortest.Run(t, connectortest.Harness{
		Vendor:    v,
		Open:      func(t *testing.T) connectors.Connection { return open(t, v) },
		Reopen:    func(t *testing.T, _ connectors.Connection) connectors.Connection { return open(t, v) },
		LargeSize: 1_000_000,
		Files:     1100,
		Verifies:  []connectors.HashAlgorithm{connectors.SHA256},
		ModTime:   1,
	})
}

// recorder notes which calls pass, with a name that tells it from others.
type recorder struct {
	mu    sync.Mutex
	calls []string
}

func (r *recorder) decorator(name string) decorate.Decorator {
	return decorate.Decorator{Around: func(ctx context.Context, call decorate.Call, next func(context.Context) error) error {
		r.mu.Lock()
		r.calls = append(r.calls, fmt.Sprintf("%s%s %s", name, call.Op, call.Path))
		r.mu.Unlock()
		return next(ctx)
	}}
}

// TestEveryCallPasses makes each call of each role once.
func TestEveryCallPasses(t *testing.T) {
	t.Parallel()
	var r recorder
	c := open(t, newVendor(r.decorator("")))
	ctx := t.Context()
	check := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	check(c.Check(ctx))
	feed := c.(connectors.ChangeFeed)
	cursor, err := feed.Latest(ctx)
	check(err)

	up := connectors.Upload{Path: "a.jpg", Size: 3}
	s, err := c.(connectors.Sink).Begin(ctx, up)
	check(err)
	s, err = c.(connectors.Sink).Resume(ctx, up, s.Checkpoint())
	check(err)
	check(s.Write(ctx, strings.NewReader("abc"), 3))
	obj, err := s.Commit(ctx)
	check(err)
	check(s.Abort(ctx))

	check(feed.Wait(ctx, cursor))
	_, err = feed.Changes(ctx, cursor)
	check(err)
	_, err = c.(connectors.Source).List(ctx, "x", "")
	check(err)
	_, err = c.(connectors.Source).Stat(ctx, "a.jpg")
	check(err)
	_, _, err = c.(connectors.Source).Open(ctx, "a.jpg", 0, "")
	check(err)
	_, err = c.(connectors.Versioner).Versions(ctx, "a.jpg")
	check(err)
	_, _, err = c.(connectors.Versioner).OpenVersion(ctx, "a.jpg", obj.Version)
	check(err)
	_, err = c.(connectors.Copier).Copy(ctx, "a.jpg", "b.jpg", connectors.Expect{})
	check(err)
	_, err = c.(connectors.Mover).Move(ctx, "b.jpg", "c.jpg", connectors.Expect{})
	check(err)
	check(c.(connectors.Deleter).Delete(ctx, "c.jpg", connectors.Expect{}))
	check(c.Close())

	want := []string{
		"check ", "latest ", "begin a.jpg", "resume a.jpg", "write a.jpg", "commit a.jpg", "abort a.jpg", "wait ", "changes ",
		"list x", "stat a.jpg", "open a.jpg", "versions a.jpg", "openversion a.jpg", "copy a.jpg", "move b.jpg", "delete c.jpg",
	}
	if !slices.Equal(r.calls, want) {
		t.Errorf("calls:\n got %q\nwant %q", r.calls, want)
	}
}

func TestFirstIsOutermost(t *testing.T) {
	t.Parallel()
	var r recorder
	c := open(t, newVendor(r.decorator("outer "), r.decorator("inner ")))
	if err := c.Check(t.Context()); err != nil {
		t.Fatal(err)
	}
	if want := []string{"outer check ", "inner check "}; !slices.Equal(r.calls, want) {
		t.Errorf("calls: %q, want %q", r.calls, want)
	}
}

func TestCloseCanBeReplaced(t *testing.T) {
	t.Parallel()
	inner := &closeCounter{}
	shared := decorate.Wrap(inner, decorate.Decorator{Close: func() error { return nil }})
	if err := shared.Close(); err != nil || inner.closed != 0 {
		t.Errorf("a replaced Close closed the connection %d times: %v", inner.closed, err)
	}
	if err := decorate.Wrap(inner, decorate.Decorator{}).Close(); err != nil || inner.closed != 1 {
		t.Errorf("Close closed the connection %d times: %v", inner.closed, err)
	}
}

type closeCounter struct {
	connectors.Connection
	closed int
}

func (c *closeCounter) Close() error {
	c.closed++
	return nil
}
