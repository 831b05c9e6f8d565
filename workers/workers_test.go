package workers_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/wedsync/wedsync/ent"
	entjob "github.com/wedsync/wedsync/ent/job"
	"github.com/wedsync/wedsync/ent/rule"
	"github.com/wedsync/wedsync/hub"
	"github.com/wedsync/wedsync/hub/job"
	"github.com/wedsync/wedsync/workers"
)

// counter counts how often each part was worked on.
type counter struct {
	mu    sync.Mutex
	parts map[int]int
}

func (c *counter) kind() workers.Kind {
	c.parts = map[int]int{}
	return workers.Kind{Handle: func(_ context.Context, j *ent.Job) error {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.parts[j.Part]++
		return nil
	}}
}

func (c *counter) once(t *testing.T, n int) {
	t.Helper()
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.parts) != n {
		t.Errorf("%d of %d jobs were done", len(c.parts), n)
	}
	for part, times := range c.parts {
		if times != 1 {
			t.Errorf("job %d was done %d times", part, times)
		}
	}
}

func TestEveryJobIsDoneOnce(t *testing.T) {
	t.Parallel()
	halls(t, func(t *testing.T, h *hall) {
		var c counter
		kinds := map[string]workers.Kind{"count": c.kind()}
		h.hire(t, "first", kinds, nil)
		h.hire(t, "second", kinds, nil)
		for range 5 {
			h.enqueue(t, jobs("count", 20)...)
			c.mu.Lock()
			clear(c.parts)
			c.mu.Unlock()
		}
		h.until(t, "all jobs", done(100))
		more := jobs("count", 120)[20:]
		for i := range more {
			more[i].Priority = []entjob.Priority{entjob.PriorityBACKGROUND, entjob.PriorityWEDDING_DAY}[i%2]
		}
		c.mu.Lock()
		clear(c.parts)
		c.mu.Unlock()
		h.enqueue(t, more...)
		h.until(t, "all jobs", done(200))
		c.once(t, 100)
	})
}

func TestHandlersActForTheHubWithinTheOrganization(t *testing.T) {
	t.Parallel()
	halls(t, func(t *testing.T, h *hall) {
		viewers := make(chan rule.Viewer, 1)
		h.hire(t, "worker", map[string]workers.Kind{"look": {Handle: func(ctx context.Context, _ *ent.Job) error {
			v, _ := rule.From(ctx)
			viewers <- v
			return nil
		}}}, nil)
		h.enqueue(t, jobs("look", 1)...)
		if v := receive(t, "the handler", viewers); !v.IsSystem() || v.OrganizationID != h.org.ID {
			t.Errorf("the handler's viewer is %+v", v)
		}
	})
}

// A job starts although neither polling nor the reconciler can have found it.
func TestAWakeUpStartsTheWork(t *testing.T) {
	t.Parallel()
	halls(t, func(t *testing.T, h *hall) {
		started := make(chan int)
		h.hire(t, "worker", map[string]workers.Kind{"start": {Handle: func(_ context.Context, j *ent.Job) error {
			started <- j.Part
			return nil
		}}}, func(c *workers.Config) { c.Idle, c.Reconcile = never, never })
		for i := range 20 {
			h.enqueue(t, hub.Job{Kind: "start", SubjectID: "subject", Part: i})
			if part := receive(t, "the start", started); part != i {
				t.Errorf("job %d started, want %d", part, i)
			}
		}
	})
}

func TestForgetfulRedisLosesNothing(t *testing.T) {
	t.Parallel()
	halls(t, func(t *testing.T, h *hall) {
		var c counter
		kind := c.kind()
		count, started, gate := kind.Handle, make(chan struct{}, 100), make(chan struct{})
		kind.Handle = func(ctx context.Context, j *ent.Job) error {
			started <- struct{}{}
			<-gate
			return count(ctx, j)
		}
		h.hire(t, "worker", map[string]workers.Kind{"count": kind}, nil)
		h.enqueue(t, jobs("count", 30)...)
		receive(t, "the first job", started)
		h.Redis.Flush(t)
		close(gate)
		h.until(t, "all jobs", done(30))
		c.once(t, 30)
	})
}

func TestWorkGoesOnWithoutRedis(t *testing.T) {
	t.Parallel()
	halls(t, func(t *testing.T, h *hall) {
		var c counter
		h.hire(t, "worker", map[string]workers.Kind{"count": c.kind()}, nil)
		h.enqueue(t, jobs("count", 1)...)
		h.until(t, "the first job", done(1))
		h.Redis.Stop(t)
		h.enqueue(t, jobs("count", 21)[1:]...)
		h.until(t, "the jobs without Redis", done(21))
		h.Redis.Start(t)
		h.Redis.Flush(t)
		h.enqueue(t, jobs("count", 41)[21:]...)
		h.until(t, "the jobs after that", done(41))
		c.once(t, 41)
	})
}

