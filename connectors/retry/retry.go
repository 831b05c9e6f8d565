// Package retry makes calls again that failed for a passing reason.
//
// Only RateLimited and Transient are retried, a bounded number of times within a
// bounded time; what the vendor says about waiting is honoured. Reading goes on
// where it broke off, at the same revision. A part is sent again only if its body
// rewinds. Retrying is safe for every call: a Commit, Move or Copy that had
// succeeded unseen fails the second time with SessionExpired, NotFound or Exists,
// from which the caller finds the truth by looking, and a second Delete that
// finds nothing counts as done.
package retry

import (
	"cmp"
	"context"
	"errors"
	"math/rand/v2"
	"time"

	"github.com/wedsync/wedsync/connectors"
	"github.com/wedsync/wedsync/connectors/decorate"
)

// Policy says how often and how patiently to retry. Zero fields have defaults.
type Policy struct {
	// Attempts is how often a call is made at most; 0 means 5.
	Attempts int
	// First is the upper bound of the first pause, which doubles each time; 0 means
	// 200 ms.
	First time.Duration
	// Longest bounds one pause of our own choosing; 0 means 15 s.
	Longest time.Duration
	// Total bounds the time from the first call to the last; a vendor that asks to
	// wait longer gets its wish from whoever scheduled the work. 0 means a minute.
	Total time.Duration

	// Now, Sleep and Jitter (in [0,1)) can be replaced by tests.
	Now    func() time.Time
	Sleep  func(context.Context, time.Duration) error
	Jitter func() float64
}

// New returns the decorator.
func New(p Policy) decorate.Decorator {
	p.Attempts = cmp.Or(p.Attempts, 5)
	p.First = cmp.Or(p.First, 200*time.Millisecond)
	p.Longest = cmp.Or(p.Longest, 15*time.Second)
	p.Total = cmp.Or(p.Total, time.Minute)
	if p.Now == nil {
		p.Now = time.Now
	}
	if p.Sleep == nil {
		p.Sleep = decorate.Sleep
	}
	if p.Jitter == nil {
		p.Jitter = rand.Float64
	}
	return decorate.Decorator{Around: p.around, Content: p.content}
}

func (p Policy) around(ctx context.Context, call decorate.Call, next func(context.Context) error) error {
	t := p.begin()
	for {
		err := next(ctx)
		if call.Op == decorate.OpDelete && t.made > 1 && connectors.Is(err, connectors.NotFound) {
			return nil
		}
		if err == nil || !t.pause(ctx, err) {
			return err
		}
		if call.Again() != nil {
			return err // the failure counts, not that it cannot be repeated
		}
	}
}

// tries counts the attempts at one thing.
type tries struct {
	Policy
	made    int
	started time.Time
}

func (p Policy) begin() *tries { return &tries{Policy: p, made: 1, started: p.Now()} }

// pause waits until the next attempt, or reports that there is none.
func (t *tries) pause(ctx context.Context, err error) bool {
	kind := connectors.KindOf(err)
	if ctx.Err() != nil || t.made >= t.Attempts || kind != connectors.RateLimited && kind != connectors.Transient {
		return false
	}
	d := min(t.First<<(t.made-1), t.Longest)
	// Half of the pause is left to chance, so that many callers do not come back
	// all at once.
	d = d/2 + time.Duration(t.Jitter()*float64(d/2))
	var e *connectors.Error
	if errors.As(err, &e) {
		d = max(d, e.After)
	}
	if t.Now().Add(d).Sub(t.started) > t.Total {
		return false
	}
	t.made++
	return t.Sleep(ctx, d) == nil
}
