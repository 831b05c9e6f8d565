package transfer_test

import (
	"context"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/wedsync/wedsync/connectors"
	"github.com/wedsync/wedsync/connectors/decorate"
	"github.com/wedsync/wedsync/ent"
	enttransfer "github.com/wedsync/wedsync/ent/transfer"
	"github.com/wedsync/wedsync/hub"
	"github.com/wedsync/wedsync/internal/testenv"
)

// line is a decorator that can be cut: then every call fails as unanswered calls do.
type line struct {
	cut   atomic.Bool
	calls atomic.Int32
}

func (l *line) decorator() decorate.Decorator {
	return decorate.Decorator{Around: func(ctx context.Context, call decorate.Call, next func(context.Context) error) error {
		if l.cut.Load() {
			l.calls.Add(1)
			return &connectors.Error{Kind: connectors.Transient, Op: string(call.Op), Path: call.Path, Err: fmt.Errorf("connection refused")}
		}
		return next(ctx)
	}}
}

// attempt carries the shard out as the nth attempt of a job that has ten.
func (w *world) attempt(n int) error {
	return w.service.HandleShard(w.ctx, &ent.Job{SubjectID: w.run.ID, Kind: hub.JobRunShard, Attempts: n, MaxAttempts: 10})
}

func (w *world) photos(n int) []op {
	var ops []op
	for i := range n {
		path := fmt.Sprintf("%02d.jpg", i)
		ops = append(ops, copies(w, path, w.put(w.source, "in/"+path, "photo "+path))...)
	}
	return ops
}

func (w *world) states() map[enttransfer.State]int {
	all := map[enttransfer.State]int{}
	for _, t := range w.client.Transfer.Query().AllX(w.ctx) {
		all[t.State]++
	}
	return all
}

func TestAStoreThatIsAwayIsWaitedFor(t *testing.T) {
	t.Parallel()
	testenv.Databases(t, func(t *testing.T, db testenv.Database) {
		w := newWorld(t, db, setup{targets: 2})
		var l line
		w.decorate(1, l.decorator())
		w.plan(w.photos(40)...)
		l.cut.Store(true)
		for n := range 2 {
			if err := w.attempt(n); err == nil || !strings.Contains(err.Error(), "connection refused") {
				t.Fatalf("attempt %d: %v", n, err)
			}
			if got := w.states(); got[enttransfer.StateDONE] != 40 || got[enttransfer.StatePLANNED] != 40 {
				t.Errorf("attempt %d: %v", n, got)
			}
			run := w.client.SyncRun.GetX(w.ctx, w.run.ID)
			if !strings.HasPrefix(run.Reason, "Waits for ") || run.OperationsFailed != 0 {
				t.Errorf("attempt %d: %d failed, %q", n, run.OperationsFailed, run.Reason)
			}
		}
		// A store that is away is not asked for each of its files.
		if calls := l.calls.Load(); calls > 100 {
			t.Errorf("the dead store was called %d times", calls)
		}
		l.cut.Store(false)
		if err := w.attempt(2); err != nil {
			t.Fatal(err)
		}
		if got := w.states(); got[enttransfer.StateDONE] != 80 {
			t.Errorf("in the end %v", got)
		}
		if run := w.client.SyncRun.GetX(w.ctx, w.run.ID); run.Reason != "" || run.OperationsDone != 80 {
			t.Errorf("%d done, %q", run.OperationsDone, run.Reason)
		}
	})
}

// A shard of one file cannot tell by its others whether the store is away.
func TestASingleFileWaitsForItsStoreToo(t *testing.T) {
	t.Parallel()
	testenv.Databases(t, func(t *testing.T, db testenv.Database) {
		w := newWorld(t, db, setup{targets: 2})
		var l line
		w.decorate(1, l.decorator())
		w.plan(w.photos(1)...)
		l.cut.Store(true)
		if err := w.attempt(0); err == nil {
			t.Error("nobody waits")
		}
		if got := w.states(); got[enttransfer.StateDONE] != 1 || got[enttransfer.StatePLANNED] != 1 {
			t.Errorf("%v", got)
		}
	})
}

