package filesync_test

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/wedsync/wedsync/connectors"
	"github.com/wedsync/wedsync/connectors/decorate"
	"github.com/wedsync/wedsync/ent"
	"github.com/wedsync/wedsync/ent/detail"
	"github.com/wedsync/wedsync/ent/event"
	"github.com/wedsync/wedsync/ent/file"
	entsync "github.com/wedsync/wedsync/ent/filesync"
	"github.com/wedsync/wedsync/ent/job"
	"github.com/wedsync/wedsync/ent/rule"
	"github.com/wedsync/wedsync/ent/syncrun"
	"github.com/wedsync/wedsync/ent/transfer"
	"github.com/wedsync/wedsync/hub"
	"github.com/wedsync/wedsync/hub/filesync"
	"github.com/wedsync/wedsync/internal/testenv"
)

func TestRunBringsFilesAndThenHasNothingToDo(t *testing.T) {
	t.Parallel()
	testenv.Databases(t, func(t *testing.T, db testenv.Database) {
		s := newStudio(t, db)
		f := s.define(s.valid())
		s.put(f.SourceID, "in/a.jpg", "one")
		s.put(f.SourceID, "in/d/b.jpg", "three")
		s.put(f.SourceID, "elsewhere.jpg", "not ours")
		run := s.run(f)
		s.want(run, syncrun.StateCOMPLETED)
		if got := s.operations(run); !slices.Equal(got, []string{"COPY cloud a.jpg", "COPY cloud d/b.jpg", "COPY disk a.jpg", "COPY disk d/b.jpg"}) {
			t.Errorf("operations %q", got)
		}
		want := detail.RunTotals{Files: 2, Bytes: 16, Copies: 4}
		if run.Totals != want || run.Operations != 4 || run.BytesTotal != 16 || run.Shards != 1 || len(run.Digest) != 64 {
			t.Errorf("planned %+v", run)
		}
		if r := run.Report; r.Done != 4 || r.BytesMoved != 16 || r.BytesVerified != 16 || r.DurationMs <= 0 || len(r.Recommendations) != 0 {
			t.Errorf("report %+v", r)
		}
		again := s.run(f)
		s.want(again, syncrun.StateCOMPLETED)
		if again.Operations != 0 || again.Totals.Unchanged != 4 || again.Totals.Files != 2 {
			t.Errorf("a second run is %+v", again)
		}
		if got := s.happened(run.ID); !slices.Equal(got, []string{"run.planning", "run.started", "run.completed"}) {
			t.Errorf("events %q", got)
		}
	})
}

// Paths of the greatest length have to fit into the indexes, however little they
// can be compressed there.
func TestLongestPathsAreBrought(t *testing.T) {
	t.Parallel()
	testenv.Databases(t, func(t *testing.T, db testenv.Database) {
		s := newStudio(t, db)
		f := s.define(s.valid())
		var path strings.Builder
		for path.Len() < 2500-26 {
			path.WriteString(rand.Text()[:25] + "/")
		}
		long := path.String() + strings.Repeat("x", 2500-path.Len())
		s.put(f.SourceID, "in/"+long, "one")
		run := s.run(f)
		s.want(run, syncrun.StateCOMPLETED)
		if n := s.client.File.Query().Where(file.Path(long)).CountX(s.ctx); n != 1 {
			t.Errorf("%d such files in the books", n)
		}
		s.put(f.SourceID, "in/"+long+"x", "two")
		run = s.run(f)
		s.want(run, syncrun.StatePARTIAL)
		if run.Totals.Refusals != 1 || run.Report.Done != 0 {
			t.Errorf("a longer path: %+v, %+v", run.Totals, run.Report)
		}
	})
}

// happened lists the events about a thing.
func (s *studio) happened(id string) []string {
	s.Helper()
	var out []string
	for _, e := range s.client.Event.Query().Where(event.SubjectID(id)).Order(event.BySeq()).AllX(s.ctx) {
		out = append(out, e.Type)
	}
	return out
}

