package connection

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/singleflight"

	"github.com/wedsync/wedsync/connectors"
	"github.com/wedsync/wedsync/ent"
)

// idleFor is how long a connection must have been left alone before it is closed:
// longer than anybody pauses between two calls of one piece of work.
const idleFor = 15 * time.Minute

// pool keeps connections open between uses: one per stored connection, in the
// state in which it was last changed.
type pool struct {
	clock func() time.Time
	max   int
	group singleflight.Group

	mu      sync.Mutex
	open    map[string]*opened // by connection id
	retired []*opened          // changed or pushed out, and perhaps still used
	closed  bool
}

func newPool(limit int, clock func() time.Time) *pool {
	return &pool{clock: clock, max: limit, open: map[string]*opened{}}
}

var errPoolClosed = errors.New("the hub is shutting down")

// get returns the open connection of the row, or the one that open makes. Several
// who ask at once share one attempt, which goes on if one of them gives up.
func (p *pool) get(ctx context.Context, row *ent.Connection, open func(context.Context) (*opened, error)) (connectors.Connection, error) {
	if o := p.find(row); o != nil {
		return o.conn, nil
	}
	key := row.ID + "@" + row.UpdatedAt.UTC().Format(time.RFC3339Nano)
	result := p.group.DoChan(key, func() (any, error) {
		if o := p.find(row); o != nil {
			return o, nil
		}
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), tryFor)
		defer cancel()
		o, err := open(ctx)
		if err != nil {
			return nil, err
		}
		return o, p.put(row.ID, o)
	})
	select {
	case r := <-result:
		if r.Err != nil {
			return nil, r.Err
		}
		return r.Val.(*opened).conn, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (p *pool) find(row *ent.Connection) *opened {
	p.mu.Lock()
	defer p.mu.Unlock()
	o := p.open[row.ID]
	if o == nil || !o.row.UpdatedAt.Equal(row.UpdatedAt) {
		return nil
	}
	o.touch()
	return o
}

func (p *pool) put(connectionID string, o *opened) error {
	p.mu.Lock()
	if p.closed {
		p.mu.Unlock()
		return errors.Join(errPoolClosed, o.close())
	}
	p.retireLocked(connectionID)
	p.open[connectionID] = o
	idle := p.takeIdle()
	p.mu.Unlock()
	return closeEach(idle)
}

// retire stops handing out the connection. It is closed when nobody uses it any
// more.
func (p *pool) retire(connectionID string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.retireLocked(connectionID)
}

func (p *pool) retireLocked(connectionID string) {
	if o := p.open[connectionID]; o != nil {
		o.end()
		p.retired = append(p.retired, o)
		delete(p.open, connectionID)
	}
}

// takeIdle takes out what nobody uses: everything retired, and the longest unused
// as long as there are too many.
func (p *pool) takeIdle() []*opened {
	var idle []*opened
	p.retired = slices.DeleteFunc(p.retired, func(o *opened) bool {
		if o.idle() {
			idle = append(idle, o)
			return true
		}
		return false
	})
	for len(p.open) > p.max {
		oldest := p.longestUnused()
		if !oldest.idle() {
			break
		}
		delete(p.open, oldest.row.ID)
		oldest.end()
		idle = append(idle, oldest)
	}
	return idle
}

func (p *pool) longestUnused() *opened {
	var oldest *opened
	for _, o := range p.open {
		if oldest == nil || o.lastUse().Before(oldest.lastUse()) {
			oldest = o
		}
	}
	return oldest
}

func (p *pool) closeAll() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.closed = true
	all := p.retired
	for _, o := range p.open {
		o.end()
		all = append(all, o)
	}
	p.open, p.retired = map[string]*opened{}, nil
	return closeEach(all)
}

func closeEach(all []*opened) error {
	var errs []error
	for _, o := range all {
		errs = append(errs, o.close())
	}
	return errors.Join(errs...)
}
