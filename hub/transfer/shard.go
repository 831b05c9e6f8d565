package transfer

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/wedsync/wedsync/connectors"
	"github.com/wedsync/wedsync/ent"
	"github.com/wedsync/wedsync/ent/syncrun"
	"github.com/wedsync/wedsync/ent/transfer"
	"github.com/wedsync/wedsync/hub"
)

// lookEvery is how often a shard looks whether its run still goes on.
const lookEvery = 500 * time.Millisecond

// shard is a part of a run being carried out.
type shard struct {
	*Service
	run     *ent.SyncRun
	sync    *ent.FileSync
	job     *ent.Job
	source  *store
	targets map[string]*store
	meter   *meter
	books   *books

	mu     sync.Mutex
	doubts doubts
}

// HandleShard carries out the operations of one shard of a run that are not over
// yet. Carrying them out again, or by two workers at once, does no harm.
func (s *Service) HandleShard(ctx context.Context, j *ent.Job) error {
	client := s.config.Store.Client()
	run, err := client.SyncRun.Query().Where(syncrun.ID(j.SubjectID)).
		WithSync(func(q *ent.FileSyncQuery) { q.WithTargets() }).Only(ctx)
	if ent.IsNotFound(err) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("read run: %w", err)
	}
	if run.State != syncrun.StateRUNNING {
		return nil
	}
	rows, err := client.Transfer.Query().
		Where(transfer.RunID(run.ID), transfer.Shard(j.Part), transfer.StateIn(transfer.StatePLANNED, transfer.StateRUNNING)).
		Order(transfer.ByID()).All(ctx)
	if err != nil {
		return fmt.Errorf("read operations: %w", err)
	}
	sh := &shard{Service: s, run: run, sync: run.Edges.Sync, job: j, meter: &meter{}}
	if len(rows) > 0 {
		err := sh.carryOut(ctx, rows)
		if terr := sh.tell(ctx, err); err != nil || terr != nil {
			return errors.Join(err, terr)
		}
	}
	return sh.finish(ctx)
}

