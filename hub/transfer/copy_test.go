package transfer_test

import (
	"context"
	"errors"
	"maps"
	"sync/atomic"
	"testing"
	"time"

	"github.com/wedsync/wedsync/connectors"
	"github.com/wedsync/wedsync/connectors/decorate"
	"github.com/wedsync/wedsync/connectors/fault"
	"github.com/wedsync/wedsync/connectors/memory"
	"github.com/wedsync/wedsync/ent/connection"
	"github.com/wedsync/wedsync/ent/syncrun"
	enttransfer "github.com/wedsync/wedsync/ent/transfer"
	"github.com/wedsync/wedsync/hub"
	"github.com/wedsync/wedsync/internal/testenv"
)

// counter counts calls of one kind.
func counter(op decorate.Op, n *atomic.Int32) decorate.Decorator {
	return decorate.Decorator{Around: func(ctx context.Context, c decorate.Call, next func(context.Context) error) error {
		if c.Op == op {
			n.Add(1)
		}
		return next(ctx)
	}}
}

func copies(w *world, path string, source connectors.Object) []op {
	var ops []op
	for i := range w.targets {
		ops = append(ops, op{kind: enttransfer.KindCOPY, target: i, path: path, source: source})
	}
	return ops
}

func TestCopyToThreeTargetsReadsTheSourceOnce(t *testing.T) {
	t.Parallel()
	testenv.Databases(t, func(t *testing.T, db testenv.Database) {
		for name, content := range map[string]string{"small": "a photo", "empty": "", "large": large()} {
			w := newWorld(t, db, setup{targets: 3})
			var opened atomic.Int32
			w.decorate(-1, counter(decorate.OpOpen, &opened))
			o := w.put(w.source, "in/a.jpg", content)
			rows := w.plan(copies(w, "a.jpg", o)...)
			w.carryOut()
			for i, row := range rows {
				got := w.wantState(row, enttransfer.StateDONE)
				if got.Verified != enttransfer.VerifiedHASH || len(got.Sha256) != 64 || got.Moved != int64(len(content)) {
					t.Errorf("%s: verified %s, sha256 %q, moved %d", name, got.Verified, got.Sha256, got.Moved)
				}
				w.wants(name, w.targets[i], map[string]string{"out/a.jpg": content})
			}
			if n := opened.Load(); n != 1 {
				t.Errorf("%s: the source was read %d times", name, n)
			}
			run := w.client.SyncRun.GetX(w.ctx, w.run.ID)
			if run.OperationsDone != 3 || run.OperationsFailed != 0 || run.BytesDone != 3*int64(len(content)) {
				t.Errorf("%s: run counts %d done, %d failed, %d bytes", name, run.OperationsDone, run.OperationsFailed, run.BytesDone)
			}
			f := w.client.File.Query().OnlyX(w.ctx)
			if f.Path != "a.jpg" || f.Revision != o.Revision || f.Version != 1 || f.Size != o.Size {
				t.Errorf("%s: file = %+v", name, f)
			}
			if n := w.client.Replica.Query().CountX(w.ctx); n != 3 {
				t.Errorf("%s: %d replicas", name, n)
			}
			if want := map[string]int{"file.created": 1, "replica.verified": 3}; !maps.Equal(w.events(), want) {
				t.Errorf("%s: events %v, want %v", name, w.events(), want)
			}
			if w.jobs(hub.JobRunFinish) != 1 {
				t.Errorf("%s: the run is not closed", name)
			}
		}
	})
}

func TestRunningAShardTwiceChangesNothing(t *testing.T) {
	t.Parallel()
	testenv.Databases(t, func(t *testing.T, db testenv.Database) {
		w := newWorld(t, db, setup{targets: 2})
		w.plan(copies(w, "a.jpg", w.put(w.source, "in/a.jpg", "a"))...)
		w.plan(copies(w, "b.jpg", w.put(w.source, "in/b.jpg", "b"))...)
		w.carryOut()
		before, events := w.client.SyncRun.GetX(w.ctx, w.run.ID), w.events()
		w.carryOut()
		after := w.client.SyncRun.GetX(w.ctx, w.run.ID)
		if after.OperationsDone != 4 || before.OperationsDone != 4 || after.BytesDone != before.BytesDone {
			t.Errorf("counted %d, then %d operations", before.OperationsDone, after.OperationsDone)
		}
		if !maps.Equal(events, w.events()) {
			t.Errorf("events %v, then %v", events, w.events())
		}
	})
}

