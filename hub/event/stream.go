package event

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// slowTime is how long a stream waits for its reader.
const slowTime = 30 * time.Second

// SlowError ends a stream whose reader does not keep up. Nothing is lost: a new
// subscription after the cursor goes on where this one ended.
type SlowError struct {
	// After is the number of the last event that the reader took.
	After int64
}

func (e *SlowError) Error() string {
	return fmt.Sprintf("the reader is too slow; go on after event %d", e.After)
}

// Stream is what a subscriber reads.
type Stream[T any] struct {
	items chan T
	err   error
	slow  time.Duration
}

// Items passes on one thing after the other and is closed when the stream ends.
func (s *Stream[T]) Items() <-chan T { return s.items }

// Err says, once Items is closed, why: nil because there is nothing more to come or
// the subscriber's context ended, a SlowError, the reason for which the viewer is
// no longer allowed, or a fault.
func (s *Stream[T]) Err() error { return s.err }

// open returns a stream that produce fills until it returns, and that waits so long
// for a slow reader.
func open[T any](ctx context.Context, slow time.Duration, produce func(context.Context, *Stream[T]) error) *Stream[T] {
	s := &Stream[T]{items: make(chan T), slow: slow}
	go func() {
		defer close(s.items)
		if err := produce(ctx, s); !errors.Is(err, context.Canceled) {
			s.err = err
		}
	}()
	return s
}

// errSlow is what send returns for a reader that did not take the item.
var errSlow = errors.New("the reader is too slow")

// send passes the item on, or returns why it cannot. It returns errRenewed if
// newer is closed before the reader takes the item; newer may be nil.
func (s *Stream[T]) send(ctx context.Context, g *guard, item T, newer <-chan struct{}) error {
	slow := time.NewTimer(s.slow)
	defer slow.Stop()
	select {
	case s.items <- item:
		return nil
	case <-newer:
		return errRenewed
	case <-ctx.Done():
		return ctx.Err()
	case <-g.revoked:
		return g.err
	case <-slow.C:
		return errSlow
	}
}

// errRenewed is what send returns for an item that is out of date.
var errRenewed = errors.New("there is a newer one")