// carryOut does all operations, and writes down what came of them.
func (s *shard) carryOut(ctx context.Context, rows []*ent.Transfer) error {
	if err := s.openStores(ctx, rows); err != nil {
		return err
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	s.books = newBooks(s)
	var aside sync.WaitGroup
	aside.Go(func() { s.report(ctx, s.run, s.meter) })
	aside.Go(func() {
		if err := s.books.keep(ctx); err != nil {
			cancel(err)
			s.books.discard()
		}
	})
	err := s.files(ctx, rows)
	waits := s.settleDoubts(ctx)
	close(s.books.entries)
	<-s.books.kept
	if err == nil {
		err = context.Cause(ctx)
	}
	cancel(nil)
	aside.Wait()
	return cmp.Or(err, waits)
}

// openStores opens what the operations need. A target that cannot be opened fails
// its own operations; a source that may be there later makes the job wait.
func (s *shard) openStores(ctx context.Context, rows []*ent.Transfer) error {
	s.source = s.openStore(ctx, s.sync.SourceID, s.sync.SourcePath)
	if err := s.source.usable(false); passing(err) {
		return fmt.Errorf("%w: open source: %w", errAway, err)
	}
	s.targets = map[string]*store{}
	for _, target := range s.sync.Edges.Targets {
		needed := slices.ContainsFunc(rows, func(t *ent.Transfer) bool { return t.TargetID != nil && *t.TargetID == target.ID })
		if needed {
			s.targets[target.ID] = s.openStore(ctx, target.ConnectionID, target.Path)
		}
	}
	return ctx.Err()
}

func (s *shard) openStore(ctx context.Context, connectionID, folder string) *store {
	conn, err := s.config.Connections.Open(ctx, connectionID)
	opened := newStore(connectionID, folder, conn)
	if opened.broken = err; passing(err) {
		opened.broken, opened.away = nil, err
	}
	return opened
}

// files carries out one path after the other, several at once.
func (s *shard) files(ctx context.Context, rows []*ent.Transfer) error {
	byPath := slices.Clone(rows)
	slices.SortStableFunc(byPath, func(a, b *ent.Transfer) int { return cmp.Compare(a.Path, b.Path) })
	var wg sync.WaitGroup
	defer wg.Wait()
	places := make(chan struct{}, s.config.Files)
	looked := s.now()
	for len(byPath) > 0 {
		n := slices.IndexFunc(byPath, func(t *ent.Transfer) bool { return t.Path != byPath[0].Path })
		if n < 0 {
			n = len(byPath)
		}
		file := byPath[:n]
		byPath = byPath[n:]
		select {
		case places <- struct{}{}:
		case <-ctx.Done():
			return nil
		}
		if s.now().Sub(looked) >= lookEvery {
			on, err := s.goesOn(ctx)
			if err != nil || !on {
				return err
			}
			looked = s.now()
		}
		wg.Go(func() {
			defer func() { <-places }()
			s.file(ctx, file)
		})
	}
	return nil
}

// goesOn reports whether the run is still to be carried out.
func (s *shard) goesOn(ctx context.Context) (bool, error) {
	on, err := s.config.Store.Client().SyncRun.Query().
		Where(syncrun.ID(s.run.ID), syncrun.StateEQ(syncrun.StateRUNNING)).Exist(ctx)
	if err != nil && ctx.Err() == nil {
		return false, fmt.Errorf("look at run: %w", err)
	}
	return on, nil
}

// file carries out the operations of one path.
func (s *shard) file(ctx context.Context, rows []*ent.Transfer) {
	slices.SortStableFunc(rows, func(a, b *ent.Transfer) int { return cmp.Compare(turn(a.Kind), turn(b.Kind)) })
	var tasks, waiting []*task
	for _, row := range rows {
		t := newTask(s, row, s.targetOf(row))
		tasks = append(tasks, t)
		s.meter.show(operation(row, s.sync))
		err := s.source.usable(false)
		if err == nil {
			err = t.prepare(ctx)
		}
		switch {
		case err != nil:
			t.fail(err)
		case t.delivery != nil:
			waiting = append(waiting, t)
		}
	}
	for len(waiting) > 0 {
		same := func(t *task) bool { return t.content == waiting[0].content }
		var together []*delivery
		for _, t := range waiting {
			if same(t) {
				together = append(together, t.delivery)
			}
		}
		s.engine.send(ctx, waiting[0].content, together)
		for _, t := range waiting {
			if same(t) {
				t.settle(ctx)
			}
		}
		c := waiting[0].content
		waiting = slices.DeleteFunc(waiting, func(t *task) bool { return t.content == c })
	}
	for _, t := range tasks {
		s.conclude(ctx, t)
	}
}

// turn orders the operations of a path: renames come first, so that the books move
// the file before they hear of copies of it.
func turn(k transfer.Kind) int {
	if k == transfer.KindRENAME {
		return 0
	}
	return 1
}

// targetOf returns the operation's target. One that left the sync is unusable.
func (s *shard) targetOf(row *ent.Transfer) *store {
	if row.TargetID != nil {
		if opened := s.targets[*row.TargetID]; opened != nil {
			return opened
		}
	}
	none := newStore("", "", nil)
	none.broken = &connectors.Error{Kind: connectors.Permanent, Op: "open", Err: errors.New("the target is no part of the sync")}
	return none
}

// conclude hands the task to the books. One that did not end because the work was
// stopped goes back to where it can be taken up.
func (s *shard) conclude(ctx context.Context, t *task) {
	t.out.finished = s.now()
	if ctx.Err() != nil && t.out.err != nil {
		t.putBack()
	}
	if at := t.silent(); at != nil {
		s.doubt(ctx, at, t)
		return
	}
	if t.out.state == transfer.StateDONE {
		s.answered(t.target, s.source)
	}
	s.books.enter(t.out)
}

// operation tells people what is being done.
func operation(row *ent.Transfer, f *ent.FileSync) string {
	doing := map[transfer.Kind]string{
		transfer.KindCOPY: "copying", transfer.KindUPDATE: "updating", transfer.KindRENAME: "renaming",
		transfer.KindDELETE: "deleting", transfer.KindCOMPARE: "comparing", transfer.KindPULL: "bringing back",
		transfer.KindKEEP_BOTH: "keeping both of",
	}[row.Kind]
	if doing == "" {
		doing = "noting"
	}
	return fmt.Sprintf("%s %q of %s", doing, row.Path, f.Name)
}

// finish asks for the run to be closed if this was the last of its operations.
func (s *shard) finish(ctx context.Context) error {
	return s.config.Store.InTx(ctx, func(ctx context.Context, tx *hub.Tx) error {
		open, err := tx.Transfer.Query().
			Where(transfer.RunID(s.run.ID), transfer.StateIn(transfer.StatePLANNED, transfer.StateRUNNING)).Exist(ctx)
		if err != nil {
			return fmt.Errorf("look for open operations: %w", err)
		}
		if !open {
			tx.Enqueue(hub.Job{Kind: hub.JobRunFinish, SubjectID: s.run.ID, Priority: s.job.Priority})
		}
		return nil
	})
}
