package local

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/wedsync/wedsync/connectors"
)

const (
	// feedPaths bounds how many changed paths a feed remembers.
	feedPaths = 100_000
	// feedPage bounds one answer.
	feedPage = 1000
	// patience is for how many settling times Wait lets files that are never left
	// alone hold up the others.
	patience = 30
)

// feed remembers which paths changed and in what order, from the moment it began
// until it breaks. A cursor is "<instance>:<number>" and is good for one feed.
type feed struct {
	instance string
	settle   settling
	stop     func() // ends the watch; safe to call twice

	mu     sync.Mutex
	broken bool
	last   uint64 // number of the latest change
	paths  map[string]noted
	// changed is closed by the next change.
	changed chan struct{}
}

// noted is the latest change of a path.
type noted struct {
	number uint64
	at     time.Time
}

// note records a change.
func (f *feed) note(path string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.noteLocked(path)
	if len(f.paths) > feedPaths {
		f.broken = true
	}
	f.wake()
}

func (f *feed) noteLocked(path string) {
	f.last++
	f.paths[path] = noted{number: f.last, at: f.settle.now()}
}

// wake lets everybody who waits look again.
func (f *feed) wake() {
	close(f.changed)
	f.changed = make(chan struct{})
}

// fail ends the feed: something may have been missed, and whoever follows it has
// to list everything again.
func (f *feed) fail() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.broken = true
	f.wake()
}

func (f *feed) isBroken() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.broken
}

// latest returns the cursor from which everything is told that a listing made
// now leaves out as unsettled.
func (f *feed) latest() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	cursor := f.cursor(f.last)
	for path, n := range f.paths {
		if f.settle.fresh(n.at) {
			f.noteLocked(path)
		}
	}
	return cursor
}

func (f *feed) cursor(number uint64) string { return f.instance + ":" + strconv.FormatUint(number, 10) }

// change is a path with its latest change.
type change struct {
	path string
	noted
}

// after returns the changes after a cursor, oldest first, and a channel that is
// closed by the next one.
func (f *feed) after(cursor string) ([]change, <-chan struct{}, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	instance, number, _ := strings.Cut(cursor, ":")
	seen, err := strconv.ParseUint(number, 10, 64)
	if err != nil || f.broken || instance != f.instance || seen > f.last {
		return nil, nil, cursorReset()
	}
	var changes []change
	for path, n := range f.paths {
		if n.number > seen {
			changes = append(changes, change{path, n})
		}
	}
	slices.SortFunc(changes, func(a, b change) int { return cmp.Compare(a.number, b.number) })
	return changes, f.changed, nil
}

func cursorReset() error {
	return fail(connectors.CursorReset, "changes", "", "the folder was not watched all the time since; list it again")
}

// Latest implements connectors.ChangeFeed. The first call starts the watch.
func (c *connection) Latest(ctx context.Context) (string, error) {
	c.feedMu.Lock()
	defer c.feedMu.Unlock()
	if c.feed != nil && c.feed.isBroken() {
		c.feed.stop()
		c.feed = nil
	}
	if c.feed == nil {
		f, err := c.watch(ctx)
		if err != nil {
			return "", classify("latest", "", err)
		}
		c.feed = f
		// What was already being written when the watch began comes after this.
		return f.cursor(0), nil
	}
	return c.feed.latest(), nil
}

func (c *connection) currentFeed() (*feed, error) {
	c.feedMu.Lock()
	defer c.feedMu.Unlock()
	if c.feed == nil {
		return nil, cursorReset()
	}
	return c.feed, nil
}

// Changes implements connectors.ChangeFeed. A file that is still being written is
// held back, and told after the returned cursor.
func (c *connection) Changes(ctx context.Context, cursor string) (connectors.Changes, error) {
	f, err := c.currentFeed()
	if err != nil {
		return connectors.Changes{}, err
	}
	changes, _, err := f.after(cursor)
	if err != nil {
		return connectors.Changes{}, err
	}
	out := connectors.Changes{Cursor: cursor, More: len(changes) > feedPage}
	for _, ch := range changes[:min(len(changes), feedPage)] {
		if err := ctx.Err(); err != nil {
			return connectors.Changes{}, err
		}
		told, settled, err := c.look(ch)
		if err != nil {
			return connectors.Changes{}, err
		}
		if settled {
			out.Changes = append(out.Changes, told)
		} else {
			f.note(ch.path)
		}
		out.Cursor = f.cursor(ch.number)
	}
	return out, nil
}

// look finds out what a changed path holds now.
func (c *connection) look(ch change) (told connectors.Change, settled bool, err error) {
	info, err := c.lstat("changes", ch.path)
	switch connectors.KindOf(err) {
	case "":
		return connectors.Change{Path: ch.path}, !c.settle.fresh(ch.at) && !c.settle.writing(info), nil
	case connectors.NotFound, connectors.NameRejected:
		return connectors.Change{Path: ch.path, Deleted: true}, true, nil
	default:
		return connectors.Change{}, false, fmt.Errorf("look at a changed file: %w", err)
	}
}

// Wait implements connectors.ChangeFeed. It waits until nothing was written for
// the settling time, so that a card copy is taken as a whole, but not for ever.
func (c *connection) Wait(ctx context.Context, cursor string) error {
	f, err := c.currentFeed()
	if err != nil {
		return err
	}
	var since time.Time // when there was first something to tell
	for {
		changes, changed, err := f.after(cursor)
		if err != nil {
			return err
		}
		var timer <-chan time.Time
		if len(changes) > 0 {
			changed = nil // more of them can only make the wait longer
			if since.IsZero() {
				since = f.settle.now()
			}
			left := f.settle.left(changes, since)
			if left <= 0 {
				return nil
			}
			timer = f.settle.after(left)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-changed:
		case <-timer:
		}
	}
}

// left is for how long to wait yet until all changes have settled, or until those
// that have are worth going on for.
func (s settling) left(changes []change, since time.Time) time.Duration {
	newest := slices.MaxFunc(changes, func(a, b change) int { return a.at.Compare(b.at) })
	oldest := slices.MinFunc(changes, func(a, b change) int { return a.at.Compare(b.at) })
	now := s.now()
	if now.Sub(since) >= patience*s.window && !s.fresh(oldest.at) {
		return 0
	}
	return s.window - now.Sub(newest.at)
}