func TestAFailingTargetHoldsNobodyUp(t *testing.T) {
	t.Parallel()
	testenv.Databases(t, func(t *testing.T, db testenv.Database) {
		for _, content := range []string{"a photo", large()} {
			w := newWorld(t, db, setup{targets: 3})
			w.decorate(1, fault.New(fault.Fault{Op: decorate.OpWrite, Kind: connectors.Transient}).Decorator())
			rows := w.plan(copies(w, "a.jpg", w.put(w.source, "in/a.jpg", content))...)
			w.carryOut()
			w.wantState(rows[0], enttransfer.StateDONE)
			failed := w.wantState(rows[1], enttransfer.StateFAILED)
			w.wantState(rows[2], enttransfer.StateDONE)
			if failed.Attempts != 3 || failed.ErrorKind != string(connectors.Transient) {
				t.Errorf("failed after %d attempts as %s", failed.Attempts, failed.ErrorKind)
			}
			w.wants("failing", w.targets[1], map[string]string{})
			w.wants("other", w.targets[2], map[string]string{"out/a.jpg": content})
		}
	})
}

func TestASlowTargetIsServedAlone(t *testing.T) {
	t.Parallel()
	testenv.Databases(t, func(t *testing.T, db testenv.Database) {
		w := newWorld(t, db, setup{targets: 2})
		w.service.SetLag(10 * time.Millisecond)
		fast := make(chan struct{})
		// The slow target's first part waits until the fast one is done; with a second
		// attempt it goes on.
		slow := fault.New(fault.Fault{Op: decorate.OpWrite, Nth: 1, Proceed: fast})
		w.decorate(1, slow.Decorator())
		w.decorate(0, decorate.Decorator{Around: func(ctx context.Context, c decorate.Call, next func(context.Context) error) error {
			err := next(ctx)
			if c.Op == decorate.OpCommit {
				close(fast)
			}
			return err
		}})
		var opened atomic.Int32
		w.decorate(-1, counter(decorate.OpOpen, &opened))
		content := large()
		rows := w.plan(copies(w, "a.jpg", w.put(w.source, "in/a.jpg", content))...)
		w.carryOut()
		w.wantState(rows[0], enttransfer.StateDONE)
		if got := w.wantState(rows[1], enttransfer.StateDONE); got.Attempts != 1 {
			t.Errorf("%d attempts", got.Attempts)
		}
		w.wants("slow", w.targets[1], map[string]string{"out/a.jpg": content})
		if n := opened.Load(); n != 2 {
			t.Errorf("the source was read %d times", n)
		}
	})
}

func TestASourceThatChangesWhileItIsReadPublishesNothing(t *testing.T) {
	t.Parallel()
	testenv.Databases(t, func(t *testing.T, db testenv.Database) {
		for _, content := range []string{"a photo", large()} {
			w := newWorld(t, db, setup{targets: 2})
			at := int64(len(content) - 1)
			w.decorate(-1, fault.New(fault.Fault{Op: decorate.OpOpen, Kind: connectors.Conflict, Cut: fault.At(at)}).Decorator())
			rows := w.plan(copies(w, "a.jpg", w.put(w.source, "in/a.jpg", content))...)
			w.carryOut()
			for i, row := range rows {
				w.wantState(row, enttransfer.StateSKIPPED)
				w.wants("target", w.targets[i], map[string]string{})
			}

			w.newRun()
			old := w.put(w.source, "in/b.jpg", content)
			w.put(w.source, "in/b.jpg", content+"!")
			row := w.plan(op{kind: enttransfer.KindCOPY, path: "b.jpg", source: old})[0]
			w.carryOut()
			w.wantState(row, enttransfer.StateSKIPPED)
		}
	})
}

