package workers_test

import (
	"context"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/wedsync/wedsync/ent"
	entjob "github.com/wedsync/wedsync/ent/job"
	"github.com/wedsync/wedsync/ent/rule"
	"github.com/wedsync/wedsync/hub"
	"github.com/wedsync/wedsync/hub/job"
	"github.com/wedsync/wedsync/internal/bus"
	"github.com/wedsync/wedsync/internal/testenv"
	"github.com/wedsync/wedsync/workers"
)

// patience bounds the wait for what must happen; a passing test never gets there.
const patience = 60 * time.Second

// never is for what is not to happen by the passing of time.
const never = time.Hour

// hall is an organization with a table of work, on one pair of stores.
type hall struct {
	testenv.Pair
	ctx   context.Context
	org   *ent.Organization
	store *hub.Store
	queue *workers.Enqueuer
}

func newHall(t testing.TB, p testenv.Pair, ctx context.Context, org *ent.Organization) *hall {
	t.Helper()
	h := &hall{Pair: p, ctx: ctx, org: org}
	h.queue = h.enqueuer(t)
	h.store = hub.NewStore(p.Client, h.queue)
	return h
}

// halls runs the test on both pairs.
func halls(t *testing.T, test func(*testing.T, *hall)) {
	t.Helper()
	testenv.Pairs(t, func(t *testing.T, p testenv.Pair) {
		ctx, org := testenv.Organization(t, p.Client)
		test(t, newHall(t, p, ctx, org))
	})
}

func (h *hall) bus(t testing.TB) *bus.Bus {
	t.Helper()
	b := bus.New(h.Redis.Client(t), slog.New(slog.DiscardHandler))
	t.Cleanup(b.Close)
	return b
}

func (h *hall) enqueuer(t testing.TB) *workers.Enqueuer {
	t.Helper()
	e := workers.NewEnqueuer(h.Redis.Client(t), h.bus(t), slog.New(slog.DiscardHandler))
	t.Cleanup(e.Close)
	return e
}

// enqueue commits the jobs.
func (h *hall) enqueue(t testing.TB, jobs ...hub.Job) {
	t.Helper()
	err := h.store.InTx(h.ctx, func(_ context.Context, tx *hub.Tx) error {
		for _, j := range jobs {
			tx.Enqueue(j)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// jobs makes n jobs of a kind.
func jobs(kind string, n int) []hub.Job {
	all := make([]hub.Job, n)
	for i := range all {
		all[i] = hub.Job{Kind: kind, SubjectID: "subject", Part: i}
	}
	return all
}

// worker is a process that works.
type worker struct {
	stop func() error
}

// hire starts a worker. adjust may change its configuration.
func (h *hall) hire(t testing.TB, name string, kinds map[string]workers.Kind, adjust func(*workers.Config)) *worker {
	t.Helper()
	cfg := workers.Config{
		Name: name, Kinds: kinds, Jobs: job.New(h.Client, time.Now),
		Redis: h.Redis.Client(t), Bus: h.bus(t), Enqueuer: h.enqueuer(t),
		Log: slog.New(slog.DiscardHandler), Concurrency: 4,
		Grace: time.Millisecond, Reconcile: 50 * time.Millisecond,
	}
	if adjust != nil {
		adjust(&cfg)
	}
	server, err := workers.NewServer(cfg)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	var ended error
	var running sync.WaitGroup
	running.Go(func() { ended = server.Run(ctx) })
	w := &worker{stop: sync.OnceValue(func() error {
		cancel()
		running.Wait()
		return ended
	})}
	t.Cleanup(func() {
		if err := w.stop(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	})
	return w
}

// states counts the jobs of each state.
func (h *hall) states(t testing.TB) map[entjob.State]int {
	t.Helper()
	all, err := h.Client.Job.Query().All(rule.System(h.ctx))
	if err != nil {
		t.Fatal(err)
	}
	states := map[entjob.State]int{}
	for _, j := range all {
		states[j.State]++
	}
	return states
}

// until waits for the table of work to be as wanted.
func (h *hall) until(t testing.TB, what string, done func(map[entjob.State]int) bool) {
	t.Helper()
	timeout := time.After(patience)
	again := time.NewTicker(5 * time.Millisecond)
	defer again.Stop()
	for !done(h.states(t)) {
		select {
		case <-timeout:
			t.Fatalf("waited for %s in vain: %v", what, h.states(t))
		case <-again.C:
		}
	}
}

// done is for until.
func done(n int) func(map[entjob.State]int) bool {
	return func(s map[entjob.State]int) bool { return s[entjob.StateDONE] == n }
}

// receive waits for a value.
func receive[T any](t testing.TB, what string, from <-chan T) T {
	t.Helper()
	select {
	case v := <-from:
		return v
	case <-time.After(patience):
		t.Fatalf("waited for %s in vain", what)
		panic("unreachable")
	}
}
