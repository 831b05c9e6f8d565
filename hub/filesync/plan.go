package filesync

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"slices"
	"time"

	"github.com/wedsync/wedsync/ent"
	"github.com/wedsync/wedsync/ent/conflict"
	"github.com/wedsync/wedsync/ent/detail"
	"github.com/wedsync/wedsync/ent/syncrun"
	"github.com/wedsync/wedsync/ent/transfer"
	"github.com/wedsync/wedsync/hub"
	"github.com/wedsync/wedsync/hub/filesync/reconcile"
)

// HandlePlan reads the world of the job's run. A run in PLANNING gets its
// operations and becomes PLANNED or, if it starts by itself, RUNNING. One in
// STARTING has them already: it becomes RUNNING if the world still asks for
// exactly these, and STALE otherwise. Doing it again, wherever it was interrupted,
// has the same effect; a run in another state is left alone.
func (s *Service) HandlePlan(ctx context.Context, j *ent.Job) error {
	run, err := s.store.Client().SyncRun.Get(ctx, j.SubjectID)
	if ent.IsNotFound(err) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("read run: %w", err)
	}
	if run.State != syncrun.StatePLANNING && run.State != syncrun.StateSTARTING {
		return nil
	}
	err = s.plan(ctx, run)
	var hopeless hopelessError
	if errors.As(err, &hopeless) {
		return s.fail(ctx, run.ID, hopeless.why)
	}
	return err
}

func (s *Service) plan(ctx context.Context, run *ent.SyncRun) error {
	f, err := s.store.Client().FileSync.Get(ctx, run.SyncID)
	if err != nil {
		return fmt.Errorf("read sync: %w", err)
	}
	w, err := s.look(ctx, f)
	if err != nil {
		return err
	}
	if err := w.prove(ctx, s.store.Client(), run.ID); err != nil {
		return err
	}
	p := reconcile.Make(&w.World)
	if run.Trigger == syncrun.TriggerRESOLVE {
		w.confine(&p, run)
	}
	digest := digestOf(p)
	if run.State == syncrun.StateSTARTING {
		return s.startPlanned(ctx, run, w, p, digest)
	}
	if err := s.writeOperations(ctx, run, p); err != nil {
		return err
	}
	return s.planned(ctx, run, w, p, digest)
}

// confine leaves only what settles the conflict of the run or, if it has none,
// all conflicts that people decided.
func (w *world) confine(p *reconcile.Plan, run *ent.SyncRun) {
	in := func(place reconcile.Place) bool {
		row := w.pending[place]
		if row == nil {
			return false
		}
		if run.ConflictID != nil {
			return row.ID == *run.ConflictID
		}
		return row.State == conflict.StateRESOLVING && !byStrategy(row)
	}
	p.Operations = slices.DeleteFunc(p.Operations, func(op reconcile.Operation) bool {
		return !in(reconcile.Place{TargetID: op.TargetID, Path: op.Path})
	})
	p.Lost = slices.DeleteFunc(p.Lost, func(l reconcile.Lost) bool {
		return !in(reconcile.Place{TargetID: l.TargetID, Path: l.Path})
	})
	for place := range w.pending {
		if !in(place) {
			p.Waiting[place] = true
		}
	}
}

// digestOf is equal for two plans that do the same.
func digestOf(p reconcile.Plan) string {
	h := sha256.New()
	for _, op := range p.Operations {
		write(h, op.Path, op.TargetID, string(op.Kind), op.FromPath, op.Aside,
			op.Expect.SourceRevision, op.Expect.TargetRevision, fmt.Sprint(op.Retain))
	}
	for _, l := range p.Lost {
		write(h, l.Path, l.TargetID, "LOST", l.Conflict.Source.Revision, l.Conflict.Target.Revision)
	}
	return hex.EncodeToString(h.Sum(nil))
}

// write takes over each value with its length, so that no two lists look alike.
func write(h hash.Hash, values ...string) {
	for _, v := range values {
		// A hash never fails.
		_, _ = fmt.Fprintf(h, "%d:%s,", len(v), v)
	}
	_, _ = h.Write([]byte{'\n'})
}

// totalsOf counts the plan's operations.
func totalsOf(p reconcile.Plan) detail.RunTotals {
	t := detail.RunTotals{Files: p.Files, Unchanged: p.Unchanged}
	for _, op := range p.Operations {
		t.Bytes += op.Bytes
		switch op.Kind {
		case transfer.KindCOPY:
			t.Copies++
		case transfer.KindUPDATE:
			t.Updates++
		case transfer.KindRENAME:
			t.Renames++
		case transfer.KindDELETE:
			t.Deletes++
		case transfer.KindCOMPARE:
			t.Compares++
		case transfer.KindPULL:
			t.Pulls++
		case transfer.KindKEEP_BOTH:
			t.Copies++
		case transfer.KindCONFLICT:
			t.Conflicts++
		case transfer.KindREFUSE:
			t.Refusals++
		}
	}
	return t
}