// The first worker is frozen in its handler, for the second's clock longer than
// the lease lasts.
func TestFrozenWorkerIsReplacedAndFenced(t *testing.T) {
	t.Parallel()
	halls(t, func(t *testing.T, h *hall) {
		frozen, thaw, late := make(chan struct{}), make(chan struct{}), make(chan error, 1)
		rename := func(ctx context.Context, name string) error {
			return h.store.InTx(ctx, func(ctx context.Context, tx *hub.Tx) error {
				return tx.Organization.UpdateOneID(h.org.ID).SetName(name).Exec(rule.System(ctx))
			})
		}
		h.hire(t, "first", map[string]workers.Kind{"write": {Handle: func(ctx context.Context, _ *ent.Job) error {
			close(frozen)
			<-thaw
			err := rename(ctx, "first")
			late <- err
			return err
		}}}, nil)
		h.enqueue(t, jobs("write", 1)...)
		receive(t, "the first worker", frozen)
		h.hire(t, "second", map[string]workers.Kind{"write": {Handle: func(ctx context.Context, _ *ent.Job) error {
			return rename(ctx, "second")
		}}}, func(c *workers.Config) {
			c.Jobs = job.New(h.Client, func() time.Time { return time.Now().Add(job.Lease + time.Second) })
		})
		h.until(t, "the second worker", done(1))
		close(thaw)
		if err := receive(t, "the first worker's end", late); !errors.Is(err, hub.ErrLeaseLost) {
			t.Errorf("the replaced worker wrote: %v", err)
		}
		if name := h.Client.Organization.GetX(h.ctx, h.org.ID).Name; name != "second" {
			t.Errorf("the name is %s", name)
		}
	})
}

func TestShutdownHandsWorkOver(t *testing.T) {
	t.Parallel()
	halls(t, func(t *testing.T, h *hall) {
		started, causes := make(chan struct{}, 2), make(chan error, 2)
		waits := func(long bool) workers.Kind {
			return workers.Kind{LongRunning: long, Handle: func(ctx context.Context, _ *ent.Job) error {
				started <- struct{}{}
				<-ctx.Done()
				causes <- context.Cause(ctx)
				return ctx.Err()
			}}
		}
		first := h.hire(t, "first", map[string]workers.Kind{"short": waits(false), "long": waits(true)}, nil)
		h.enqueue(t, append(jobs("short", 1), jobs("long", 1)...)...)
		receive(t, "a job", started)
		receive(t, "the other job", started)
		if err := first.stop(); err != nil {
			t.Fatal(err)
		}
		for range 2 {
			if cause := receive(t, "a cause", causes); !errors.Is(cause, workers.ErrShutdown) {
				t.Errorf("the handler was cancelled because %v", cause)
			}
		}
		finishes := workers.Kind{Handle: func(_ context.Context, j *ent.Job) error {
			if j.Attempts != 0 || j.Crashes != 0 {
				return fmt.Errorf("the job was handed over with %d attempts and %d crashes", j.Attempts, j.Crashes)
			}
			return nil
		}}
		// Nothing but the hand-over tells the second worker.
		h.hire(t, "second", map[string]workers.Kind{"short": finishes, "long": finishes},
			func(c *workers.Config) { c.Reconcile = never })
		h.until(t, "the second worker", done(2))
	})
}

func TestGraceLetsHandlersFinish(t *testing.T) {
	t.Parallel()
	halls(t, func(t *testing.T, h *hall) {
		started, finish := make(chan struct{}), make(chan struct{})
		w := h.hire(t, "worker", map[string]workers.Kind{"slow": {Handle: func(ctx context.Context, _ *ent.Job) error {
			close(started)
			<-finish
			return ctx.Err()
		}}}, func(c *workers.Config) { c.Grace = never })
		h.enqueue(t, jobs("slow", 1)...)
		receive(t, "the job", started)
		var stopping sync.WaitGroup
		stopping.Go(func() {
			if err := w.stop(); err != nil {
				t.Error(err)
			}
		})
		close(finish)
		stopping.Wait()
		if s := h.states(t); s[entjob.StateDONE] != 1 {
			t.Errorf("jobs %v", s)
		}
	})
}

