package filesync

import (
	"cmp"
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/wedsync/wedsync/ent"
	"github.com/wedsync/wedsync/ent/job"
	"github.com/wedsync/wedsync/ent/predicate"
	"github.com/wedsync/wedsync/ent/rule"
	"github.com/wedsync/wedsync/ent/syncrun"
	"github.com/wedsync/wedsync/ent/transfer"
	"github.com/wedsync/wedsync/hub"
)

// planLife is how long a plan may wait to be started.
const planLife = 24 * time.Hour

// Plan begins to find out what a run would do. AwaitPlanned waits for the answer.
func (s *Service) Plan(ctx context.Context, syncID string) (*ent.SyncRun, error) {
	return s.begin(ctx, syncID, "sync.plan", begun{trigger: syncrun.TriggerPLAN})
}

// StartInput says what to start.
type StartInput struct {
	SyncID string
	// PlanID is the plan to carry out exactly; empty: plan anew and go on at once.
	PlanID string
}

// Start starts a run. With a plan it first goes to STARTING, in which the world is
// read again, and then to RUNNING or, if the plan no longer holds, to STALE.
func (s *Service) Start(ctx context.Context, in StartInput) (*ent.SyncRun, error) {
	if in.PlanID == "" {
		return s.begin(ctx, in.SyncID, "sync.start", begun{trigger: syncrun.TriggerSTART, autostart: true})
	}
	var run *ent.SyncRun
	err := s.store.InTx(ctx, func(ctx context.Context, tx *hub.Tx) error {
		f, err := s.free(ctx, tx, in.SyncID)
		if err != nil {
			return err
		}
		plan, err := tx.SyncRun.Query().Where(syncrun.ID(in.PlanID), syncrun.SyncID(f.ID)).Only(ctx)
		if err != nil {
			return hub.Translate(err, "planId", in.PlanID)
		}
		if err := s.checkPlan(plan); err != nil {
			return err
		}
		run, err = plan.Update().SetState(syncrun.StateSTARTING).SetReason("").Save(ctx)
		if err != nil {
			return fmt.Errorf("start plan: %w", err)
		}
		tx.Enqueue(hub.Job{Kind: hub.JobRunPlan, SubjectID: run.ID, Priority: priority(f)})
		tell(tx, "planning", f, run)
		tx.Audit(hub.Audit{Action: "sync.start", SubjectID: run.ID, Data: map[string]string{"syncId": f.ID}})
		return nil
	})
	return run, err
}

func (s *Service) checkPlan(plan *ent.SyncRun) error {
	switch {
	case plan.State == syncrun.StateSTALE:
		return hub.Errorf(hub.CodePlanStale, "planId", "the world changed since the plan was made; make a new one")
	case plan.State != syncrun.StatePLANNED:
		return hub.Errorf(hub.CodeConflict, "planId", "this is not a plan that waits to be started: it is %s", plan.State)
	case plan.PlannedAt == nil || s.now().Sub(*plan.PlannedAt) > planLife:
		return hub.Errorf(hub.CodePlanStale, "planId", "the plan is more than a day old; make a new one")
	}
	return nil
}

// begun says how a run begins.
type begun struct {
	trigger    syncrun.Trigger
	autostart  bool
	conflictID *string
}

func (s *Service) begin(ctx context.Context, syncID, action string, b begun) (*ent.SyncRun, error) {
	var run *ent.SyncRun
	err := s.store.InTx(ctx, func(ctx context.Context, tx *hub.Tx) error {
		f, err := s.free(ctx, tx, syncID)
		if err != nil {
			return err
		}
		if run, err = s.create(ctx, tx, f, b); err != nil {
			return err
		}
		if b.trigger != syncrun.TriggerCHANGE {
			tx.Audit(hub.Audit{Action: action, SubjectID: run.ID, Data: map[string]string{"syncId": f.ID}})
		}
		return nil
	})
	return run, err
}

// free returns the sync, locked, if a run of it may begin.
func (s *Service) free(ctx context.Context, tx *hub.Tx, syncID string) (*ent.FileSync, error) {
	f, err := lock(ctx, tx, "syncId", syncID)
	if err != nil {
		return nil, err
	}
	if f.ArchivedAt != nil {
		return nil, hub.Errorf(hub.CodeConflict, "syncId", "the sync was put away")
	}
	active, err := activeRun(ctx, tx.Client(), f.ID)
	if err != nil {
		return nil, err
	}
	if active != nil {
		return nil, hub.Errorf(hub.CodeAlreadyRunning, "syncId", "a run of this sync is not over: %s is %s", active.ID, active.State)
	}
	return f, nil
}

