package graph

import (
	"context"

	"github.com/wedsync/wedsync/ent"
	"github.com/wedsync/wedsync/ent/conflict"
	"github.com/wedsync/wedsync/ent/detail"
	"github.com/wedsync/wedsync/graph/model"
)

func (r queryResolver) Conflicts(ctx context.Context, first int, after *string, state *conflict.State, syncID, weddingID *string) (*model.ConflictConnection, error) {
	q := r.client.Conflict.Query()
	if state != nil {
		q.Where(conflict.StateEQ(*state))
	}
	if syncID != nil {
		q.Where(conflict.SyncID(*syncID))
	}
	if weddingID != nil {
		q.Where(conflict.WeddingID(*weddingID))
	}
	return pageOfConflicts(ctx, q, first, after)
}

func (r queryResolver) Conflict(ctx context.Context, id string) (*ent.Conflict, error) {
	return optional(ctx, load(ctx).conflicts, id)
}

func (r conflictResolver) Wedding(ctx context.Context, c *ent.Conflict) (*ent.Wedding, error) {
	return load(ctx).weddings.Load(ctx, c.WeddingID)
}

func (r conflictResolver) Sync(ctx context.Context, c *ent.Conflict) (*ent.FileSync, error) {
	return load(ctx).syncs.Load(ctx, c.SyncID)
}

func (r conflictResolver) Target(ctx context.Context, c *ent.Conflict) (*ent.SyncTarget, error) {
	return load(ctx).targets.Load(ctx, c.TargetID)
}

func (r conflictResolver) Run(ctx context.Context, c *ent.Conflict) (*ent.SyncRun, error) {
	return load(ctx).runs.Load(ctx, c.RunID)
}

func (r conflictResolver) SourceSide(_ context.Context, c *ent.Conflict) (*detail.Side, error) {
	return held(c.Source), nil
}

func (r conflictResolver) TargetSide(_ context.Context, c *ent.Conflict) (*detail.Side, error) {
	return held(c.Target), nil
}

// held is null where a side had nothing.
func held(s detail.Side) *detail.Side {
	if s.Revision == "" {
		return nil
	}
	return &s
}
