package local_test

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/wedsync/wedsync/connectors"
	"github.com/wedsync/wedsync/connectors/local"
)

// clock is a clock that stands until it is moved, and tells when somebody waits
// for it.
type clock struct {
	mu      sync.Mutex
	now     time.Time
	timers  []timer
	waiting chan struct{}
}

type timer struct {
	at time.Time
	c  chan time.Time
}

func newClock() *clock {
	// Ahead of the files that a test writes, so that only the test's own times
	// count as fresh.
	return &clock{now: time.Now().Add(24 * time.Hour), waiting: make(chan struct{}, 100)}
}

func (c *clock) vendor() local.Vendor {
	return local.Vendor{
		Now: func() time.Time {
			c.mu.Lock()
			defer c.mu.Unlock()
			return c.now
		},
		After: func(d time.Duration) <-chan time.Time {
			c.mu.Lock()
			defer c.mu.Unlock()
			t := timer{c.now.Add(d), make(chan time.Time, 1)}
			c.timers = append(c.timers, t)
			c.waiting <- struct{}{}
			return t.c
		},
	}
}

func (c *clock) move(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
	for _, t := range c.timers {
		if !t.at.After(c.now) {
			select {
			case t.c <- c.now:
			default:
			}
		}
	}
}

// during runs f and calls whileWaiting each time it waits for the clock.
func (c *clock) during(f func(), whileWaiting func()) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		f()
	}()
	for {
		select {
		case <-done:
			return
		case <-c.waiting:
			whileWaiting()
		}
	}
}

// TestListWaitsForFresh: a file that was saved a moment ago is taken, at the
// price of one settling time.
func TestListWaitsForFresh(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	c := newClock()
	for name, when := range map[string]time.Duration{"old.jpg": -time.Hour, "fresh.jpg": -time.Second, "future.jpg": time.Hour} {
		write(t, root, name, "x")
		age(t, root, name, c.now.Add(when))
	}
	conn := open(t, c.vendor(), root)
	waits := 0
	c.during(func() {
		paths, skipped := listing(t, conn, "")
		want(t, "paths", paths, "fresh.jpg", "future.jpg", "old.jpg")
		want(t, "skipped", skipped)
		listing(t, conn, "")
	}, func() {
		waits++
		c.move(2 * time.Second)
	})
	if waits != 1 {
		t.Errorf("two listings waited %d times, want once for the fresh file", waits)
	}
}

// TestListLeavesOutWhatIsBeingWritten: a copy that goes on while the listing
// waits is left for the next one, and waited for only once.
func TestListLeavesOutWhatIsBeingWritten(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	c := newClock()
	write(t, root, "old.jpg", "x")
	touch := func(when time.Time) {
		for _, name := range []string{"1.jpg", "2.jpg"} {
			write(t, root, name, "x")
			age(t, root, name, when)
		}
	}
	touch(c.now)
	conn := open(t, c.vendor(), root)
	waits := 0
	c.during(func() {
		paths, skipped := listing(t, conn, "")
		want(t, "paths", paths, "old.jpg")
		want(t, "skipped", skipped, "1.jpg: still being written", "2.jpg: still being written")
	}, func() {
		waits++
		touch(c.now.Add(2 * time.Second))
		c.move(2 * time.Second)
	})
	if waits != 1 {
		t.Errorf("the listing waited %d times, want once", waits)
	}
	paths, skipped := listing(t, open(t, c.vendor(), root, local.SettingSettle, "0s"), "")
	want(t, "paths without settling", paths, "1.jpg", "2.jpg", "old.jpg")
	want(t, "skipped without settling", skipped)
}

// follow waits, with the clock running, until the feed tells of path, and returns
// everything it told until then.
func follow(t *testing.T, c *clock, feed connectors.ChangeFeed, cursor, path string) (told []string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	c.during(func() {
		for !slices.Contains(told, path) {
			if err := feed.Wait(ctx, cursor); err != nil {
				t.Errorf("waiting for %q: %v", path, err)
				return
			}
			got, err := feed.Changes(ctx, cursor)
			if err != nil {
				t.Errorf("changes until %q: %v", path, err)
				return
			}
			for _, ch := range got.Changes {
				told = append(told, ch.Path)
			}
			cursor = got.Cursor
		}
	}, func() { c.move(2 * time.Second) })
	return told
}

// TestWaitSettles: a card copy in progress is told when it is over.
func TestWaitSettles(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	c := newClock()
	feed := open(t, c.vendor(), root).(connectors.ChangeFeed)
	cursor, err := feed.Latest(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	write(t, root, "DCIM/1.jpg", "x")
	done := make(chan error, 1)
	go func() { done <- feed.Wait(t.Context(), cursor) }()
	<-c.waiting
	got, err := feed.Changes(t.Context(), cursor)
	if err != nil || len(got.Changes) > 0 {
		t.Fatalf("changes while the copy goes on: %+v, %v", got, err)
	}
	c.move(time.Second)
	select {
	case err := <-done:
		t.Fatalf("Wait ends before the file has settled: %v", err)
	default:
	}
	c.move(2 * time.Second)
	c.during(func() {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}, func() { c.move(2 * time.Second) }) // for a late notification of the same write
	follow(t, c, feed, got.Cursor, "DCIM/1.jpg")
}

// TestUnsettledIsToldLater: what a listing leaves out as unsettled comes from the
// feed, though nothing more happens to the file.
func TestUnsettledIsToldLater(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	c := newClock()
	write(t, root, "fresh.jpg", "x")
	age(t, root, "fresh.jpg", c.now.Add(-time.Second))
	write(t, root, "old.jpg", "x")
	feed := open(t, c.vendor(), root).(connectors.ChangeFeed)
	cursor, err := feed.Latest(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if told := follow(t, c, feed, cursor, "fresh.jpg"); slices.Contains(told, "old.jpg") {
		t.Errorf("changes: %v", told)
	}
}

// TestFeedResets: where changes may have been missed, the feed says so.
func TestFeedResets(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	write(t, root, "a/b/1.jpg", "x")
	conn := open(t, local.Vendor{}, root, local.SettingSettle, "0s")
	feed := conn.(connectors.ChangeFeed)
	cursor, err := feed.Latest(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	_, err = open(t, local.Vendor{}, root).(connectors.ChangeFeed).Changes(t.Context(), cursor)
	wantKind(t, "a cursor of another life", err, connectors.CursorReset)

	// A folder that is moved away takes files with it that nobody told of.
	if err := os.Rename(filepath.Join(root, "a"), filepath.Join(t.TempDir(), "a")); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	if err := feed.Wait(ctx, cursor); err != nil {
		wantKind(t, "wait", err, connectors.CursorReset)
	}
	_, err = feed.Changes(ctx, cursor)
	wantKind(t, "changes", err, connectors.CursorReset)

	cursor, err = feed.Latest(ctx)
	if err != nil {
		t.Fatal(err)
	}
	write(t, root, "2.jpg", "x")
	follow(t, newClock(), feed, cursor, "2.jpg")
}
