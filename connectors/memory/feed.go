package memory

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/wedsync/wedsync/connectors"
)

// feedLength bounds what a feed remembers; an older cursor must start over.
const feedLength = 10_000

// feed remembers the last changes. Cursors are "<instance>:<number of changes
// told>".
type feed struct {
	instance string
	total    uint64
	last     []connectors.Change
	// changed is closed by the next change.
	changed chan struct{}
}

func newFeed(instance string) feed {
	return feed{instance: instance, changed: make(chan struct{})}
}

func (f *feed) tell(c connectors.Change) {
	if connectors.InHubFolder(c.Path) {
		return
	}
	f.total++
	f.last = append(f.last, c)
	if len(f.last) > feedLength {
		f.last = f.last[len(f.last)-feedLength/2:]
	}
	close(f.changed)
	f.changed = make(chan struct{})
}

func (f *feed) cursor() string { return fmt.Sprintf("%s:%d", f.instance, f.total) }

// after returns the changes after the cursor.
func (f *feed) after(cursor string) ([]connectors.Change, error) {
	instance, number, _ := strings.Cut(cursor, ":")
	seen, err := strconv.ParseUint(number, 10, 64)
	if err != nil || instance != f.instance || seen > f.total || f.total-seen > uint64(len(f.last)) {
		return nil, fail(connectors.CursorReset, "changes", "", "the cursor is not known any more")
	}
	return f.last[uint64(len(f.last))-(f.total-seen):], nil
}

// Latest implements connectors.ChangeFeed.
func (c *connection) Latest(ctx context.Context) (string, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.feed.cursor(), ctx.Err()
}

// Changes implements connectors.ChangeFeed.
func (c *connection) Changes(ctx context.Context, cursor string) (connectors.Changes, error) {
	if err := ctx.Err(); err != nil {
		return connectors.Changes{}, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	changes, err := c.feed.after(cursor)
	if err != nil {
		return connectors.Changes{}, err
	}
	return connectors.Changes{Changes: append([]connectors.Change(nil), changes...), Cursor: c.feed.cursor()}, nil
}

// Wait implements connectors.ChangeFeed.
func (c *connection) Wait(ctx context.Context, cursor string) error {
	c.mu.Lock()
	changes, err := c.feed.after(cursor)
	changed := c.feed.changed
	c.mu.Unlock()
	if err != nil || len(changes) > 0 {
		return err
	}
	select {
	case <-changed:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