// create writes a run that is to be planned. The sync is locked and free.
func (s *Service) create(ctx context.Context, tx *hub.Tx, f *ent.FileSync, b begun) (*ent.SyncRun, error) {
	err := tx.SyncRun.Update().
		Where(syncrun.SyncID(f.ID), syncrun.StateEQ(syncrun.StatePLANNED), syncrun.PlannedAtLT(s.now().Add(-planLife))).
		SetState(syncrun.StateSTALE).SetReason("It was not started within a day.").SetFinishedAt(s.now()).Exec(ctx)
	if err != nil {
		return nil, fmt.Errorf("let old plans expire: %w", err)
	}
	viewer, _ := rule.From(ctx)
	run, err := tx.SyncRun.Create().SetOrganizationID(f.OrganizationID).SetSyncID(f.ID).
		SetTrigger(b.trigger).SetAutostart(b.autostart).SetNillableConflictID(b.conflictID).
		SetRequestedBy(viewer.UserID).Save(ctx)
	if err != nil {
		return nil, hub.Translate(err, "", "")
	}
	tx.Enqueue(hub.Job{Kind: hub.JobRunPlan, SubjectID: run.ID, Priority: priority(f)})
	if b.trigger != syncrun.TriggerCHANGE { // most changes come to nothing
		tell(tx, "planning", f, run)
	}
	return run, nil
}

// activeRun returns the sync's run that is not over, or nil.
func activeRun(ctx context.Context, client *ent.Client, syncID string) (*ent.SyncRun, error) {
	run, err := client.SyncRun.Query().
		Where(syncrun.SyncID(syncID), syncrun.StateIn(hub.ActiveRunStates()...)).First(ctx)
	if ent.IsNotFound(err) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("look for an active run: %w", err)
	}
	return run, nil
}

// Pause halts the sync's run. What is under way stops within seconds and resumes
// where it was.
func (s *Service) Pause(ctx context.Context, syncID string) (*ent.SyncRun, error) {
	return s.change(ctx, syncID, "sync.pause", func(ctx context.Context, tx *hub.Tx, f *ent.FileSync, run *ent.SyncRun) (*ent.SyncRun, error) {
		if run.State == syncrun.StatePAUSED {
			return run, nil
		}
		if run.State != syncrun.StateRUNNING {
			return nil, hub.Errorf(hub.CodeConflict, "syncId", "the run is still being planned; wait or cancel it")
		}
		if err := cancelJobs(ctx, tx, run.ID, job.StateREADY); err != nil {
			return nil, err
		}
		who, err := requester(ctx, tx)
		if err != nil {
			return nil, err
		}
		paused, err := run.Update().SetState(syncrun.StatePAUSED).SetReason("Paused by " + who + ".").Save(ctx)
		if err != nil {
			return nil, fmt.Errorf("pause run: %w", err)
		}
		tell(tx, "paused", f, paused)
		return paused, nil
	})
}

// Resume lets the sync's paused run go on.
func (s *Service) Resume(ctx context.Context, syncID string) (*ent.SyncRun, error) {
	return s.change(ctx, syncID, "sync.resume", func(ctx context.Context, tx *hub.Tx, f *ent.FileSync, run *ent.SyncRun) (*ent.SyncRun, error) {
		if run.State != syncrun.StatePAUSED {
			return nil, hub.Errorf(hub.CodeConflict, "syncId", "the run is not paused: it is %s", run.State)
		}
		// A worker that has not yet noticed the pause is fenced off.
		if err := cancelJobs(ctx, tx, run.ID, job.StateREADY, job.StateCLAIMED); err != nil {
			return nil, err
		}
		resumed, err := run.Update().SetState(syncrun.StateRUNNING).SetReason("").Save(ctx)
		if err != nil {
			return nil, fmt.Errorf("resume run: %w", err)
		}
		if err := enqueueOpen(ctx, tx, f, run.ID); err != nil {
			return nil, err
		}
		tell(tx, "resumed", f, resumed)
		return resumed, nil
	})
}

// Cancel ends the sync's run. What has arrived stays.
func (s *Service) Cancel(ctx context.Context, syncID string) (*ent.SyncRun, error) {
	return s.change(ctx, syncID, "sync.cancel", func(ctx context.Context, tx *hub.Tx, f *ent.FileSync, run *ent.SyncRun) (*ent.SyncRun, error) {
		// Claimed jobs notice by themselves, and clear away what they began.
		if err := cancelJobs(ctx, tx, run.ID, job.StateREADY); err != nil {
			return nil, err
		}
		if err := skipOpen(ctx, tx, run.ID, "The run was canceled."); err != nil {
			return nil, err
		}
		who, err := requester(ctx, tx)
		if err != nil {
			return nil, err
		}
		return s.end(ctx, tx, f, run, syncrun.StateCANCELED, "Canceled by "+who+".")
	})
}

// requester names the viewer for people.
func requester(ctx context.Context, tx *hub.Tx) (string, error) {
	viewer, _ := rule.From(ctx)
	if viewer.UserID == "" {
		return "the hub", nil
	}
	person, err := tx.User.Get(ctx, viewer.UserID)
	if err != nil {
		return "", fmt.Errorf("read who asks: %w", err)
	}
	return cmp.Or(person.Name, person.Email), nil
}