func TestPlanIsCarriedOutExactlyOrNotAtAll(t *testing.T) {
	t.Parallel()
	testenv.Databases(t, func(t *testing.T, db testenv.Database) {
		s := newStudio(t, db)
		f := s.define(s.valid())
		s.put(f.SourceID, "in/a.jpg", "one")
		plan, twin := s.planned(f), s.planned(f)
		s.want(plan, syncrun.StatePLANNED)
		if plan.Digest != twin.Digest || plan.StartedAt != nil || plan.OperationsDone != 0 {
			t.Errorf("plans %+v and %+v", plan, twin)
		}

		s.put(f.SourceID, "in/b.jpg", "two")
		stale := s.startPlan(f, twin)
		s.want(stale, syncrun.StateSTALE)
		if n := s.client.File.Query().CountX(s.ctx); n != 0 || stale.Reason == "" {
			t.Errorf("a stale plan brought %d files (%s)", n, stale.Reason)
		}
		if _, err := s.Start(s.ctx, filesync.StartInput{SyncID: f.ID, PlanID: twin.ID}); code(err) != "PLAN_STALE" {
			t.Errorf("a stale plan started again: %v", err)
		}

		s.remove(f.SourceID, "in/b.jpg")
		s.want(s.startPlan(f, plan), syncrun.StateCOMPLETED)
		if got := s.operations(plan); !slices.Equal(got, []string{"COPY cloud a.jpg", "COPY disk a.jpg"}) {
			t.Errorf("operations %q", got)
		}
		if _, err := s.Start(s.ctx, filesync.StartInput{SyncID: f.ID, PlanID: plan.ID}); code(err) != "CONFLICT" {
			t.Errorf("a plan started twice: %v", err)
		}

		old := s.planned(f)
		s.later(25 * time.Hour)
		if _, err := s.Start(s.ctx, filesync.StartInput{SyncID: f.ID, PlanID: old.ID}); code(err) != "PLAN_STALE" {
			t.Errorf("an old plan started: %v", err)
		}
		s.planned(f)
		s.want(s.client.SyncRun.GetX(s.ctx, old.ID), syncrun.StateSTALE)
	})
}

func (s *studio) startPlan(f *ent.FileSync, plan *ent.SyncRun) *ent.SyncRun {
	s.Helper()
	run, err := s.Start(s.ctx, filesync.StartInput{SyncID: f.ID, PlanID: plan.ID})
	if err != nil {
		s.Fatal(err)
	}
	s.want(run, syncrun.StateSTARTING)
	s.work()
	return s.client.SyncRun.GetX(s.ctx, run.ID)
}

func TestOneRunAtATime(t *testing.T) {
	t.Parallel()
	testenv.Databases(t, func(t *testing.T, db testenv.Database) {
		s := newStudio(t, db)
		f := s.define(s.valid())
		var mu sync.Mutex
		var got []string
		var all sync.WaitGroup
		for i := range 8 {
			all.Go(func() {
				var err error
				if i%2 == 0 {
					_, err = s.Start(s.ctx, filesync.StartInput{SyncID: f.ID})
				} else {
					_, err = s.Plan(s.ctx, f.ID)
				}
				mu.Lock()
				defer mu.Unlock()
				got = append(got, code(err))
			})
		}
		all.Wait()
		slices.Sort(got)
		if got[0] != "" || got[1] != "ALREADY_RUNNING" || got[7] != "ALREADY_RUNNING" {
			t.Errorf("eight at once: %q", got)
		}
		if n := s.client.SyncRun.Query().CountX(s.ctx); n != 1 {
			t.Errorf("%d runs", n)
		}
	})
}

