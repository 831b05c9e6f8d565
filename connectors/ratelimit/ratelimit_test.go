package ratelimit_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/wedsync/wedsync/connectors"
	"github.com/wedsync/wedsync/connectors/decorate"
	"github.com/wedsync/wedsync/connectors/fault"
	"github.com/wedsync/wedsync/connectors/memory"
	"github.com/wedsync/wedsync/connectors/ratelimit"
)

// bench makes calls against a clock that only moves when somebody sleeps.
type bench struct {
	*testing.T
	conn connectors.Connection
	now  time.Time
}

func newBench(t *testing.T, c ratelimit.Config, faults ...fault.Fault) *bench {
	t.Helper()
	b := &bench{T: t, now: time.Unix(1_700_000_000, 0)}
	c.Now = func() time.Time { return b.now }
	c.Sleep = func(ctx context.Context, d time.Duration) error {
		b.now = b.now.Add(d)
		return ctx.Err()
	}
	plain, err := memory.Vendor{Stores: memory.NewStores()}.Open(t.Context(), connectors.Config{Settings: map[string]string{memory.SettingStore: "x"}})
	if err != nil {
		t.Fatal(err)
	}
	b.conn = decorate.Wrap(plain, ratelimit.New(c), fault.New(faults...).Decorator())
	return b
}

// took makes n calls and returns how long they had to wait.
func (b *bench) took(n int) time.Duration {
	b.Helper()
	start := b.now
	for range n {
		if err := b.conn.Check(b.Context()); err != nil && !connectors.Is(err, connectors.RateLimited) {
			b.Fatal(err)
		}
	}
	return b.now.Sub(start)
}

func (b *bench) want(what string, got, low, high time.Duration) {
	b.Helper()
	if got < low || got > high {
		b.Errorf("%s took %v, want %v to %v", what, got, low, high)
	}
}

func TestDocumentedRate(t *testing.T) {
	t.Parallel()
	b := newBench(t, ratelimit.Config{PerSecond: 10, Burst: 5})
	b.want("the burst", b.took(5), 0, 0)
	b.want("20 calls after it", b.took(20), 1990*time.Millisecond, 2010*time.Millisecond)
}

func TestUnknownRate(t *testing.T) {
	t.Parallel()
	b := newBench(t, ratelimit.Config{})
	b.want("1000 calls", b.took(1000), 0, 0)
}

func TestSlowsDownAndRecovers(t *testing.T) {
	t.Parallel()
	b := newBench(t, ratelimit.Config{PerSecond: 100, Burst: 1},
		fault.Fault{Nth: 1, Kind: connectors.RateLimited}, fault.Fault{Nth: 2, Kind: connectors.RateLimited})
	b.took(2)
	b.want("10 calls at a quarter of the rate", b.took(10), 340*time.Millisecond, 410*time.Millisecond)
	b.took(200)
	b.want("10 calls later on", b.took(10), 99*time.Millisecond, 101*time.Millisecond)
}

func TestUnknownRateIsLearned(t *testing.T) {
	t.Parallel()
	b := newBench(t, ratelimit.Config{}, fault.Fault{Nth: 1, Kind: connectors.RateLimited})
	b.took(2)
	b.want("the calls after a complaint", b.took(10), 800*time.Millisecond, 1100*time.Millisecond)
	b.took(1000)
	b.want("calls after a long time without one", b.took(100), 0, 0)
}

func TestWaitsAsAsked(t *testing.T) {
	t.Parallel()
	b := newBench(t, ratelimit.Config{PerSecond: 1000}, fault.Fault{Nth: 3, Kind: connectors.RateLimited, After: 30 * time.Second})
	b.want("the call that fails", b.took(3), 0, 0)
	b.want("the call after it", b.took(1), 30*time.Second, 30*time.Second+10*time.Millisecond)
}

func TestCancelledWhileWaiting(t *testing.T) {
	t.Parallel()
	b := newBench(t, ratelimit.Config{PerSecond: 1, Burst: 1})
	b.took(1)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := b.conn.Check(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("a cancelled call: %v", err)
	}
}

// TestWaitIsFree: waiting for changes is no request that counts.
func TestWaitIsFree(t *testing.T) {
	t.Parallel()
	b := newBench(t, ratelimit.Config{PerSecond: 1, Burst: 1})
	b.took(1)
	start := b.now
	err := b.conn.(connectors.ChangeFeed).Wait(t.Context(), "no cursor of yours")
	if !connectors.Is(err, connectors.CursorReset) || !b.now.Equal(start) {
		t.Errorf("%v after %v", err, b.now.Sub(start))
	}
}
