package graph

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/wedsync/wedsync/ent"
	"github.com/wedsync/wedsync/ent/syncrun"
	"github.com/wedsync/wedsync/graph/generated"
	"github.com/wedsync/wedsync/hub"
	"github.com/wedsync/wedsync/hub/filesync"
)

// planFor is how long a mutation waits for a plan before it answers without.
const planFor = 25 * time.Second

func (r mutationResolver) SyncCreate(ctx context.Context, in generated.SyncCreateInput) (*generated.SyncCreatePayload, error) {
	s, mistakes, err := settle(once(ctx, r.Resolver, "syncCreate", in.IdempotencyKey, in,
		func(ctx context.Context) (*ent.FileSync, error) {
			return r.hub.Syncs.Create(ctx, filesync.Create{
				WeddingID: in.WeddingID, Name: in.Name, SourceID: in.SourceID, SourcePath: in.SourcePath,
				Targets: targets(in.Targets), Mode: in.Mode, Include: in.Include, Exclude: in.Exclude,
				Verification: in.Verification, ConflictStrategy: in.ConflictStrategy, DeleteMode: in.DeleteMode,
				MaxDeletePercent: in.MaxDeletePercent, AllowEmptySource: in.AllowEmptySource, Priority: in.Priority,
			})
		},
		func(ctx context.Context, a hub.Answer) (*ent.FileSync, error) {
			return found(load(ctx).syncs.Load(ctx, a.SubjectID))
		}))
	return &generated.SyncCreatePayload{Sync: s, UserErrors: mistakes}, err
}

func (r mutationResolver) SyncUpdate(ctx context.Context, in generated.SyncUpdateInput) (*generated.SyncUpdatePayload, error) {
	s, mistakes, err := settle(r.hub.Syncs.Update(ctx, filesync.Update{
		ID: in.ID, Name: in.Name, Targets: targets(in.Targets), Mode: in.Mode, Include: in.Include, Exclude: in.Exclude,
		Verification: in.Verification, ConflictStrategy: in.ConflictStrategy, DeleteMode: in.DeleteMode,
		MaxDeletePercent: in.MaxDeletePercent, AllowEmptySource: in.AllowEmptySource, Priority: in.Priority,
	}))
	return &generated.SyncUpdatePayload{Sync: s, UserErrors: mistakes}, err
}

// targets keeps nil, which leaves the targets as they are, apart from none.
func targets(in []*generated.SyncTargetInput) []filesync.Target {
	if in == nil {
		return nil
	}
	out := make([]filesync.Target, len(in))
	for i, t := range in {
		out[i] = filesync.Target{ConnectionID: t.ConnectionID, Path: t.Path}
	}
	return out
}

func (r mutationResolver) SyncArchive(ctx context.Context, in generated.SyncArchiveInput) (*generated.SyncArchivePayload, error) {
	s, mistakes, err := settle(r.hub.Syncs.Archive(ctx, in.ID))
	return &generated.SyncArchivePayload{Sync: s, UserErrors: mistakes}, err
}

func (r mutationResolver) SyncPlan(ctx context.Context, in generated.SyncPlanInput) (*generated.SyncPlanPayload, error) {
	run, mistakes, err := settle(r.awaited(ctx)(once(ctx, r.Resolver, "syncPlan", in.IdempotencyKey, in,
		func(ctx context.Context) (*ent.SyncRun, error) { return r.hub.Syncs.Plan(ctx, in.SyncID) },
		r.runAgain)))
	return &generated.SyncPlanPayload{Run: run, UserErrors: mistakes}, err
}

func (r mutationResolver) SyncStart(ctx context.Context, in generated.SyncStartInput) (*generated.SyncStartPayload, error) {
	run, err := once(ctx, r.Resolver, "syncStart", in.IdempotencyKey, in,
		func(ctx context.Context) (*ent.SyncRun, error) {
			return r.hub.Syncs.Start(ctx, filesync.StartInput{SyncID: in.SyncID, PlanID: deref(in.PlanID)})
		},
		r.runAgain)
	if in.PlanID != nil { // one that goes on at once has nothing to wait for
		run, err = r.awaited(ctx)(run, err)
	}
	if err == nil && run.State == syncrun.StateSTALE {
		err = hub.Errorf(hub.CodePlanStale, "planId", "%s", run.Reason)
	}
	run, mistakes, err := settle(run, err)
	return &generated.SyncStartPayload{Run: run, UserErrors: mistakes}, err
}