func TestPauseResumeCancel(t *testing.T) {
	t.Parallel()
	testenv.Databases(t, func(t *testing.T, db testenv.Database) {
		s := newStudio(t, db)
		f := s.define(s.valid())
		for i := range 100 {
			s.put(f.SourceID, fmt.Sprintf("in/%03d.jpg", i), fmt.Sprint("content ", i))
		}
		if _, err := s.Pause(s.ctx, f.ID); code(err) != "CONFLICT" {
			t.Errorf("paused nothing: %v", err)
		}
		if _, err := s.Start(s.ctx, filesync.StartInput{SyncID: f.ID}); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Pause(s.ctx, f.ID); code(err) != "CONFLICT" {
			t.Errorf("paused a plan: %v", err)
		}
		s.work(hub.JobRunPlan)
		run, err := s.Pause(s.ctx, f.ID)
		if err != nil {
			t.Fatal(err)
		}
		s.want(run, syncrun.StatePAUSED)
		if run.Reason != "Paused by Owner." {
			t.Errorf("reason %q", run.Reason)
		}
		s.work()
		if n := s.client.Transfer.Query().Where(transfer.StateNEQ(transfer.StatePLANNED)).CountX(s.ctx); n != 0 {
			t.Errorf("%d operations were done while paused", n)
		}
		if _, err := s.Resume(s.ctx, f.ID); err != nil {
			t.Fatal(err)
		}
		shards := s.client.Job.Query().Where(job.Kind(hub.JobRunShard), job.StateEQ(job.StateREADY)).AllX(s.system)
		if len(shards) != 2 || shards[0].Part == shards[1].Part {
			t.Fatalf("shards to do: %v", shards)
		}
		// One shard is done, then the run is cancelled.
		s.client.Job.UpdateOne(shards[1]).SetDueAt(s.now().Add(time.Hour)).SetState(job.StateCLAIMED).ExecX(s.system)
		s.work()
		run, err = s.Cancel(s.ctx, f.ID)
		if err != nil {
			t.Fatal(err)
		}
		s.want(run, syncrun.StateCANCELED)
		if run.Report.Done == 0 || run.Report.Skipped == 0 || run.Report.Done+run.Report.Skipped != 200 {
			t.Errorf("report %+v", run.Report)
		}
		if wanted, err := s.RunWanted(s.system, shards[1]); wanted || err != nil {
			t.Errorf("a canceled run's shard is wanted: %v, %v", wanted, err)
		}
		s.want(s.run(f), syncrun.StateCOMPLETED)
		if got := s.happened(run.ID); !slices.Equal(got, []string{"run.planning", "run.started", "run.paused", "run.resumed", "run.canceled"}) {
			t.Errorf("events %q", got)
		}
	})
}

func TestFailuresOfStoresAreToldOrTriedAgain(t *testing.T) {
	t.Parallel()
	testenv.Databases(t, func(t *testing.T, db testenv.Database) {
		s := newStudio(t, db)
		var failure error
		in := s.valid()
		in.SourceID = s.connect("flaky", decorate.Decorator{
			Around: func(ctx context.Context, call decorate.Call, next func(context.Context) error) error {
				if call.Op == decorate.OpList && failure != nil {
					return failure
				}
				return next(ctx)
			},
		})
		f := s.define(in)
		s.put(f.SourceID, "in/a.jpg", "one")

		failure = &connectors.Error{Kind: connectors.Transient, Op: "list", Err: errors.New("no answer")}
		run, err := s.Start(s.ctx, filesync.StartInput{SyncID: f.ID})
		if err != nil {
			t.Fatal(err)
		}
		j := s.client.Job.Query().OnlyX(s.system)
		if err := s.HandlePlan(s.system, j); !connectors.Is(err, connectors.Transient) {
			t.Fatalf("a passing failure: %v", err)
		}
		s.want(s.client.SyncRun.GetX(s.ctx, run.ID), syncrun.StatePLANNING)
		if err := s.GiveUp(s.system, j, err); err != nil {
			t.Fatal(err)
		}
		s.client.Job.UpdateOne(j).SetState(job.StateFAILED).ExecX(s.system)
		s.want(s.client.SyncRun.GetX(s.ctx, run.ID), syncrun.StateFAILED)

		failure = &connectors.Error{Kind: connectors.ScopeMissing, Op: "list", Err: errors.New("may not list")}
		if run = s.run(f); run.State != syncrun.StateFAILED || !strings.Contains(run.Reason, "may not list") || !strings.Contains(run.Reason, "flaky") {
			t.Errorf("without the right to list the run is %s: %s", run.State, run.Reason)
		}
		failure = nil
		s.refused[in.Targets[0].ConnectionID] = hub.Errorf(hub.CodeConflict, "", "the connection %q was disconnected", "cloud")
		if run = s.run(f); run.State != syncrun.StateFAILED || !strings.Contains(run.Reason, "was disconnected") {
			t.Errorf("without a target the run is %s: %s", run.State, run.Reason)
		}
		delete(s.refused, in.Targets[0].ConnectionID)
		s.want(s.run(f), syncrun.StateCOMPLETED)
	})
}

