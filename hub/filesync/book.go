package filesync

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/wedsync/wedsync/ent"
	"github.com/wedsync/wedsync/ent/conflict"
	"github.com/wedsync/wedsync/ent/detail"
	"github.com/wedsync/wedsync/ent/transfer"
	"github.com/wedsync/wedsync/hub"
	"github.com/wedsync/wedsync/hub/filesync/reconcile"
)

// byStrategy reports whether the conflict was decided without a person.
func byStrategy(row *ent.Conflict) bool { return slices.Contains(strategies(), row.ResolvedBy) }

// booked is a conflict as the plan wants it in the books.
type booked struct {
	reconcile.Place
	reconcile.Conflict
}

// conflictsOf returns the conflicts that the plan shows, settles or has settled by
// another target. Comparisons may not become any.
func conflictsOf(p reconcile.Plan) []booked {
	var out []booked
	for _, op := range p.Operations {
		if op.Conflict != nil && op.Kind != transfer.KindCOMPARE {
			out = append(out, booked{reconcile.Place{TargetID: op.TargetID, Path: op.Path}, *op.Conflict})
		}
	}
	for _, l := range p.Lost {
		out = append(out, booked{reconcile.Place{TargetID: l.TargetID, Path: l.Path}, l.Conflict})
	}
	return out
}

// newsOf reports whether the plan has conflicts that are not in the books yet, or
// the books conflicts that are no more.
func (w *world) newsOf(p reconcile.Plan) bool {
	lasting := lasts(p)
	for place := range w.pending {
		if !lasting[place] {
			return true
		}
	}
	return slices.ContainsFunc(conflictsOf(p), func(c booked) bool { return w.pending[c.Place] == nil })
}

// lasts are the places where there is a conflict, or the plan does not say that
// there is none.
func lasts(p reconcile.Plan) map[reconcile.Place]bool {
	out := maps.Clone(p.Waiting)
	for _, c := range conflictsOf(p) {
		out[c.Place] = true
	}
	for _, op := range p.Operations {
		if op.Kind == transfer.KindCOMPARE || op.Kind == transfer.KindREFUSE {
			out[reconcile.Place{TargetID: op.TargetID, Path: op.Path}] = true
		}
	}
	return out
}

// bookConflicts brings the books in line with the plan of a run that starts: each
// of its conflicts has one unsettled row, and conflicts that are no more are
// closed.
// What a person decided since the plan looked is left for the next run.
func (s *Service) bookConflicts(ctx context.Context, tx *hub.Tx, run *ent.SyncRun, w *world, p reconcile.Plan) error {
	pending, err := unsettledOf(ctx, tx.Client(), run.SyncID)
	if err != nil {
		return err
	}
	var fresh []*ent.ConflictCreate
	for _, c := range conflictsOf(p) {
		old := pending[c.Place]
		if old != nil && !w.saw(old) {
			continue
		}
		if old != nil && old.Kind == c.Kind {
			if err := s.rebook(ctx, tx, w, old, c); err != nil {
				return err
			}
			continue
		}
		if old != nil {
			if err := s.close(ctx, tx, w, old); err != nil {
				return err
			}
		}
		fresh = append(fresh, s.enter(tx, run, w, c))
	}
	for chunk := range slices.Chunk(fresh, bulkRows) {
		rows, err := tx.Conflict.CreateBulk(chunk...).Save(ctx)
		if err != nil {
			return fmt.Errorf("write conflicts: %w", err)
		}
		for _, row := range rows {
			opened(tx, w, row)
		}
	}
	lasting := lasts(p)
	for place, row := range pending {
		if lasting[place] || !w.saw(row) {
			continue
		}
		if err := s.close(ctx, tx, w, row); err != nil {
			return err
		}
	}
	return nil
}

// saw reports whether the conflict is as it was when the plan was made.
func (w *world) saw(row *ent.Conflict) bool {
	was := w.pending[reconcile.Place{TargetID: row.TargetID, Path: row.Path}]
	return was != nil && was.ID == row.ID && was.UpdatedAt.Equal(row.UpdatedAt)
}

