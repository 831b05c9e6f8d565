package graph

import (
	"context"

	"github.com/wedsync/wedsync/ent"
	"github.com/wedsync/wedsync/ent/detail"
	"github.com/wedsync/wedsync/ent/syncrun"
	"github.com/wedsync/wedsync/ent/transfer"
	"github.com/wedsync/wedsync/graph/model"
	"github.com/wedsync/wedsync/hub/event"
)

func (r queryResolver) Runs(ctx context.Context, first int, after, syncID *string, states []syncrun.State) (*model.RunConnection, error) {
	q := r.client.SyncRun.Query()
	if syncID != nil {
		q.Where(syncrun.SyncID(*syncID))
	}
	if states != nil {
		q.Where(syncrun.StateIn(states...))
	}
	return pageOfRuns(ctx, q, first, after)
}

func (r queryResolver) Run(ctx context.Context, id string) (*ent.SyncRun, error) {
	return optional(ctx, load(ctx).runs, id)
}

func (r runResolver) Sync(ctx context.Context, run *ent.SyncRun) (*ent.FileSync, error) {
	return load(ctx).syncs.Load(ctx, run.SyncID)
}

func (r runResolver) Conflict(ctx context.Context, run *ent.SyncRun) (*ent.Conflict, error) {
	if run.ConflictID == nil {
		return nil, nil
	}
	return optional(ctx, load(ctx).conflicts, *run.ConflictID)
}

func (r runResolver) RequestedBy(ctx context.Context, run *ent.SyncRun) (*ent.User, error) {
	return optional(ctx, load(ctx).users, run.RequestedBy)
}

func (r runResolver) Totals(_ context.Context, run *ent.SyncRun) (*detail.RunTotals, error) {
	if run.PlannedAt == nil {
		return nil, nil
	}
	return &run.Totals, nil
}

func (r runResolver) Report(_ context.Context, run *ent.SyncRun) (*detail.RunReport, error) {
	if run.StartedAt == nil || run.FinishedAt == nil {
		return nil, nil
	}
	return &run.Report, nil
}

func (r runResolver) Transfers(ctx context.Context, run *ent.SyncRun, first int, after *string, states []transfer.State, kinds []transfer.Kind, path, targetID *string) (*model.TransferConnection, error) {
	q := r.client.Transfer.Query().Where(transfer.RunID(run.ID))
	if states != nil {
		q.Where(transfer.StateIn(states...))
	}
	if kinds != nil {
		q.Where(transfer.KindIn(kinds...))
	}
	if path != nil {
		q.Where(transfer.Path(*path))
	}
	if targetID != nil {
		q.Where(transfer.TargetID(*targetID))
	}
	return pageOfTransfers(ctx, q, first, after)
}

func (r transferResolver) Run(ctx context.Context, t *ent.Transfer) (*ent.SyncRun, error) {
	return load(ctx).runs.Load(ctx, t.RunID)
}

func (r transferResolver) Target(ctx context.Context, t *ent.Transfer) (*ent.SyncTarget, error) {
	if t.TargetID == nil {
		return nil, nil
	}
	return load(ctx).targets.Load(ctx, *t.TargetID)
}

func (r runProgressResolver) State(_ context.Context, v *event.RunView) (syncrun.State, error) {
	return v.Run.State, nil
}

func (r runProgressResolver) RemainingMs(_ context.Context, v *event.RunView) (*int64, error) {
	if v.Remaining == nil {
		return nil, nil
	}
	ms := v.Remaining.Milliseconds()
	return &ms, nil
}