func TestPlanningTwiceLeavesOneSetOfOperations(t *testing.T) {
	t.Parallel()
	testenv.Databases(t, func(t *testing.T, db testenv.Database) {
		s := newStudio(t, db)
		f := s.define(s.valid())
		s.put(f.SourceID, "in/a.jpg", "one")
		run, err := s.Plan(s.ctx, f.ID)
		if err != nil {
			t.Fatal(err)
		}
		// A worker died in the middle of writing.
		s.client.Transfer.Create().SetOrganizationID(s.org).SetRunID(run.ID).SetKind(transfer.KindCOPY).
			SetPath("half").SetExpect(detail.Expectation{}).ExecX(s.system)
		j := s.client.Job.Query().OnlyX(s.system)
		for range 2 {
			if err := s.HandlePlan(s.system, j); err != nil {
				t.Fatal(err)
			}
		}
		if got := s.operations(run); !slices.Equal(got, []string{"COPY cloud a.jpg", "COPY disk a.jpg"}) {
			t.Errorf("operations %q", got)
		}
	})
}

func TestPatternsDecideWhatIsTaken(t *testing.T) {
	t.Parallel()
	testenv.Databases(t, func(t *testing.T, db testenv.Database) {
		s := newStudio(t, db)
		in := s.valid()
		in.Targets, in.DeleteMode = in.Targets[:1], entsync.DeleteModePERMANENT
		f := s.define(in)
		for _, path := range []string{"a.jpg", "d/b.jpg", "d/c.raw", "private/d.jpg"} {
			s.put(f.SourceID, "in/"+path, path)
		}
		s.want(s.run(f), syncrun.StateCOMPLETED)
		_, err := s.Update(s.ctx, filesync.Update{ID: f.ID, Include: []string{"**/*.jpg"}, Exclude: []string{"private/**"}})
		if err != nil {
			t.Fatal(err)
		}
		for _, path := range []string{"a.jpg", "d/c.raw", "private/d.jpg"} {
			s.remove(f.SourceID, "in/"+path)
		}
		run := s.run(f)
		if got := s.operations(run); !slices.Equal(got, []string{"DELETE cloud a.jpg"}) || run.Totals.Files != 1 {
			t.Errorf("operations %q, totals %+v", got, run.Totals)
		}
	})
}

func TestVanishedFilesAreNotedWhereNothingIsDeleted(t *testing.T) {
	t.Parallel()
	testenv.Databases(t, func(t *testing.T, db testenv.Database) {
		s := newStudio(t, db)
		f := s.define(s.valid())
		s.put(f.SourceID, "in/a.jpg", "one")
		s.put(f.SourceID, "in/b.jpg", "two")
		s.run(f)
		s.remove(f.SourceID, "in/a.jpg")
		for range 2 {
			s.want(s.run(f), syncrun.StateCOMPLETED)
		}
		gone := s.client.File.Query().Where(file.Path("a.jpg")).OnlyX(s.ctx)
		if got := s.happened(gone.ID); gone.DeletedAt == nil || !slices.Equal(got, []string{"file.deleted"}) {
			t.Errorf("deleted at %v, events %q", gone.DeletedAt, got)
		}
		s.put(f.SourceID, "in/a.jpg", "one")
		s.want(s.run(f), syncrun.StateCOMPLETED)
		if back := s.client.File.GetX(s.ctx, gone.ID); back.DeletedAt != nil {
			t.Errorf("a file that is back is deleted at %v", back.DeletedAt)
		}
	})
}

