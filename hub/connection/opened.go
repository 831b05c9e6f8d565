package connection

import (
	"context"
	"errors"
	"io"
	"sync"
	"sync/atomic"
	"time"

	"github.com/wedsync/wedsync/connectors"
	"github.com/wedsync/wedsync/connectors/decorate"
	"github.com/wedsync/wedsync/ent"
)

// opened is an open connection that knows whether somebody uses it.
type opened struct {
	// conn is what users get: inner, with its uses counted.
	conn  connectors.Connection
	inner connectors.Connection
	row   *ent.Connection
	clock func() time.Time

	uses atomic.Int64
	last atomic.Int64 // nanoseconds since the epoch
	// life ends when the connection is no longer handed out.
	life context.Context
	end  context.CancelFunc
}

// newOpened counts the uses of inner. revoked is called when the provider says
// that the credentials are void.
func newOpened(inner connectors.Connection, row *ent.Connection, clock func() time.Time, revoked func(context.Context, error) error) *opened {
	o := &opened{inner: inner, row: row, clock: clock}
	o.life, o.end = context.WithCancel(context.Background())
	o.touch()
	var once sync.Once
	o.conn = decorate.Wrap(inner, decorate.Decorator{
		Around: func(ctx context.Context, call decorate.Call, next func(context.Context) error) error {
			err := o.around(ctx, call, next)
			if connectors.Is(err, connectors.AuthRevoked) {
				once.Do(func() { err = errors.Join(err, revoked(ctx, err)) })
			}
			return err
		},
		Content: func(_ context.Context, c decorate.Content) io.ReadCloser {
			o.uses.Add(1)
			return &usedBody{ReadCloser: c.Body, o: o}
		},
		// Others use the same connection: only the pool closes it.
		Close: func() error { return nil },
	})
	return o
}

func (o *opened) around(ctx context.Context, call decorate.Call, next func(context.Context) error) error {
	o.uses.Add(1)
	defer o.used()
	if call.Op != decorate.OpWait {
		return next(ctx)
	}
	// Waiting has no end of its own, and there is nothing to wait for at a
	// connection that was replaced.
	waiting, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(o.life, cancel)()
	err := next(waiting)
	if err != nil && o.life.Err() != nil && ctx.Err() == nil {
		return &connectors.Error{Kind: connectors.Transient, Op: "wait", Err: errors.New("the connection was changed")}
	}
	return err
}

func (o *opened) used() {
	o.touch()
	o.uses.Add(-1)
}

func (o *opened) touch() { o.last.Store(o.clock().UnixNano()) }

func (o *opened) lastUse() time.Time { return time.Unix(0, o.last.Load()) }

func (o *opened) idle() bool {
	return o.uses.Load() == 0 && o.clock().Sub(o.lastUse()) >= idleFor
}

func (o *opened) close() error { return closing(o.inner) }

// usedBody is content that is being read.
type usedBody struct {
	io.ReadCloser
	o    *opened
	once sync.Once
}

func (b *usedBody) Close() error {
	b.once.Do(b.o.used)
	return b.ReadCloser.Close()
}
