package filesync

import (
	"context"
	"fmt"
	"slices"

	"entgo.io/ent/dialect/sql"

	"github.com/wedsync/wedsync/ent"
	"github.com/wedsync/wedsync/ent/conflict"
	"github.com/wedsync/wedsync/ent/detail"
	"github.com/wedsync/wedsync/ent/syncrun"
	"github.com/wedsync/wedsync/ent/transfer"
	"github.com/wedsync/wedsync/hub"
)

// HandleFinish closes the job's run once none of its operations is left. Closing
// it again, or too early, changes nothing.
func (s *Service) HandleFinish(ctx context.Context, j *ent.Job) error {
	return s.store.InTx(ctx, func(ctx context.Context, tx *hub.Tx) error {
		f, run, err := lockRun(ctx, tx, j.SubjectID)
		if err != nil || run == nil {
			return err
		}
		if run.State != syncrun.StateRUNNING {
			return nil
		}
		left, err := tx.Transfer.Query().Where(transfer.RunID(run.ID), open()).Exist(ctx)
		if err != nil {
			return fmt.Errorf("look for open operations: %w", err)
		}
		if left {
			return nil
		}
		state := syncrun.StateCOMPLETED
		imperfect, err := tx.Transfer.Query().
			Where(transfer.RunID(run.ID), transfer.StateNEQ(transfer.StateDONE)).Exist(ctx)
		if err != nil {
			return fmt.Errorf("look for imperfect operations: %w", err)
		}
		if imperfect {
			state = syncrun.StatePARTIAL
		}
		_, err = s.end(ctx, tx, f, run, state, "")
		return err
	})
}

// GiveUp is called when the job of a run is not tried again: the run has failed.
func (s *Service) GiveUp(ctx context.Context, j *ent.Job, cause error) error {
	return s.fail(ctx, j.SubjectID, words(cause))
}

// fail ends a run that cannot be planned or carried out.
func (s *Service) fail(ctx context.Context, runID, reason string) error {
	return s.store.InTx(ctx, func(ctx context.Context, tx *hub.Tx) error {
		f, run, err := lockRun(ctx, tx, runID)
		if err != nil || run == nil {
			return err
		}
		if !slices.Contains(hub.ActiveRunStates(), run.State) {
			return nil
		}
		if err := skipOpen(ctx, tx, run.ID, "The run failed."); err != nil {
			return err
		}
		_, err = s.end(ctx, tx, f, run, syncrun.StateFAILED, reason)
		return err
	})
}

// lockRun returns the run and its sync, which stays locked; nil if the run is no
// more.
func lockRun(ctx context.Context, tx *hub.Tx, runID string) (*ent.FileSync, *ent.SyncRun, error) {
	run, err := tx.SyncRun.Get(ctx, runID)
	if ent.IsNotFound(err) {
		return nil, nil, nil
	}
	if err != nil {
		return nil, nil, fmt.Errorf("read run: %w", err)
	}
	f, err := lock(ctx, tx, "", run.SyncID)
	if err != nil {
		return nil, nil, err
	}
	run, err = tx.SyncRun.Get(ctx, runID)
	if ent.IsNotFound(err) {
		return nil, nil, nil
	}
	if err != nil {
		return nil, nil, fmt.Errorf("read run: %w", err)
	}
	return f, run, nil
}

// tally is how many operations of one kind ended in one way.
type tally struct {
	TargetID  string            `json:"target_id"`
	Kind      transfer.Kind     `json:"kind"`
	State     transfer.State    `json:"state"`
	ErrorKind string            `json:"error_kind"`
	Verified  transfer.Verified `json:"verified"`
	Count     int               `json:"count"`
	Moved     int64             `json:"moved"`
	Bytes     int64             `json:"bytes"`
}

// report sums up what came of the run so far.
func (s *Service) report(ctx context.Context, client *ent.Client, f *ent.FileSync, run *ent.SyncRun) (detail.RunReport, error) {
	var tallies []tally
	err := client.Transfer.Query().Where(transfer.RunID(run.ID)).
		GroupBy(transfer.FieldTargetID, transfer.FieldKind, transfer.FieldState, transfer.FieldErrorKind, transfer.FieldVerified).
		Aggregate(
			ent.As(ent.Count(), "count"),
			sum(transfer.FieldMoved, "moved"),
			sum(transfer.FieldBytes, "bytes"),
		).Scan(ctx, &tallies)
	if err != nil {
		return detail.RunReport{}, fmt.Errorf("sum up run: %w", err)
	}
	open, err := client.Conflict.Query().
		Where(conflict.SyncID(f.ID), conflict.StateEQ(conflict.StateOPEN)).Count(ctx)
	if err != nil {
		return detail.RunReport{}, fmt.Errorf("count open conflicts: %w", err)
	}
	r := detail.RunReport{OpenConflicts: open, Recommendations: []string{}}
	for _, t := range tallies {
		r.BytesMoved += t.Moved
		switch t.State {
		case transfer.StateDONE:
			r.Done += t.Count
			if t.Verified != transfer.VerifiedNONE {
				r.BytesVerified += t.Bytes
			}
		case transfer.StateFAILED:
			r.Failed += t.Count
		case transfer.StateSKIPPED:
			r.Skipped += t.Count
		case transfer.StateREFUSED:
			r.Refused += t.Count
		}
	}
	if run.StartedAt != nil {
		r.DurationMs = s.now().Sub(*run.StartedAt).Milliseconds()
	}
	names, err := targetNames(ctx, client, f.ID)
	if err != nil {
		return r, err
	}
	r.Recommendations = recommend(tallies, names, open)
	return r, nil
}

// sum adds up a column of 64-bit numbers as one, which PostgreSQL would make a
// decimal.
func sum(column, as string) ent.AggregateFunc {
	return func(s *sql.Selector) string {
		return sql.As(fmt.Sprintf("CAST(COALESCE(SUM(%s), 0) AS BIGINT)", s.C(column)), as)
	}
}