func TestInterrupt(t *testing.T) {
	t.Parallel()
	halls(t, func(t *testing.T, h *hall) {
		var unwanted atomic.Bool
		asked, started, causes := make(chan struct{}, 100), make(chan string, 2), make(chan error, 2)
		h.hire(t, "worker", map[string]workers.Kind{"run": {
			Wanted: func(_ context.Context, j *ent.Job) (bool, error) {
				select {
				case asked <- struct{}{}:
				default:
				}
				return j.SubjectID != "paused" || !unwanted.Load(), nil
			},
			Handle: func(ctx context.Context, j *ent.Job) error {
				started <- j.SubjectID
				<-ctx.Done()
				causes <- context.Cause(ctx)
				return ctx.Err()
			},
		}}, nil)
		h.enqueue(t, hub.Job{Kind: "run", SubjectID: "paused"}, hub.Job{Kind: "run", SubjectID: "other"})
		receive(t, "a job", started)
		receive(t, "the other job", started)
		for len(asked) > 0 {
			<-asked
		}
		h.queue.Interrupt(t.Context(), "paused") // a hint, and a wrong one
		receive(t, "the question", asked)
		if len(causes) > 0 {
			t.Fatal("work that is wanted was cancelled")
		}
		unwanted.Store(true)
		h.queue.Interrupt(t.Context(), "paused")
		if cause := receive(t, "the cause", causes); !errors.Is(cause, workers.ErrUnwanted) {
			t.Errorf("the handler was cancelled because %v", cause)
		}
		h.until(t, "the cancellation", func(s map[entjob.State]int) bool {
			return s[entjob.StateCANCELED] == 1 && s[entjob.StateCLAIMED] == 1
		})
		// What is not wanted does not even start.
		h.enqueue(t, hub.Job{Kind: "run", SubjectID: "paused"})
		h.until(t, "the second cancellation", func(s map[entjob.State]int) bool { return s[entjob.StateCANCELED] == 2 })
		if len(started) > 0 {
			t.Error("unwanted work was started")
		}
	})
}

// ended is called after each job.
type ended func()

func (ended) JobStarted(string, time.Duration) {}

func (e ended) JobEnded(string, workers.Outcome, time.Duration) { e() }

func TestFailuresAreRetriedAndGivenUp(t *testing.T) {
	t.Parallel()
	halls(t, func(t *testing.T, h *hall) {
		var years atomic.Int64
		gaveUp := make(chan error, 10)
		var told atomic.Int64
		h.hire(t, "worker", map[string]workers.Kind{"fail": {
			Handle: func(_ context.Context, j *ent.Job) error {
				if j.Attempts%2 == 1 {
					panic("this time it panics")
				}
				return fmt.Errorf("attempt %d failed", j.Attempts)
			},
			GiveUp: func(_ context.Context, _ *ent.Job, cause error) error {
				gaveUp <- cause
				if told.Add(1) == 1 {
					return errors.New("nobody is there to be told")
				}
				return nil
			},
		}}, func(c *workers.Config) {
			c.Jobs = job.New(h.Client, func() time.Time { return time.Now().AddDate(int(years.Load()), 0, 0) })
			c.Metrics = ended(func() { years.Add(1) }) // each back-off is over at once
		})
		h.enqueue(t, jobs("fail", 1)...)
		h.until(t, "the end", func(s map[entjob.State]int) bool { return s[entjob.StateFAILED] == 1 })
		if err := receive(t, "the tenth failure", gaveUp); !strings.Contains(err.Error(), "panicked: this time it panics") {
			t.Errorf("given up because %v", err)
		}
		if err := receive(t, "the eleventh failure", gaveUp); err.Error() != "attempt 10 failed" {
			t.Errorf("given up because %v", err)
		}
		j := h.Client.Job.Query().OnlyX(rule.System(h.ctx))
		if j.Attempts != 11 || j.LastError != "attempt 10 failed" {
			t.Errorf("%d attempts, last %q", j.Attempts, j.LastError)
		}
	})
}

func TestLongRunningWorkTakesNobodysPlace(t *testing.T) {
	t.Parallel()
	halls(t, func(t *testing.T, h *hall) {
		started := make(chan struct{}, 3)
		h.hire(t, "worker", map[string]workers.Kind{
			"watch": {LongRunning: true, Handle: func(ctx context.Context, _ *ent.Job) error {
				started <- struct{}{}
				<-ctx.Done()
				return ctx.Err()
			}},
			"quick": {Handle: func(context.Context, *ent.Job) error { return nil }},
		}, func(c *workers.Config) { c.Concurrency = 1 })
		h.enqueue(t, jobs("watch", 3)...)
		for range 3 {
			receive(t, "the watchers", started)
		}
		h.enqueue(t, jobs("quick", 5)...)
		h.until(t, "the quick jobs", done(5))
	})
}

func TestUnknownKindsAreLeftToOthers(t *testing.T) {
	t.Parallel()
	halls(t, func(t *testing.T, h *hall) {
		var c counter
		h.hire(t, "old", map[string]workers.Kind{"known": c.kind()}, nil)
		h.enqueue(t, append(jobs("new", 1), jobs("known", 1)...)...)
		h.until(t, "the known job", done(1))
		if s := h.states(t); s[entjob.StateREADY] != 1 {
			t.Fatalf("jobs %v", s)
		}
		h.hire(t, "new", map[string]workers.Kind{"new": c.kind()}, nil)
		h.until(t, "the new job", done(2))
	})
}

func TestIncompleteConfigurationIsRefused(t *testing.T) {
	t.Parallel()
	if _, err := workers.NewServer(workers.Config{Name: "x"}); err == nil {
		t.Error("accepted")
	}
}
