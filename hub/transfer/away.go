package transfer

import (
	"context"
	"errors"
	"fmt"
	"maps"

	"github.com/wedsync/wedsync/connectors"
	"github.com/wedsync/wedsync/ent/syncrun"
	"github.com/wedsync/wedsync/ent/transfer"
	"github.com/wedsync/wedsync/hub"
)

// awayAfter is after how many operations in a row that failed for a passing reason
// a store is asked whether it is there. Each of them was tried again for a while.
const awayAfter = 3

// errAway makes the job wait, and be tried again.
var errAway = errors.New("a store does not answer")

// doubts are operations that failed because a store did not answer. They are the
// files' own failures only if the store answers others; if it is away, they wait
// with the rest of the shard and are tried again.
type doubts map[*store][]*task

// silent returns the store whose silence is why the task failed, or nil.
func (t *task) silent() *store {
	if t.out.state != transfer.StateFAILED || t.out.errorKind != connectors.Transient {
		return nil
	}
	return culprit(t.out.err)
}

// doubt keeps the task until it is known whether the store is away.
func (s *shard) doubt(ctx context.Context, at *store, t *task) {
	s.mu.Lock()
	if s.doubts == nil {
		s.doubts = doubts{}
	}
	s.doubts[at] = append(s.doubts[at], t)
	many := len(s.doubts[at]) >= awayAfter
	s.mu.Unlock()
	if many && at.probe(ctx) == nil && ctx.Err() == nil {
		s.answered(at)
	}
}

// answered enters the doubtful operations of stores that are there: they have
// failed for reasons of their own.
func (s *shard) answered(stores ...*store) {
	for _, at := range stores {
		s.mu.Lock()
		failed := s.doubts[at]
		delete(s.doubts, at)
		s.mu.Unlock()
		for _, t := range failed {
			s.books.enter(t.out)
		}
	}
}

// settleDoubts ends the doubts of the shard. If a store is away and the job may be
// tried again, its operations go back to be taken up then, and the error says so.
// They go back as well if the work is stopped before that is known.
func (s *shard) settleDoubts(ctx context.Context) error {
	var waits error
	for at, tasks := range maps.Clone(s.doubts) {
		away, stopped := at.probe(ctx), ctx.Err() != nil
		if !stopped && (away == nil || s.job.Attempts+1 >= s.job.MaxAttempts) {
			s.answered(at)
			continue
		}
		if away != nil {
			waits = fmt.Errorf("%w: %w", errAway, away)
		}
		for _, t := range tasks {
			t.putBack()
			s.books.enter(t.out)
		}
	}
	return waits
}

// putBack ends the task where it can be taken up later.
func (t *task) putBack() {
	checkpoint, moved := t.row.Checkpoint, t.row.Moved
	if t.delivery != nil {
		checkpoint, moved = t.delivery.checkpoint, t.delivery.moved
	}
	t.out.state = transfer.StatePLANNED
	t.out.checkpoint, t.out.moved = checkpoint, moved
}

// tell says in the run whether it waits for a store; err is how the shard ended.
func (s *shard) tell(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return nil
	}
	reason := ""
	if at := culprit(err); at != nil && errors.Is(err, errAway) {
		c, cerr := s.config.Store.Client().Connection.Get(ctx, at.connectionID)
		if cerr != nil {
			return fmt.Errorf("read connection: %w", cerr)
		}
		reason = shorten(fmt.Sprintf("Waits for %q, which does not answer, and goes on by itself: %v", c.Name, at.isAway()), maxReason)
	}
	if reason == s.run.Reason {
		return nil
	}
	terr := s.config.Store.InTx(ctx, func(ctx context.Context, tx *hub.Tx) error {
		return tx.SyncRun.Update().Where(syncrun.ID(s.run.ID), syncrun.StateEQ(syncrun.StateRUNNING)).SetReason(reason).Exec(ctx)
	})
	if terr != nil {
		return fmt.Errorf("say what the run waits for: %w", terr)
	}
	return nil
}
