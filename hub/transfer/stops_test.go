package transfer_test

import (
	"context"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/wedsync/wedsync/connectors"
	"github.com/wedsync/wedsync/connectors/decorate"
	"github.com/wedsync/wedsync/connectors/fault"
	"github.com/wedsync/wedsync/connectors/memory"
	"github.com/wedsync/wedsync/ent"
	"github.com/wedsync/wedsync/ent/syncrun"
	enttransfer "github.com/wedsync/wedsync/ent/transfer"
	"github.com/wedsync/wedsync/hub"
	"github.com/wedsync/wedsync/internal/testenv"
)

func TestAPauseIsNoticedWithoutASignal(t *testing.T) {
	t.Parallel()
	testenv.Databases(t, func(t *testing.T, db testenv.Database) {
		w := newWorld(t, db, setup{})
		w.inHaste()
		var rows []*ent.Transfer
		for _, name := range []string{"a.jpg", "b.jpg", "c.jpg"} {
			rows = append(rows, w.plan(copies(w, name, w.put(w.source, "in/"+name, name))...)...)
		}
		var commits atomic.Int32
		w.decorate(0, decorate.Decorator{Around: func(ctx context.Context, c decorate.Call, next func(context.Context) error) error {
			if c.Op == decorate.OpCommit && commits.Add(1) == 1 {
				if err := w.run.Update().SetState(syncrun.StatePAUSED).Exec(w.ctx); err != nil {
					t.Error(err)
				}
			}
			return next(ctx)
		}})
		if err := w.handle(w.ctx, w.service); err != nil {
			t.Fatal(err)
		}
		w.wantState(rows[0], enttransfer.StateDONE)
		w.wantState(rows[1], enttransfer.StatePLANNED)
		w.wantState(rows[2], enttransfer.StatePLANNED)
		if w.jobs(hub.JobRunFinish) != 0 {
			t.Error("a paused run was closed")
		}
		w.run.Update().SetState(syncrun.StateRUNNING).ExecX(w.ctx)
		w.carryOut()
		w.wantState(rows[2], enttransfer.StateDONE)
	})
}

func TestAFullTargetIsNotSentMore(t *testing.T) {
	t.Parallel()
	testenv.Databases(t, func(t *testing.T, db testenv.Database) {
		w := newWorld(t, db, setup{targets: 2})
		w.inHaste()
		var begun atomic.Int32
		w.decorate(0, counter(decorate.OpBegin, &begun), fault.New(fault.Fault{Op: decorate.OpCommit, Kind: connectors.QuotaFull}).Decorator())
		var full, other []*ent.Transfer
		for _, name := range []string{"a.jpg", "b.jpg", "c.jpg"} {
			rows := w.plan(copies(w, name, w.put(w.source, "in/"+name, name))...)
			full, other = append(full, rows[0]), append(other, rows[1])
		}
		held := w.put(w.targets[0], "out/old.jpg", "old")
		deletion := w.plan(op{kind: enttransfer.KindDELETE, path: "old.jpg", held: held})[0]
		w.carryOut()
		for i := range full {
			if got := w.wantState(full[i], enttransfer.StateFAILED); got.ErrorKind != string(connectors.QuotaFull) {
				t.Errorf("%s failed as %s", got.Path, got.ErrorKind)
			}
			w.wantState(other[i], enttransfer.StateDONE)
		}
		if n := begun.Load(); n != 1 {
			t.Errorf("%d uploads were begun at a full store", n)
		}
		w.wantState(deletion, enttransfer.StateDONE) // which is what makes room
	})
}

func TestWhatAStoreCannotHoldIsRefused(t *testing.T) {
	t.Parallel()
	testenv.Databases(t, func(t *testing.T, db testenv.Database) {
		w := newWorld(t, db, setup{targets: 2})
		w.decorate(0, fault.New(
			fault.Fault{Op: decorate.OpBegin, Path: "out/name.jpg", Kind: connectors.NameRejected},
			fault.Fault{Op: decorate.OpCommit, Path: "out/size.jpg", Kind: connectors.TooLarge},
		).Decorator())
		for path, kind := range map[string]connectors.Kind{"name.jpg": connectors.NameRejected, "size.jpg": connectors.TooLarge} {
			rows := w.plan(copies(w, path, w.put(w.source, "in/"+path, "a photo"))...)
			w.carryOut()
			if got := w.wantState(rows[0], enttransfer.StateREFUSED); got.ErrorKind != string(kind) || got.Attempts != 1 {
				t.Errorf("%s: %s after %d attempts", path, got.ErrorKind, got.Attempts)
			}
			w.wantState(rows[1], enttransfer.StateDONE)
		}
	})
}

func TestBitsThatFlipOnTheWayAreSentAgain(t *testing.T) {
	t.Parallel()
	testenv.Databases(t, func(t *testing.T, db testenv.Database) {
		for name, o := range map[string]memory.Options{"hashes": {}, "no hashes": {NoHashes: true}} {
			for _, content := range []string{"a photo", large()} {
				w := newWorld(t, db, setup{options: o})
				w.decorate(0, fault.New(fault.Fault{Op: decorate.OpWrite, Nth: 1, Flip: fault.At(3)}).Decorator())
				row := w.plan(copies(w, "a.jpg", w.put(w.source, "in/a.jpg", content))...)[0]
				w.carryOut()
				if got := w.wantState(row, enttransfer.StateDONE); got.Attempts != 2 {
					t.Errorf("%s: %d attempts", name, got.Attempts)
				}
				w.wants(name, w.targets[0], map[string]string{"out/a.jpg": content})
			}
		}
	})
}

// closed are connections of which some cannot be opened.
type closed struct {
	*world
	why map[string]error
}

func (c closed) Open(ctx context.Context, id string) (connectors.Connection, error) {
	if err := c.why[id]; err != nil {
		return nil, err
	}
	return c.world.Open(ctx, id)
}

func TestAStoreThatCannotBeOpened(t *testing.T) {
	t.Parallel()
	testenv.Databases(t, func(t *testing.T, db testenv.Database) {
		w := newWorld(t, db, setup{targets: 2})
		rows := w.plan(copies(w, "a.jpg", w.put(w.source, "in/a.jpg", "a photo"))...)
		reason := hub.Errorf(hub.CodeConflict, "", "the connection needs new credentials")
		passing := &connectors.Error{Kind: connectors.Transient, Op: "open"}

		// A source that may be back soon makes the job wait, and nothing has failed.
		err := w.handle(w.ctx, w.newService(closed{w, map[string]error{w.sync.SourceID: passing}}))
		if err == nil {
			t.Error("a source that is away is no failure")
		}
		w.wantState(rows[0], enttransfer.StatePLANNED)

		// A target without credentials fails alone.
		service := w.newService(closed{w, map[string]error{w.rows[0].ConnectionID: reason}})
		if err := w.handle(w.ctx, service); err != nil {
			t.Fatal(err)
		}
		if got := w.wantState(rows[0], enttransfer.StateFAILED); !strings.Contains(got.Reason, "new credentials") {
			t.Errorf("failed because %q", got.Reason)
		}
		w.wantState(rows[1], enttransfer.StateDONE)
	})
}