// A worker that is stopped before it knows leaves the file to the next one.
func TestADoubtfulFileOutlivesAStop(t *testing.T) {
	t.Parallel()
	testenv.Databases(t, func(t *testing.T, db testenv.Database) {
		w := newWorld(t, db, setup{targets: 1})
		ctx, stop := context.WithCancel(w.ctx)
		defer stop()
		w.decorate(0, decorate.Decorator{Around: func(ctx context.Context, call decorate.Call, next func(context.Context) error) error {
			if call.Op == decorate.OpCheck {
				stop()
				return ctx.Err()
			}
			return &connectors.Error{Kind: connectors.Transient, Op: string(call.Op), Path: call.Path}
		}})
		w.plan(w.photos(1)...)
		err := w.service.HandleShard(ctx, &ent.Job{SubjectID: w.run.ID, Kind: hub.JobRunShard, MaxAttempts: 10})
		if err == nil {
			t.Error("stopped work ended well")
		}
		if got := w.states(); got[enttransfer.StatePLANNED] != 1 {
			t.Errorf("%v", got)
		}
	})
}

func TestAStoreThatStaysAwayFailsItsFilesInTheEnd(t *testing.T) {
	t.Parallel()
	testenv.Databases(t, func(t *testing.T, db testenv.Database) {
		w := newWorld(t, db, setup{targets: 2})
		var l line
		w.decorate(1, l.decorator())
		w.plan(w.photos(10)...)
		l.cut.Store(true)
		if err := w.attempt(9); err != nil {
			t.Fatal(err)
		}
		if got := w.states(); got[enttransfer.StateDONE] != 10 || got[enttransfer.StateFAILED] != 10 {
			t.Errorf("%v", got)
		}
	})
}

// A file that fails for a passing reason, while the store answers for others, has
// failed by itself.
func TestAFileThatFailsAloneIsNotWaitedFor(t *testing.T) {
	t.Parallel()
	testenv.Databases(t, func(t *testing.T, db testenv.Database) {
		w := newWorld(t, db, setup{targets: 1})
		bad := map[string]bool{"out/02.jpg": true, "out/05.jpg": true, "out/07.jpg": true, "out/09.jpg": true}
		w.decorate(0, decorate.Decorator{Around: func(ctx context.Context, call decorate.Call, next func(context.Context) error) error {
			if call.Op == decorate.OpBegin && bad[call.Path] {
				return &connectors.Error{Kind: connectors.Transient, Op: "begin", Path: call.Path}
			}
			return next(ctx)
		}})
		w.plan(w.photos(10)...)
		if err := w.attempt(0); err != nil {
			t.Fatal(err)
		}
		if got := w.states(); got[enttransfer.StateDONE] != 6 || got[enttransfer.StateFAILED] != 4 {
			t.Errorf("%v", got)
		}
	})
}

// A target that cannot even be opened for a passing reason is waited for too.
func TestATargetThatCannotBeOpenedYetIsWaitedFor(t *testing.T) {
	t.Parallel()
	testenv.Databases(t, func(t *testing.T, db testenv.Database) {
		w := newWorld(t, db, setup{targets: 2})
		w.plan(w.photos(2)...)
		away := &connectors.Error{Kind: connectors.Transient, Op: "open"}
		service := w.newService(closed{w, map[string]error{w.rows[0].ConnectionID: away}})
		job := &ent.Job{SubjectID: w.run.ID, Kind: hub.JobRunShard, MaxAttempts: 10}
		if err := service.HandleShard(w.ctx, job); err == nil {
			t.Error("nobody waits")
		}
		if got := w.states(); got[enttransfer.StateDONE] != 2 || got[enttransfer.StatePLANNED] != 2 {
			t.Errorf("%v", got)
		}
		w.carryOut()
		if got := w.states(); got[enttransfer.StateDONE] != 4 {
			t.Errorf("in the end %v", got)
		}
	})
}