func TestEstimateFollowsFormerRuns(t *testing.T) {
	t.Parallel()
	testenv.Databases(t, func(t *testing.T, db testenv.Database) {
		s := newStudio(t, db)
		f := s.define(s.valid())
		s.put(f.SourceID, "in/a.jpg", strings.Repeat("x", 100_000))
		first := s.planned(f)
		s.client.SyncRun.Create().SetOrganizationID(s.org).SetSyncID(f.ID).SetTrigger(syncrun.TriggerSTART).
			SetState(syncrun.StateCOMPLETED).SetReport(detail.RunReport{BytesMoved: 20 << 20, DurationMs: 1 << 20}).ExecX(s.system)
		second := s.planned(f)
		if a, b := first.Totals.EstimatedMs, second.Totals.EstimatedMs; a > 10 || b != 10_000 {
			t.Errorf("estimated %d ms, then %d ms", a, b)
		}
	})
}

func TestAwaitPlanned(t *testing.T) {
	t.Parallel()
	testenv.Databases(t, func(t *testing.T, db testenv.Database) {
		s := newStudio(t, db)
		f := s.define(s.valid())
		run, err := s.Plan(s.ctx, f.ID)
		if err != nil {
			t.Fatal(err)
		}
		short, cancel := context.WithTimeout(s.ctx, 50*time.Millisecond)
		defer cancel()
		if got, err := s.AwaitPlanned(short, run.ID); err != nil || got.State != syncrun.StatePLANNING {
			t.Errorf("before there is a plan: %v, %v", got, err)
		}
		done := make(chan *ent.SyncRun)
		go func() {
			got, err := s.AwaitPlanned(s.ctx, run.ID)
			if err != nil {
				t.Error(err)
			}
			done <- got
		}()
		s.work()
		s.want(<-done, syncrun.StatePLANNED)
		if _, err := s.AwaitPlanned(s.ctx, "run_none"); code(err) != "NOT_FOUND" {
			t.Errorf("a run that is not there: %v", err)
		}
	})
}

func TestOthersSeeNothing(t *testing.T) {
	t.Parallel()
	testenv.Databases(t, func(t *testing.T, db testenv.Database) {
		s, other := newStudio(t, db), newStudio(t, db)
		f := s.define(s.valid())
		plan := s.planned(f)
		theirs := other.define(other.valid())
		in := other.valid()
		in.WeddingID, in.SourceID, in.Targets[0].ConnectionID = f.WeddingID, f.SourceID, f.SourceID
		in.SourcePath = "x"
		for name, err := range map[string]error{
			"create":  second(other.Create(other.ctx, in)),
			"update":  second(other.Update(other.ctx, filesync.Update{ID: f.ID})),
			"archive": second(other.Archive(other.ctx, f.ID)),
			"plan":    second(other.Plan(other.ctx, f.ID)),
			"start":   second(other.Start(other.ctx, filesync.StartInput{SyncID: f.ID})),
			"by plan": second(other.Start(other.ctx, filesync.StartInput{SyncID: theirs.ID, PlanID: plan.ID})),
			"pause":   second(other.Pause(other.ctx, f.ID)),
			"resume":  second(other.Resume(other.ctx, f.ID)),
			"cancel":  second(other.Cancel(other.ctx, f.ID)),
			"await":   second(other.AwaitPlanned(other.ctx, plan.ID)),
		} {
			if code(err) != "NOT_FOUND" {
				t.Errorf("%s: %v", name, err)
			}
		}
		viewer := rule.With(t.Context(), rule.Viewer{OrganizationID: s.org, UserID: "usr_2", Role: rule.RoleViewer})
		for name, err := range map[string]error{
			"create":  second(s.Create(viewer, s.valid())),
			"update":  second(s.Update(viewer, filesync.Update{ID: f.ID})),
			"archive": second(s.Archive(viewer, f.ID)),
			"start":   second(s.Start(viewer, filesync.StartInput{SyncID: f.ID})),
			"cancel":  second(s.Cancel(viewer, f.ID)),
		} {
			if code(err) != "FORBIDDEN" {
				t.Errorf("%s by one who may only read: %v", name, err)
			}
		}
	})
}

func second[T any](_ T, err error) error { return err }
