package filesync_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/wedsync/wedsync/ent"
	"github.com/wedsync/wedsync/ent/conflict"
	entsync "github.com/wedsync/wedsync/ent/filesync"
	"github.com/wedsync/wedsync/ent/rule"
	"github.com/wedsync/wedsync/ent/syncrun"
	"github.com/wedsync/wedsync/hub"
	"github.com/wedsync/wedsync/hub/filesync"
	"github.com/wedsync/wedsync/internal/testenv"
)

// disagreement is a sync with one target that edited both files.
func (s *studio) disagreement(change func(*filesync.Create)) (f *ent.FileSync, target string) {
	s.Helper()
	in := s.valid()
	in.Targets = in.Targets[:1]
	if change != nil {
		change(&in)
	}
	f, target = s.define(in), in.Targets[0].ConnectionID
	s.put(f.SourceID, "in/a.jpg", "one")
	s.put(f.SourceID, "in/b.jpg", "two")
	s.want(s.run(f), syncrun.StateCOMPLETED)
	s.put(target, "out/a.jpg", "edited a")
	s.put(target, "out/b.jpg", "edited b")
	return f, target
}

func (s *studio) conflicts(f *ent.FileSync) []*ent.Conflict {
	s.Helper()
	return s.client.Conflict.Query().Where(conflict.SyncID(f.ID)).Order(conflict.ByPath(), conflict.ByID()).AllX(s.ctx)
}

func TestConflictWaitsForAPersonWhoseDecisionIsCarriedOut(t *testing.T) {
	t.Parallel()
	testenv.Databases(t, func(t *testing.T, db testenv.Database) {
		s := newStudio(t, db)
		f, target := s.disagreement(nil)
		run := s.run(f)
		s.want(run, syncrun.StatePARTIAL)
		if run.Totals.Conflicts != 2 || run.Operations != 2 || run.OperationsFailed != 2 || run.Report.OpenConflicts != 2 ||
			len(run.Report.Recommendations) != 1 || !strings.Contains(run.Report.Recommendations[0], "2 conflicts wait") {
			t.Errorf("run %+v", run)
		}
		s.want(s.run(f), syncrun.StatePARTIAL)
		found := s.conflicts(f)
		if len(found) != 2 || found[0].State != conflict.StateOPEN || found[0].Kind != conflict.KindTARGET_CHANGED ||
			found[0].Source.Size != 3 || found[0].Target.Size != 8 || found[0].RunID != run.ID {
			t.Fatalf("conflicts %v", found)
		}
		if got := s.happened(found[0].ID); !slices.Equal(got, []string{"conflict.opened"}) {
			t.Errorf("events %q", got)
		}

		for _, wrong := range []conflict.Resolution{"", conflict.ResolutionGONE} {
			_, err := s.ResolveConflict(s.ctx, filesync.Resolve{ConflictID: found[0].ID, Resolution: wrong})
			if !slices.Equal(codes(err), []string{"INVALID choice"}) {
				t.Errorf("decided %q: %v", wrong, err)
			}
		}
		decided, err := s.ResolveConflict(s.ctx, filesync.Resolve{ConflictID: found[0].ID, Resolution: conflict.ResolutionKEEP_BOTH})
		if viewer, _ := rule.From(s.ctx); err != nil || decided.State != conflict.StateRESOLVING || decided.ResolvedBy != viewer.UserID {
			t.Fatalf("decided %+v, %v", decided, err)
		}
		// The second is decided while the first one's run is active, which is fine.
		if _, err := s.ResolveConflict(s.ctx, filesync.Resolve{ConflictID: found[1].ID, Resolution: conflict.ResolutionTARGET}); err != nil {
			t.Fatal(err)
		}
		s.work()
		for _, c := range s.conflicts(f) {
			if c.State != conflict.StateRESOLVED {
				t.Errorf("%s is %s", c.Path, c.State)
			}
		}
		source := s.open[f.SourceID]
		for path, want := range map[string]string{"in/a.jpg": "one", "in/b.jpg": "edited b", "in/a (conflict 2026-06-20 cloud).jpg": "edited a"} {
			if got, _ := s.read(source, path); got != want {
				t.Errorf("the source has %q at %s", got, path)
			}
		}
		if got, _ := s.read(s.open[target], "out/a.jpg"); got != "one" {
			t.Errorf("the target has %q", got)
		}
		runs := s.client.SyncRun.Query().Where(syncrun.TriggerEQ(syncrun.TriggerRESOLVE)).Order(syncrun.ByID()).AllX(s.ctx)
		if len(runs) != 2 || *runs[0].ConflictID != found[0].ID || *runs[1].ConflictID != found[1].ID || runs[0].Operations != 1 {
			t.Errorf("runs %v", runs)
		}
		if _, err := s.ResolveConflict(s.ctx, filesync.Resolve{ConflictID: found[0].ID, Resolution: conflict.ResolutionSOURCE}); code(err) != "CONFLICT" {
			t.Errorf("decided twice: %v", err)
		}
		s.want(s.run(f), syncrun.StateCOMPLETED)
		if last := s.run(f); last.Operations != 0 {
			t.Errorf("in the end there is still to do: %q", s.operations(last))
		}
	})
}

