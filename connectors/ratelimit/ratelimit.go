// Package ratelimit keeps a connection below the rate its vendor allows.
//
// The rate starts at what the vendor documents, is halved whenever the vendor
// says that it was too much, and grows back while calls succeed. While the vendor
// asks to wait, no call of the connection goes out.
package ratelimit

import (
	"context"
	"errors"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"github.com/wedsync/wedsync/connectors"
	"github.com/wedsync/wedsync/connectors/decorate"
)

const (
	// learned is where a rate begins that nobody documents, once the vendor
	// complained.
	learned rate.Limit = 10
	// slowest is the rate below which a limiter does not go.
	slowest rate.Limit = 0.1
	// growth is how much faster a rate gets with every call that succeeds, and
	// enough the rate from which there is no limit any more that nobody documents.
	growth            = 1.02
	enough rate.Limit = 1000
)

// Config says how fast calls may be made.
type Config struct {
	// PerSecond is the documented rate; 0 means that none is known.
	PerSecond float64
	// Burst is how many calls may come at once; 0 means 1 second's worth.
	Burst int

	// Now and Sleep can be replaced by tests.
	Now   func() time.Time
	Sleep func(context.Context, time.Duration) error
}

// New returns the decorator for one connection; it must not be shared by several
// accounts.
func New(c Config) decorate.Decorator {
	l := &limiter{now: c.Now, sleep: c.Sleep, most: rate.Inf}
	if l.now == nil {
		l.now = time.Now
	}
	if l.sleep == nil {
		l.sleep = decorate.Sleep
	}
	if c.PerSecond > 0 {
		l.most = rate.Limit(c.PerSecond)
	}
	burst := c.Burst
	if burst == 0 {
		burst = int(max(1, min(c.PerSecond, 1000)))
	}
	l.rate = rate.NewLimiter(l.most, burst)
	return decorate.Decorator{Around: l.around}
}

type limiter struct {
	now   func() time.Time
	sleep func(context.Context, time.Duration) error
	most  rate.Limit

	mu     sync.Mutex
	rate   *rate.Limiter
	paused time.Time // no call before
}

func (l *limiter) around(ctx context.Context, call decorate.Call, next func(context.Context) error) error {
	if call.Op == decorate.OpWait {
		return next(ctx) // it waits for the vendor, not the other way round
	}
	if err := l.admit(ctx); err != nil {
		return err
	}
	err := next(ctx)
	l.learn(err)
	return err
}

// admit waits for the call's turn.
func (l *limiter) admit(ctx context.Context) error {
	for {
		l.mu.Lock()
		now := l.now()
		if pause := l.paused.Sub(now); pause > 0 {
			l.mu.Unlock()
			if err := l.sleep(ctx, pause); err != nil {
				return err
			}
			continue
		}
		turn := l.rate.ReserveN(now, 1)
		l.mu.Unlock()
		delay := turn.DelayFrom(now)
		if delay == 0 {
			return ctx.Err()
		}
		err := l.sleep(ctx, delay)
		if err != nil {
			turn.CancelAt(l.now())
		}
		return err
	}
}

// learn adapts the rate to what the vendor said.
func (l *limiter) learn(err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	now, current := l.now(), l.rate.Limit()
	switch {
	case connectors.Is(err, connectors.RateLimited):
		if current == rate.Inf {
			current = 2 * learned
		}
		l.rate.SetLimitAt(now, max(current/2, slowest))
		var e *connectors.Error
		if errors.As(err, &e) && e.After > 0 {
			if until := now.Add(e.After); until.After(l.paused) {
				l.paused = until
			}
		}
	case err == nil && current < l.most:
		current *= growth
		if current > min(l.most, enough) {
			current = l.most
		}
		l.rate.SetLimitAt(now, current)
	}
}