func (r mutationResolver) SyncPause(ctx context.Context, in generated.SyncPauseInput) (*generated.SyncPausePayload, error) {
	run, mistakes, err := settle(r.hub.Syncs.Pause(ctx, in.SyncID))
	return &generated.SyncPausePayload{Run: run, UserErrors: mistakes}, err
}

func (r mutationResolver) SyncResume(ctx context.Context, in generated.SyncResumeInput) (*generated.SyncResumePayload, error) {
	run, mistakes, err := settle(once(ctx, r.Resolver, "syncResume", in.IdempotencyKey, in,
		func(ctx context.Context) (*ent.SyncRun, error) { return r.hub.Syncs.Resume(ctx, in.SyncID) },
		r.runAgain))
	return &generated.SyncResumePayload{Run: run, UserErrors: mistakes}, err
}

func (r mutationResolver) SyncCancel(ctx context.Context, in generated.SyncCancelInput) (*generated.SyncCancelPayload, error) {
	run, mistakes, err := settle(r.hub.Syncs.Cancel(ctx, in.SyncID))
	return &generated.SyncCancelPayload{Run: run, UserErrors: mistakes}, err
}

func (r mutationResolver) runAgain(ctx context.Context, a hub.Answer) (*ent.SyncRun, error) {
	return found(load(ctx).runs.Load(ctx, a.SubjectID))
}

// awaited waits a while for the run's plan to be made or compared, and returns
// the run as it then is.
func (r mutationResolver) awaited(ctx context.Context) func(*ent.SyncRun, error) (*ent.SyncRun, error) {
	return func(run *ent.SyncRun, err error) (*ent.SyncRun, error) {
		if err != nil {
			return nil, err
		}
		ctx, cancel := context.WithTimeout(ctx, planFor)
		defer cancel()
		return r.hub.Syncs.AwaitPlanned(ctx, run.ID)
	}
}

func (r mutationResolver) ConflictResolve(ctx context.Context, in generated.ConflictResolveInput) (*generated.ConflictResolvePayload, error) {
	c, mistakes, err := settle(once(ctx, r.Resolver, "conflictResolve", in.IdempotencyKey, in,
		func(ctx context.Context) (*ent.Conflict, error) {
			return r.hub.Syncs.ResolveConflict(ctx, filesync.Resolve{ConflictID: in.ID, Resolution: in.Choice})
		},
		func(ctx context.Context, a hub.Answer) (*ent.Conflict, error) {
			return found(load(ctx).conflicts.Load(ctx, a.SubjectID))
		}))
	return &generated.ConflictResolvePayload{Conflict: c, UserErrors: mistakes}, err
}

// decided is what became of the conflicts of a sync.
type decided struct {
	Decided *int `json:"decided"`
	sync    *ent.FileSync
}

func (r mutationResolver) ConflictsResolve(ctx context.Context, in generated.ConflictsResolveInput) (*generated.ConflictsResolvePayload, error) {
	d, mistakes, err := settle(once(ctx, r.Resolver, "conflictsResolve", in.IdempotencyKey, in,
		func(ctx context.Context) (d decided, err error) {
			n, err := r.hub.Syncs.ResolveConflicts(ctx, in.SyncID, in.Choice)
			if err != nil {
				return d, err
			}
			d.Decided = &n
			d.sync, err = found(load(ctx).syncs.Load(ctx, in.SyncID))
			return d, err
		},
		func(ctx context.Context, a hub.Answer) (d decided, err error) {
			d.sync, err = found(load(ctx).syncs.Load(ctx, a.SubjectID))
			if bad := json.Unmarshal(a.Data, &d); bad != nil {
				err = errors.Join(err, fmt.Errorf("decode what was decided: %w", bad))
			}
			return d, err
		}))
	return &generated.ConflictsResolvePayload{Decided: d.Decided, Sync: d.sync, UserErrors: mistakes}, err
}

// deref makes a missing text empty.
func deref(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}