func TestAllConflictsAreDecidedAlike(t *testing.T) {
	t.Parallel()
	testenv.Databases(t, func(t *testing.T, db testenv.Database) {
		s := newStudio(t, db)
		f, target := s.disagreement(nil)
		s.run(f)
		s.put(f.SourceID, "in/new.jpg", "not a conflict")
		n, err := s.ResolveConflicts(s.ctx, f.ID, conflict.ResolutionSOURCE)
		if err != nil || n != 2 {
			t.Fatalf("decided %d, %v", n, err)
		}
		s.work()
		run := s.client.SyncRun.Query().Where(syncrun.TriggerEQ(syncrun.TriggerRESOLVE)).OnlyX(s.ctx)
		s.want(run, syncrun.StateCOMPLETED)
		if got := s.operations(run); !slices.Equal(got, []string{"UPDATE cloud a.jpg", "UPDATE cloud b.jpg"}) {
			t.Errorf("operations %q", got)
		}
		if got, _ := s.read(s.open[target], "out/b.jpg"); got != "two" {
			t.Errorf("the target has %q", got)
		}
		if n, err := s.ResolveConflicts(s.ctx, f.ID, conflict.ResolutionSOURCE); err != nil || n != 0 {
			t.Errorf("decided %d again, %v", n, err)
		}
		if active := s.client.SyncRun.Query().Where(syncrun.StateIn(hub.ActiveRunStates()...)).CountX(s.ctx); active != 0 {
			t.Errorf("%d runs for nothing", active)
		}
	})
}

func TestDecisionLapsesIfTheFilesChange(t *testing.T) {
	t.Parallel()
	testenv.Databases(t, func(t *testing.T, db testenv.Database) {
		s := newStudio(t, db)
		f, target := s.disagreement(nil)
		s.run(f)
		c := s.conflicts(f)[0]
		s.put(target, "out/a.jpg", "edited once more")
		if _, err := s.ResolveConflict(s.ctx, filesync.Resolve{ConflictID: c.ID, Resolution: conflict.ResolutionTARGET}); err != nil {
			t.Fatal(err)
		}
		s.work()
		again := s.client.Conflict.GetX(s.ctx, c.ID)
		if again.State != conflict.StateOPEN || again.Resolution != nil || again.ResolvedBy != "" || again.Target.Size != 16 {
			t.Errorf("the conflict is %+v", again)
		}
		if got, _ := s.read(s.open[f.SourceID], "in/a.jpg"); got != "one" {
			t.Errorf("the source has %q", got)
		}
	})
}