// liar reports a hash that is not the content's.
type liar struct {
	connectors.Connection
	connectors.Source
	connectors.Deleter
	sink connectors.Sink
}

func (l liar) Begin(ctx context.Context, up connectors.Upload) (connectors.Session, error) {
	s, err := l.sink.Begin(ctx, up)
	return lyingSession{s}, err
}

func (l liar) Resume(ctx context.Context, up connectors.Upload, checkpoint []byte) (connectors.Session, error) {
	s, err := l.sink.Resume(ctx, up, checkpoint)
	return lyingSession{s}, err
}

type lyingSession struct{ connectors.Session }

func (l lyingSession) Commit(ctx context.Context) (connectors.Object, error) {
	o, err := l.Session.Commit(ctx)
	o.Hashes = connectors.Hashes{connectors.MD5: "00000000000000000000000000000000"}
	return o, err
}

func TestContentThatArrivedOtherwiseIsRemovedAndFails(t *testing.T) {
	t.Parallel()
	testenv.Databases(t, func(t *testing.T, db testenv.Database) {
		for _, content := range []string{"a photo", large()} {
			w := newWorld(t, db, setup{targets: 2})
			honest := w.targets[0]
			w.open[w.rows[0].ConnectionID] = liar{
				Connection: honest, Source: honest.(connectors.Source), Deleter: honest.(connectors.Deleter), sink: honest.(connectors.Sink),
			}
			rows := w.plan(copies(w, "a.jpg", w.put(w.source, "in/a.jpg", content))...)
			w.carryOut()
			got := w.wantState(rows[0], enttransfer.StateFAILED)
			if got.ErrorKind != string(connectors.Corrupt) || got.Attempts != 3 {
				t.Errorf("%s after %d attempts", got.ErrorKind, got.Attempts)
			}
			w.wants("liar", honest, map[string]string{})
			w.wantState(rows[1], enttransfer.StateDONE)
		}
	})
}

func TestAStoreWithoutHashesIsReadBack(t *testing.T) {
	t.Parallel()
	testenv.Databases(t, func(t *testing.T, db testenv.Database) {
		w := newWorld(t, db, setup{options: memory.Options{NoHashes: true}})
		row := w.plan(copies(w, "a.jpg", w.put(w.source, "in/a.jpg", "a photo"))...)[0]
		w.carryOut()
		if got := w.wantState(row, enttransfer.StateDONE); got.Verified != enttransfer.VerifiedFULL {
			t.Errorf("verified %s", got.Verified)
		}
	})
}

func TestWhatIsThereIsAdoptedOrLeftAlone(t *testing.T) {
	t.Parallel()
	testenv.Databases(t, func(t *testing.T, db testenv.Database) {
		for _, content := range []string{"a photo", large()} {
			w := newWorld(t, db, setup{})
			w.put(w.targets[0], "out/same.jpg", content)
			w.put(w.targets[0], "out/other.jpg", content[1:]+"x")
			same := w.plan(copies(w, "same.jpg", w.put(w.source, "in/same.jpg", content))...)[0]
			other := w.plan(copies(w, "other.jpg", w.put(w.source, "in/other.jpg", content))...)[0]
			w.carryOut()
			w.wantState(same, enttransfer.StateDONE)
			w.wantState(other, enttransfer.StateSKIPPED)
			w.wants("target", w.targets[0], map[string]string{"out/same.jpg": content, "out/other.jpg": content[1:] + "x"})
		}
	})
}

