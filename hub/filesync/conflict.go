package filesync

import (
	"context"
	"fmt"

	"github.com/wedsync/wedsync/connectors"
	"github.com/wedsync/wedsync/ent"
	"github.com/wedsync/wedsync/ent/conflict"
	entsync "github.com/wedsync/wedsync/ent/filesync"
	"github.com/wedsync/wedsync/ent/rule"
	"github.com/wedsync/wedsync/ent/syncrun"
	"github.com/wedsync/wedsync/hub"
)

// Resolve decides one conflict.
type Resolve struct {
	ConflictID string
	// Resolution is SOURCE, TARGET or KEEP_BOTH.
	Resolution conflict.Resolution
}

// ResolveConflict notes a person's decision and starts a run that carries it out.
// While another run is active the decision is carried out right after that.
func (s *Service) ResolveConflict(ctx context.Context, in Resolve) (*ent.Conflict, error) {
	var decided *ent.Conflict
	err := s.store.InTx(ctx, func(ctx context.Context, tx *hub.Tx) error {
		c, err := tx.Conflict.Get(ctx, in.ConflictID)
		if err != nil {
			return hub.Translate(err, "id", in.ConflictID)
		}
		f, err := lock(ctx, tx, "id", c.SyncID)
		if err != nil {
			return err
		}
		if c, err = tx.Conflict.Get(ctx, in.ConflictID); err != nil {
			return fmt.Errorf("read conflict: %w", err)
		}
		if c.State == conflict.StateRESOLVED {
			return hub.Errorf(hub.CodeConflict, "id", "the conflict is settled already")
		}
		if err := s.checkChoice(ctx, tx, f, in.Resolution); err != nil {
			return err
		}
		viewer, _ := rule.From(ctx)
		decided, err = c.Update().SetState(conflict.StateRESOLVING).
			SetResolution(in.Resolution).SetResolvedBy(viewer.Actor()).Save(ctx)
		if err != nil {
			return hub.Translate(err, "id", in.ConflictID)
		}
		tx.Audit(hub.Audit{Action: "conflict.resolve", SubjectID: c.ID, Data: map[string]any{"resolution": in.Resolution}})
		return s.carryOut(ctx, tx, f, &c.ID)
	})
	return decided, err
}

// ResolveConflicts decides all open conflicts of a sync alike and returns how
// many there were.
func (s *Service) ResolveConflicts(ctx context.Context, syncID string, resolution conflict.Resolution) (int, error) {
	var n int
	err := s.store.InTx(ctx, func(ctx context.Context, tx *hub.Tx) error {
		f, err := lock(ctx, tx, "syncId", syncID)
		if err != nil {
			return err
		}
		if err := s.checkChoice(ctx, tx, f, resolution); err != nil {
			return err
		}
		viewer, _ := rule.From(ctx)
		n, err = tx.Conflict.Update().
			Where(conflict.SyncID(f.ID), conflict.StateEQ(conflict.StateOPEN)).
			SetState(conflict.StateRESOLVING).SetResolution(resolution).SetResolvedBy(viewer.Actor()).Save(ctx)
		if err != nil {
			return hub.Translate(err, "syncId", syncID)
		}
		tx.Audit(hub.Audit{Action: "conflicts.resolve", SubjectID: f.ID, Data: map[string]any{"resolution": resolution, "decided": n}})
		if n == 0 {
			return nil
		}
		return s.carryOut(ctx, tx, f, nil)
	})
	return n, err
}

func (s *Service) checkChoice(ctx context.Context, tx *hub.Tx, f *ent.FileSync, r conflict.Resolution) error {
	if f.ArchivedAt != nil {
		return hub.Errorf(hub.CodeConflict, "", "the sync was put away")
	}
	switch r {
	case conflict.ResolutionSOURCE, conflict.ResolutionKEEP_BOTH:
		return nil
	case conflict.ResolutionTARGET:
		c, err := tx.Connection.Get(ctx, f.SourceID)
		if err != nil {
			return hub.Translate(err, "", f.SourceID)
		}
		return s.checkRoles(place{field: "choice", needs: []need{{connectors.RoleSink, "take the target's content"}}}, c.Provider)
	}
	return hub.Errorf(hub.CodeInvalid, "choice", "must be SOURCE, TARGET or KEEP_BOTH")
}

// strategies are the names under which conflicts are settled without a person.
func strategies() []string {
	return []string{
		string(entsync.ConflictStrategySOURCE_WINS), string(entsync.ConflictStrategyTARGET_WINS),
		string(entsync.ConflictStrategyNEWEST), string(entsync.ConflictStrategyLARGEST),
		string(entsync.ConflictStrategyKEEP_BOTH),
	}
}

// carryOut starts a run for the decisions that were made, of one conflict or of
// all, unless a run is active; that one's end calls followUp.
func (s *Service) carryOut(ctx context.Context, tx *hub.Tx, f *ent.FileSync, conflictID *string) error {
	active, err := activeRun(ctx, tx.Client(), f.ID)
	if err != nil || active != nil {
		return err
	}
	_, err = s.create(ctx, tx, f, begun{trigger: syncrun.TriggerRESOLVE, autostart: true, conflictID: conflictID})
	return err
}

// followUp starts a run for the decisions that people made since the run that is
// over began. Older ones were tried by it: they wait for the next run.
func (s *Service) followUp(ctx context.Context, tx *hub.Tx, f *ent.FileSync, over *ent.SyncRun) error {
	ids, err := tx.Conflict.Query().
		Where(conflict.SyncID(f.ID), conflict.StateEQ(conflict.StateRESOLVING), conflict.UpdatedAtGT(over.CreatedAt),
			conflict.ResolvedByNotIn(strategies()...)).
		Limit(2).IDs(ctx)
	if err != nil {
		return fmt.Errorf("look for decisions: %w", err)
	}
	switch len(ids) {
	case 0:
		return nil
	case 1:
		return s.carryOut(ctx, tx, f, &ids[0])
	}
	return s.carryOut(ctx, tx, f, nil)
}