// unsettledOf returns the sync's unsettled conflicts; of several about one place,
// the latest.
func unsettledOf(ctx context.Context, client *ent.Client, syncID string) (map[reconcile.Place]*ent.Conflict, error) {
	rows, err := client.Conflict.Query().
		Where(conflict.SyncID(syncID), conflict.StateIn(conflict.StateOPEN, conflict.StateRESOLVING)).
		Order(conflict.ByID()).All(ctx)
	if err != nil {
		return nil, fmt.Errorf("read conflicts: %w", err)
	}
	out := make(map[reconcile.Place]*ent.Conflict, len(rows))
	for _, row := range rows {
		out[reconcile.Place{TargetID: row.TargetID, Path: row.Path}] = row
	}
	return out, nil
}

// state is how the plan wants the conflict's row.
func (c booked) state() conflict.State {
	if c.Resolution == "" {
		return conflict.StateOPEN
	}
	return conflict.StateRESOLVING
}

func (s *Service) enter(tx *hub.Tx, run *ent.SyncRun, w *world, c booked) *ent.ConflictCreate {
	create := tx.Conflict.Create().SetOrganizationID(run.OrganizationID).SetWeddingID(w.sync.WeddingID).
		SetSyncID(run.SyncID).SetTargetID(c.TargetID).SetRunID(run.ID).SetPath(c.Path).
		SetKind(c.Kind).SetSource(c.Source).SetTarget(c.Target).SetState(c.state())
	if c.Resolution != "" {
		create.SetResolution(c.Resolution).SetResolvedBy(string(w.sync.ConflictStrategy))
	}
	return create
}

// rebook updates an unsettled conflict if the plan sees it in another way. What a
// person decided stays as it was decided.
func (s *Service) rebook(ctx context.Context, tx *hub.Tx, w *world, old *ent.Conflict, c booked) error {
	settled := c.Resolution != "" && old.Resolution != nil && *old.Resolution == c.Resolution
	if old.State == c.state() && (c.Resolution == "" || settled) && (c.ByPerson || sameSide(old.Source, c.Source) && sameSide(old.Target, c.Target)) {
		return nil
	}
	update := old.Update().SetSource(c.Source).SetTarget(c.Target).SetState(c.state())
	if c.Resolution == "" {
		update.ClearResolution().SetResolvedBy("")
	} else {
		update.SetResolution(c.Resolution).SetResolvedBy(string(w.sync.ConflictStrategy))
	}
	row, err := update.Save(ctx)
	if err != nil {
		return fmt.Errorf("update conflict: %w", err)
	}
	if old.State != row.State {
		opened(tx, w, row)
	}
	return nil
}

func sameSide(a, b detail.Side) bool {
	return a.Revision == b.Revision && a.Size == b.Size && a.SHA256 == b.SHA256 && a.ModTime.Equal(b.ModTime)
}

// opened tells that a conflict waits for a decision, if it does.
func opened(tx *hub.Tx, w *world, row *ent.Conflict) {
	if row.State != conflict.StateOPEN {
		return
	}
	tx.Emit(hub.Event{Type: "conflict.opened", SubjectID: row.ID, WeddingID: w.sync.WeddingID, Data: map[string]any{
		"syncId": row.SyncID, "targetId": row.TargetID, "path": row.Path, "kind": row.Kind,
	}})
}

// close settles a conflict that is no more.
func (s *Service) close(ctx context.Context, tx *hub.Tx, w *world, row *ent.Conflict) error {
	err := row.Update().SetState(conflict.StateRESOLVED).SetResolution(conflict.ResolutionGONE).
		SetResolvedBy("").SetResolvedAt(s.now()).Exec(ctx)
	if err != nil {
		return fmt.Errorf("close conflict: %w", err)
	}
	tx.Emit(hub.Event{Type: "conflict.resolved", SubjectID: row.ID, WeddingID: w.sync.WeddingID, Data: map[string]any{
		"syncId": row.SyncID, "targetId": row.TargetID, "path": row.Path, "resolution": conflict.ResolutionGONE,
	}})
	return nil
}