const (
	// usualRate is assumed until the sync has moved something, in bytes a second.
	usualRate = 50 << 20
	// tellingBytes is the least that a run must have moved for its rate to count.
	tellingBytes = 10 << 20
)

// estimate says how long it takes to move so many bytes.
func (s *Service) estimate(ctx context.Context, client *ent.Client, syncID string, bytes int64) (time.Duration, error) {
	runs, err := client.SyncRun.Query().
		Where(syncrun.SyncID(syncID), syncrun.StateIn(syncrun.StateCOMPLETED, syncrun.StatePARTIAL)).
		Order(ent.Desc(syncrun.FieldID)).Limit(5).Select(syncrun.FieldReport).All(ctx)
	if err != nil {
		return 0, fmt.Errorf("read former runs: %w", err)
	}
	rate := float64(usualRate)
	for _, r := range runs {
		if r.Report.BytesMoved >= tellingBytes && r.Report.DurationMs > 0 {
			rate = float64(r.Report.BytesMoved) / (float64(r.Report.DurationMs) / 1000)
			break
		}
	}
	return time.Duration(float64(bytes) / rate * float64(time.Second)), nil
}

// planned ends the planning of a run whose operations are written.
func (s *Service) planned(ctx context.Context, run *ent.SyncRun, w *world, p reconcile.Plan, digest string) error {
	totals := totalsOf(p)
	took, err := s.estimate(ctx, s.store.Client(), run.SyncID, totals.Bytes)
	if err != nil {
		return err
	}
	totals.EstimatedMs = took.Milliseconds()
	return s.store.InTx(ctx, func(ctx context.Context, tx *hub.Tx) error {
		f, now, err := lockRun(ctx, tx, run.ID)
		if err != nil || now == nil {
			return err
		}
		if now.State != syncrun.StatePLANNING { // canceled meanwhile
			return skipOpen(ctx, tx, run.ID, now.Reason)
		}
		waiting := totals.Conflicts + totals.Refusals
		if run.Trigger == syncrun.TriggerCHANGE && len(p.Operations) == waiting && !w.newsOf(p) {
			return s.forget(ctx, tx, now)
		}
		now, err = now.Update().SetDigest(digest).SetTotals(totals).SetPlannedAt(s.now()).
			SetOperations(len(p.Operations)).SetOperationsFailed(waiting).SetBytesTotal(totals.Bytes).
			SetShards(shardsOf(p)).SetState(syncrun.StatePLANNED).Save(ctx)
		if err != nil {
			return fmt.Errorf("record plan: %w", err)
		}
		if !now.Autostart {
			tell(tx, "planned", f, now)
			return nil
		}
		return s.set(ctx, tx, f, now, w, p)
	})
}

// forget removes a run that a change started and that has nothing to do, as if it
// had not been.
func (s *Service) forget(ctx context.Context, tx *hub.Tx, run *ent.SyncRun) error {
	if _, err := tx.Transfer.Delete().Where(transfer.RunID(run.ID)).Exec(ctx); err != nil {
		return fmt.Errorf("remove an empty run's operations: %w", err)
	}
	if err := tx.SyncRun.DeleteOne(run).Exec(ctx); err != nil {
		return fmt.Errorf("remove an empty run: %w", err)
	}
	return nil
}

// startPlanned lets a plan run if the world still gives the same.
func (s *Service) startPlanned(ctx context.Context, run *ent.SyncRun, w *world, p reconcile.Plan, digest string) error {
	return s.store.InTx(ctx, func(ctx context.Context, tx *hub.Tx) error {
		f, now, err := lockRun(ctx, tx, run.ID)
		if err != nil || now == nil || now.State != syncrun.StateSTARTING {
			return err
		}
		if now.Digest != digest {
			_, err := s.end(ctx, tx, f, now, syncrun.StateSTALE, "The source or a target changed since the plan was made; make a new one.")
			return err
		}
		return s.set(ctx, tx, f, now, w, p)
	})
}

// set sets a planned run going.
func (s *Service) set(ctx context.Context, tx *hub.Tx, f *ent.FileSync, run *ent.SyncRun, w *world, p reconcile.Plan) error {
	running, err := run.Update().SetState(syncrun.StateRUNNING).SetReason("").SetStartedAt(s.now()).Save(ctx)
	if err != nil {
		return fmt.Errorf("set run going: %w", err)
	}
	if err := s.bookConflicts(ctx, tx, running, w, p); err != nil {
		return err
	}
	if run.Trigger != syncrun.TriggerRESOLVE {
		if err := s.bookVanished(ctx, tx, w, p); err != nil {
			return err
		}
	}
	tell(tx, "started", f, running)
	return enqueueOpen(ctx, tx, f, running.ID)
}
