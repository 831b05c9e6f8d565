package graph

import (
	"context"

	"github.com/wedsync/wedsync/ent"
	"github.com/wedsync/wedsync/ent/conflict"
	"github.com/wedsync/wedsync/ent/file"
	"github.com/wedsync/wedsync/ent/filesync"
	"github.com/wedsync/wedsync/ent/syncrun"
	"github.com/wedsync/wedsync/graph/model"
)

func (r queryResolver) Syncs(ctx context.Context, first int, after, weddingID *string, archived bool) (*model.SyncConnection, error) {
	q := r.client.FileSync.Query()
	if weddingID != nil {
		q.Where(filesync.WeddingID(*weddingID))
	}
	if archived {
		q.Where(filesync.ArchivedAtNotNil())
	} else {
		q.Where(filesync.ArchivedAtIsNil())
	}
	return pageOfSyncs(ctx, q, first, after)
}

func (r queryResolver) Sync(ctx context.Context, id string) (*ent.FileSync, error) {
	return optional(ctx, load(ctx).syncs, id)
}

func (r syncResolver) Wedding(ctx context.Context, s *ent.FileSync) (*ent.Wedding, error) {
	return load(ctx).weddings.Load(ctx, s.WeddingID)
}

func (r syncResolver) Source(ctx context.Context, s *ent.FileSync) (*ent.Connection, error) {
	return load(ctx).connections.Load(ctx, s.SourceID)
}

func (r syncResolver) Targets(ctx context.Context, s *ent.FileSync) ([]*ent.SyncTarget, error) {
	return load(ctx).targetsOf.Load(ctx, s.ID)
}

func (r syncResolver) ActiveRun(ctx context.Context, s *ent.FileSync) (*ent.SyncRun, error) {
	active, err := load(ctx).activeOf.Load(ctx, s.ID)
	if err != nil || len(active) == 0 {
		return nil, err
	}
	return active[0], nil
}

func (r syncResolver) Runs(ctx context.Context, s *ent.FileSync, first int, after *string) (*model.RunConnection, error) {
	return pageOfRuns(ctx, r.client.SyncRun.Query().Where(syncrun.SyncID(s.ID)), first, after)
}

func (r syncResolver) Files(ctx context.Context, s *ent.FileSync, first int, after *string) (*model.FileConnection, error) {
	return pageOfFiles(ctx, r.client.File.Query().Where(file.SyncID(s.ID), file.DeletedAtIsNil()), first, after)
}

func (r syncResolver) Conflicts(ctx context.Context, s *ent.FileSync, first int, after *string, state *conflict.State) (*model.ConflictConnection, error) {
	q := r.client.Conflict.Query().Where(conflict.SyncID(s.ID))
	if state != nil {
		q.Where(conflict.StateEQ(*state))
	}
	return pageOfConflicts(ctx, q, first, after)
}

func (r syncTargetResolver) Sync(ctx context.Context, t *ent.SyncTarget) (*ent.FileSync, error) {
	return load(ctx).syncs.Load(ctx, t.SyncID)
}

func (r syncTargetResolver) Connection(ctx context.Context, t *ent.SyncTarget) (*ent.Connection, error) {
	return load(ctx).connections.Load(ctx, t.ConnectionID)
}
