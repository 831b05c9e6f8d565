package connectortest

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/wedsync/wedsync/connectors"
)

func (s suite) testChangeFeed(t *testing.T) {
	s.run(t, "CreateUpdateDelete", testFeed)
	s.run(t, "NewFolder", func(t *test) {
		cursor := t.latest()
		t.mustPut("x/y/z/1.jpg", content(1, 100))
		cursor = t.wantChange(cursor, connectors.Change{Path: "x/y/z/1.jpg"})
		t.mustPut("x/y/z/2.jpg", content(2, 100))
		t.wantChange(cursor, connectors.Change{Path: "x/y/z/2.jpg"})
	})
	s.run(t, "Move", func(t *test) {
		if !connectors.Implements(t.conn, connectors.RoleMover) {
			return
		}
		t.mustPut("a.jpg", content(1, 100))
		cursor := t.latest()
		if _, err := t.mover().Move(t.ctx, "a.jpg", "b.jpg", connectors.Expect{}); err != nil {
			t.Fatal(err)
		}
		t.wantChange(cursor, connectors.Change{Path: "a.jpg", Deleted: true})
		t.wantChange(cursor, connectors.Change{Path: "b.jpg"})
	})
	s.run(t, "BadCursor", func(t *test) {
		for _, c := range []string{"", "nonsense", "0", "x:9999999999999999999999", "\x00\xff"} {
			_, err := t.changeFeed().Changes(t.ctx, c)
			t.wantKind("changes after "+c, err, connectors.CursorReset)
		}
	})
	s.run(t, "WaitHonoursContext", func(t *test) {
		cursor := t.latest()
		ctx, cancel := context.WithCancel(t.ctx)
		done := make(chan error, 1)
		go func() { done <- t.changeFeed().Wait(ctx, cursor) }()
		cancel()
		select {
		case err := <-done:
			if !errors.Is(err, context.Canceled) {
				t.Errorf("Wait with a cancelled context: %v", err)
			}
		case <-time.After(t.feedSees()):
			t.Error("Wait does not end when its context does")
		}
	})
}

func testFeed(t *test) {
	t.mustPut("before.jpg", content(1, 100))
	cursor := t.latest()
	t.mustPut("new.jpg", content(2, 100))
	cursor = t.wantChange(cursor, connectors.Change{Path: "new.jpg"})
	t.mustPut("before.jpg", content(3, 100))
	cursor = t.wantChange(cursor, connectors.Change{Path: "before.jpg"})
	if !connectors.Implements(t.conn, connectors.RoleDeleter) {
		return
	}
	if err := t.deleter().Delete(t.ctx, "new.jpg", connectors.Expect{}); err != nil {
		t.Fatal(err)
	}
	t.wantChange(cursor, connectors.Change{Path: "new.jpg", Deleted: true})
	// A cursor that was used can be used again: nobody else may have eaten it.
	t.wantChange(cursor, connectors.Change{Path: "new.jpg", Deleted: true})
}

func (t *test) latest() string {
	t.Helper()
	cursor, err := t.changeFeed().Latest(t.ctx)
	if err != nil {
		t.Fatalf("latest: %v", err)
	}
	return cursor
}

// wantChange follows the feed from cursor, waiting as its consumer would, until
// the change is told, and returns the cursor after it.
func (t *test) wantChange(cursor string, want connectors.Change) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.ctx, t.feedSees())
	defer cancel()
	for {
		got, err := t.changeFeed().Changes(ctx, cursor)
		if err != nil {
			t.Fatalf("changes: %v", err)
		}
		cursor = got.Cursor
		for _, c := range got.Changes {
			if c == want {
				return cursor
			}
		}
		if got.More {
			continue
		}
		if err := t.changeFeed().Wait(ctx, cursor); err != nil {
			t.Fatalf("the feed never told of %+v: %v", want, err)
		}
	}
}