func TestALostAnswerToCommitIsFoundOut(t *testing.T) {
	t.Parallel()
	testenv.Databases(t, func(t *testing.T, db testenv.Database) {
		w := newWorld(t, db, setup{})
		w.decorate(0, fault.New(fault.Fault{Op: decorate.OpCommit, Nth: 1, Kind: connectors.Transient, Late: true}).Decorator())
		row := w.plan(copies(w, "a.jpg", w.put(w.source, "in/a.jpg", "a photo"))...)[0]
		w.carryOut()
		if got := w.wantState(row, enttransfer.StateDONE); got.Attempts != 1 {
			t.Errorf("%d attempts", got.Attempts)
		}
	})
}

func TestVoidCredentialsEndATargetsTransfersAtOnce(t *testing.T) {
	t.Parallel()
	testenv.Databases(t, func(t *testing.T, db testenv.Database) {
		w := newWorld(t, db, setup{targets: 2})
		w.decorate(0, fault.New(fault.Fault{Op: decorate.OpBegin, Kind: connectors.AuthRevoked}).Decorator())
		a := w.plan(copies(w, "a.jpg", w.put(w.source, "in/a.jpg", "a"))...)
		b := w.plan(copies(w, "b.jpg", w.put(w.source, "in/b.jpg", "b"))...)
		w.carryOut()
		w.wantState(a[0], enttransfer.StateFAILED)
		w.wantState(b[0], enttransfer.StateFAILED)
		w.wantState(a[1], enttransfer.StateDONE)
		w.wantState(b[1], enttransfer.StateDONE)
		c := w.client.Connection.GetX(w.ctx, w.rows[0].ConnectionID)
		if c.State != connection.StateNEEDS_RECONNECT || w.events()["connection.needs_reconnect"] != 1 {
			t.Errorf("connection is %s, events %v", c.State, w.events())
		}
	})
}

func TestCancellationLeavesWorkThatASecondRunCompletes(t *testing.T) {
	t.Parallel()
	testenv.Databases(t, func(t *testing.T, db testenv.Database) {
		w := newWorld(t, db, setup{})
		content := large()
		ctx, cancel := context.WithCancel(w.ctx)
		var writes, again atomic.Int32
		plain := w.open[w.rows[0].ConnectionID]
		w.decorate(0, decorate.Decorator{Around: func(ctx context.Context, c decorate.Call, next func(context.Context) error) error {
			if c.Op == decorate.OpWrite && writes.Add(1) == 21 {
				cancel()
			}
			return next(ctx)
		}})
		done := w.plan(copies(w, "big.jpg", w.put(w.source, "in/big.jpg", content))...)[0]
		if err := w.handle(ctx, w.service); !errors.Is(err, context.Canceled) {
			t.Fatalf("stopped with %v", err)
		}
		if got := w.wantState(done, enttransfer.StatePLANNED); got.Checkpoint == nil || got.Moved != 20*(256<<10) {
			t.Errorf("checkpoint %q after %d bytes", got.Checkpoint, got.Moved)
		}
		if w.jobs(hub.JobRunFinish) != 0 {
			t.Error("the run was closed")
		}
		w.open[w.rows[0].ConnectionID] = plain
		w.decorate(0, counter(decorate.OpWrite, &again))
		w.carryOut()
		got := w.wantState(done, enttransfer.StateDONE)
		if parts := int32((len(content) + (256 << 10) - 1) / (256 << 10)); again.Load() != parts-20 {
			t.Errorf("%d of %d parts were sent again", again.Load(), parts)
		}
		if got.Moved != int64(len(content)) || got.Checkpoint != nil {
			t.Errorf("moved %d, checkpoint %q", got.Moved, got.Checkpoint)
		}
		w.wants("target", w.targets[0], map[string]string{"out/big.jpg": content})
	})
}

func TestARunThatIsNotRunningIsLeftAlone(t *testing.T) {
	t.Parallel()
	testenv.Databases(t, func(t *testing.T, db testenv.Database) {
		w := newWorld(t, db, setup{})
		row := w.plan(copies(w, "a.jpg", w.put(w.source, "in/a.jpg", "a"))...)[0]
		w.run.Update().SetState(syncrun.StatePAUSED).ExecX(w.ctx)
		w.carryOut()
		w.wantState(row, enttransfer.StatePLANNED)
	})
}
