package transfer_test

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/wedsync/wedsync/connectors"
	"github.com/wedsync/wedsync/connectors/decorate"
	"github.com/wedsync/wedsync/connectors/fault"
	"github.com/wedsync/wedsync/connectors/memory"
	"github.com/wedsync/wedsync/ent/job"
	enttransfer "github.com/wedsync/wedsync/ent/transfer"
	"github.com/wedsync/wedsync/hub"
	"github.com/wedsync/wedsync/hub/transfer"
	"github.com/wedsync/wedsync/internal/testenv"
)

// hasty is a clock by which a minute passes whenever somebody looks, so that
// everything that is done now and then is done at once.
type hasty struct {
	mu  sync.Mutex
	now time.Time
}

func (h *hasty) Now() time.Time {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.now = h.now.Add(time.Minute)
	return h.now
}

// inHaste makes the world's service keep every checkpoint and carry out one file
// after the other.
func (w *world) inHaste() {
	clock := &hasty{now: time.Unix(1_700_000_000, 0)}
	w.service = transfer.New(transfer.Config{
		Store: hub.NewStore(w.client, deaf{}), Connections: w, Resolver: w,
		Progress: deaf{}, Worker: "w1", Now: clock.Now, Files: 1,
	})
}

// leased returns a context that holds the lease on a job, and what takes it away:
// from then on nothing is written down, as if the process had been killed.
func (w *world) leased() (ctx context.Context, kill func()) {
	j := w.client.Job.Create().SetOrganizationID(w.sync.OrganizationID).SetKind(hub.JobRunShard).
		SetSubjectID(w.run.ID).SetState(job.StateCLAIMED).SaveX(w.ctx)
	ctx, cancel := context.WithCancel(hub.WithLease(w.ctx, hub.Lease{JobID: j.ID, Epoch: j.Epoch}))
	return ctx, func() {
		if err := j.Update().AddEpoch(1).Exec(w.ctx); err != nil {
			w.Error(err)
		}
		cancel()
	}
}

// killAt kills the hub in the n-th call of the operation.
func killAt(op decorate.Op, n int32, kill func()) decorate.Decorator {
	var calls atomic.Int32
	return decorate.Decorator{Around: func(ctx context.Context, c decorate.Call, next func(context.Context) error) error {
		if c.Op == op && calls.Add(1) == n {
			kill()
			return ctx.Err()
		}
		return next(ctx)
	}}
}

func TestAKilledUploadGoesOnAtEveryPart(t *testing.T) {
	t.Parallel()
	content := large()
	const part = 3 << 20
	parts := int32((len(content) + part - 1) / part)
	testenv.Databases(t, func(t *testing.T, db testenv.Database) {
		for sent := range parts {
			w := newWorld(t, db, setup{options: memory.Options{PartSize: part}})
			w.inHaste()
			row := w.plan(copies(w, "a.jpg", w.put(w.source, "in/a.jpg", content))...)[0]
			ctx, kill := w.leased()
			healthy := w.open[w.rows[0].ConnectionID]
			w.decorate(0, killAt(decorate.OpWrite, sent+1, kill))
			if err := w.handle(ctx, w.service); err == nil {
				t.Fatal("the killed worker ended well")
			}
			w.wants("while nobody works", w.targets[0], map[string]string{})

			var writes atomic.Int32
			w.open[w.rows[0].ConnectionID] = healthy
			w.decorate(0, counter(decorate.OpWrite, &writes))
			w.carryOut()
			w.wantState(row, enttransfer.StateDONE)
			w.wants("in the end", w.targets[0], map[string]string{"out/a.jpg": content})
			if got := writes.Load(); got != parts-sent {
				t.Errorf("killed after %d of %d parts: %d were sent then", sent, parts, got)
			}
		}
	})
}

func TestAnUploadThatTheStoreForgotBeginsAnew(t *testing.T) {
	t.Parallel()
	testenv.Databases(t, func(t *testing.T, db testenv.Database) {
		w := newWorld(t, db, setup{})
		w.inHaste()
		content := large()
		row := w.plan(copies(w, "a.jpg", w.put(w.source, "in/a.jpg", content))...)[0]
		ctx, kill := w.leased()
		healthy := w.open[w.rows[0].ConnectionID]
		w.decorate(0, killAt(decorate.OpWrite, 5, kill))
		if err := w.handle(ctx, w.service); err == nil {
			t.Fatal("the killed worker ended well")
		}
		if len(w.now(row).Checkpoint) == 0 {
			t.Fatal("no checkpoint was kept")
		}
		w.open[w.rows[0].ConnectionID] = healthy
		w.decorate(0, fault.New(fault.Fault{Op: decorate.OpResume, Kind: connectors.SessionExpired}).Decorator())
		w.carryOut()
		w.wantState(row, enttransfer.StateDONE)
		w.wants("target", w.targets[0], map[string]string{"out/a.jpg": content})
	})
}

func TestAnUploadOfWhatChangedSinceDoesNotGoOn(t *testing.T) {
	t.Parallel()
	testenv.Databases(t, func(t *testing.T, db testenv.Database) {
		w := newWorld(t, db, setup{})
		w.inHaste()
		content := large()
		row := w.plan(copies(w, "a.jpg", w.put(w.source, "in/a.jpg", content))...)[0]
		ctx, kill := w.leased()
		healthy := w.open[w.rows[0].ConnectionID]
		w.decorate(0, killAt(decorate.OpWrite, 5, kill))
		if err := w.handle(ctx, w.service); err == nil {
			t.Fatal("the killed worker ended well")
		}
		w.open[w.rows[0].ConnectionID] = healthy
		// As large as it was, and other from the first byte on.
		w.put(w.source, "in/a.jpg", "X"+content[1:])
		w.carryOut()
		w.wantState(row, enttransfer.StateSKIPPED)
		w.wants("target", w.targets[0], map[string]string{})
	})
}

// Only one worker has a shard's lease. Should two be at it all the same, one of
// them may fail to write, and is called again as the queue would: nothing is
// counted or told twice.
func TestTwoWorkersAtOnceCountOnce(t *testing.T) {
	t.Parallel()
	testenv.Databases(t, func(t *testing.T, db testenv.Database) {
		w := newWorld(t, db, setup{targets: 2})
		want := map[string]string{}
		for _, name := range []string{"a.jpg", "b.jpg", "c.jpg", "d.jpg", "e.jpg"} {
			w.plan(copies(w, name, w.put(w.source, "in/"+name, "photo "+name))...)
			want["out/"+name] = "photo " + name
		}
		var both sync.WaitGroup
		for range 2 {
			both.Go(func() {
				if err := w.handle(w.ctx, w.newService(w)); err != nil {
					t.Log("one of the two failed:", err)
				}
			})
		}
		both.Wait()
		w.carryOut()
		for _, target := range w.targets {
			w.wants("target", target, want)
		}
		run := w.client.SyncRun.GetX(w.ctx, w.run.ID)
		if run.OperationsDone != 10 || run.OperationsFailed != 0 || run.BytesDone != 10*int64(len("photo a.jpg")) {
			t.Errorf("the run counts %d done, %d failed, %d bytes", run.OperationsDone, run.OperationsFailed, run.BytesDone)
		}
		if e := w.events(); e["file.created"] != 5 || e["replica.verified"] != 10 {
			t.Errorf("events %v", e)
		}
	})
}