// change applies a person's wish to the sync's active run.
func (s *Service) change(
	ctx context.Context, syncID, action string,
	apply func(context.Context, *hub.Tx, *ent.FileSync, *ent.SyncRun) (*ent.SyncRun, error),
) (*ent.SyncRun, error) {
	var changed *ent.SyncRun
	err := s.store.InTx(ctx, func(ctx context.Context, tx *hub.Tx) error {
		f, err := lock(ctx, tx, "syncId", syncID)
		if err != nil {
			return err
		}
		run, err := activeRun(ctx, tx.Client(), f.ID)
		if err != nil {
			return err
		}
		if run == nil {
			return hub.Errorf(hub.CodeConflict, "syncId", "no run of this sync is active")
		}
		if changed, err = apply(ctx, tx, f, run); err != nil {
			return err
		}
		tx.Audit(hub.Audit{Action: action, SubjectID: run.ID, Data: map[string]string{"syncId": f.ID}})
		return nil
	})
	if err == nil && s.options.Interrupt != nil {
		s.options.Interrupt(ctx, changed.ID)
	}
	return changed, err
}

// skipOpen ends the run's operations that nobody will carry out.
func skipOpen(ctx context.Context, tx *hub.Tx, runID, reason string) error {
	err := tx.Transfer.Update().Where(transfer.RunID(runID), open()).
		SetState(transfer.StateSKIPPED).SetReason(reason).Exec(ctx)
	if err != nil {
		return fmt.Errorf("skip what is left: %w", err)
	}
	return nil
}

// open are the operations that are not over.
func open() predicate.Transfer {
	return transfer.StateIn(transfer.StatePLANNED, transfer.StateRUNNING)
}

func cancelJobs(ctx context.Context, tx *hub.Tx, runID string, states ...job.State) error {
	err := tx.Job.Update().Where(job.SubjectID(runID), job.StateIn(states...)).SetState(job.StateCANCELED).Exec(ctx)
	if err != nil {
		return fmt.Errorf("cancel the run's jobs: %w", err)
	}
	return nil
}

// enqueueOpen has the run's unfinished shards carried out, or the run closed if
// there is none.
func enqueueOpen(ctx context.Context, tx *hub.Tx, f *ent.FileSync, runID string) error {
	var shards []int
	err := tx.Transfer.Query().
		Where(transfer.RunID(runID), open()).
		Unique(true).Order(transfer.ByShard()).Select(transfer.FieldShard).Scan(ctx, &shards)
	if err != nil {
		return fmt.Errorf("find unfinished shards: %w", err)
	}
	for _, shard := range shards {
		tx.Enqueue(hub.Job{Kind: hub.JobRunShard, SubjectID: runID, Part: shard, Priority: priority(f)})
	}
	if len(shards) == 0 {
		tx.Enqueue(hub.Job{Kind: hub.JobRunFinish, SubjectID: runID, Priority: priority(f)})
	}
	return nil
}

// tell emits what happened to the run.
func tell(tx *hub.Tx, happened string, f *ent.FileSync, run *ent.SyncRun) {
	tx.Emit(hub.Event{Type: "run." + happened, SubjectID: run.ID, WeddingID: f.WeddingID, Data: map[string]any{
		"syncId": f.ID, "state": run.State, "trigger": run.Trigger, "reason": run.Reason,
		"operations": run.Operations, "bytesTotal": run.BytesTotal,
	}})
}

// end writes the run's last state with its report and has decisions carried out
// that were made while it was active.
func (s *Service) end(ctx context.Context, tx *hub.Tx, f *ent.FileSync, run *ent.SyncRun, state syncrun.State, reason string) (*ent.SyncRun, error) {
	update := run.Update().SetState(state).SetReason(cut(reason, 2000)).SetFinishedAt(s.now())
	if run.StartedAt != nil {
		report, err := s.report(ctx, tx.Client(), f, run)
		if err != nil {
			return nil, err
		}
		update.SetReport(report)
	}
	over, err := update.Save(ctx)
	if err != nil {
		return nil, fmt.Errorf("end run: %w", err)
	}
	tell(tx, strings.ToLower(string(state)), f, over)
	if state == syncrun.StateCANCELED {
		return over, nil
	}
	return over, s.followUp(ctx, tx, f, over)
}

// AwaitPlanned waits until the run is no longer PLANNING or STARTING. It returns
// the run as it is if ctx reaches its deadline before.
func (s *Service) AwaitPlanned(ctx context.Context, runID string) (*ent.SyncRun, error) {
	wait := time.NewTimer(0)
	defer wait.Stop()
	var last *ent.SyncRun
	for pause := 25 * time.Millisecond; ; pause = min(pause*2, 250*time.Millisecond) {
		select {
		case <-wait.C:
		case <-ctx.Done():
			if last != nil && context.Cause(ctx) == context.DeadlineExceeded {
				return last, nil
			}
			return nil, ctx.Err()
		}
		run, err := s.store.Client().SyncRun.Get(ctx, runID)
		if ctx.Err() != nil {
			continue // the select above ends the wait
		}
		if err != nil {
			return nil, hub.Translate(err, "runId", runID)
		}
		if run.State != syncrun.StatePLANNING && run.State != syncrun.StateSTARTING {
			return run, nil
		}
		last = run
		wait.Reset(pause)
	}
}