func TestConflictThatIsNoMoreIsClosed(t *testing.T) {
	t.Parallel()
	testenv.Databases(t, func(t *testing.T, db testenv.Database) {
		s := newStudio(t, db)
		f, target := s.disagreement(nil)
		s.run(f)
		s.put(target, "out/a.jpg", "one")
		s.remove(target, "out/b.jpg")
		s.want(s.run(f), syncrun.StateCOMPLETED)
		for _, c := range s.conflicts(f) {
			if c.State != conflict.StateRESOLVED || *c.Resolution != conflict.ResolutionGONE || c.ResolvedAt == nil {
				t.Errorf("%s is %+v", c.Path, c)
			}
			if got := s.happened(c.ID); !slices.Equal(got, []string{"conflict.opened", "conflict.resolved"}) {
				t.Errorf("events %q", got)
			}
		}
	})
}

func TestStrategySettlesAndTheBooksSay(t *testing.T) {
	t.Parallel()
	testenv.Databases(t, func(t *testing.T, db testenv.Database) {
		s := newStudio(t, db)
		f, _ := s.disagreement(func(in *filesync.Create) { in.ConflictStrategy = entsync.ConflictStrategyTARGET_WINS })
		if run := s.planned(f); run.Totals.Pulls != 2 || len(s.conflicts(f)) != 0 {
			t.Errorf("a plan alone leaves %v and pulls %d", s.conflicts(f), run.Totals.Pulls)
		}
		run := s.run(f)
		s.want(run, syncrun.StateCOMPLETED)
		if len(run.Report.Recommendations) != 1 || !strings.Contains(run.Report.Recommendations[0], "2 files at cloud: brought to the source") {
			t.Errorf("recommended %q", run.Report.Recommendations)
		}
		for _, c := range s.conflicts(f) {
			if c.State != conflict.StateRESOLVED || *c.Resolution != conflict.ResolutionTARGET || c.ResolvedBy != "TARGET_WINS" {
				t.Errorf("conflict %+v", c)
			}
		}
		if got, _ := s.read(s.open[f.SourceID], "in/a.jpg"); got != "edited a" {
			t.Errorf("the source has %q", got)
		}
	})
}

func TestTargetThatLostIsSettledByTheNextRun(t *testing.T) {
	t.Parallel()
	testenv.Databases(t, func(t *testing.T, db testenv.Database) {
		s := newStudio(t, db)
		in := s.valid()
		in.ConflictStrategy = entsync.ConflictStrategyTARGET_WINS
		f := s.define(in)
		s.put(f.SourceID, "in/a.jpg", "one")
		s.run(f)
		s.put(in.Targets[0].ConnectionID, "out/a.jpg", "first edit")
		s.put(in.Targets[1].ConnectionID, "a.jpg", "second edit")
		if run := s.run(f); !slices.Equal(s.operations(run), []string{"PULL cloud a.jpg"}) {
			t.Errorf("operations %q", s.operations(run))
		}
		if run := s.run(f); !slices.Equal(s.operations(run), []string{"UPDATE disk a.jpg"}) {
			t.Errorf("then %q", s.operations(run))
		}
		if run := s.run(f); run.Operations != 0 {
			t.Errorf("then %q", s.operations(run))
		}
		if got, _ := s.read(s.open[in.Targets[1].ConnectionID], "a.jpg"); got != "first edit" {
			t.Errorf("the second target has %q", got)
		}
	})
}

func TestOthersConflictsAreNotThere(t *testing.T) {
	t.Parallel()
	testenv.Databases(t, func(t *testing.T, db testenv.Database) {
		s, other := newStudio(t, db), newStudio(t, db)
		f, _ := s.disagreement(nil)
		s.run(f)
		c := s.conflicts(f)[0]
		if _, err := other.ResolveConflict(other.ctx, filesync.Resolve{ConflictID: c.ID, Resolution: conflict.ResolutionSOURCE}); code(err) != "NOT_FOUND" {
			t.Errorf("another's conflict: %v", err)
		}
		if _, err := other.ResolveConflicts(other.ctx, f.ID, conflict.ResolutionSOURCE); code(err) != "NOT_FOUND" {
			t.Errorf("another's conflicts: %v", err)
		}
	})
}
