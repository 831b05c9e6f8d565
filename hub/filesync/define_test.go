package filesync_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/wedsync/wedsync/ent"
	"github.com/wedsync/wedsync/ent/connection"
	entsync "github.com/wedsync/wedsync/ent/filesync"
	"github.com/wedsync/wedsync/ent/job"
	"github.com/wedsync/wedsync/ent/synctarget"
	"github.com/wedsync/wedsync/hub"
	"github.com/wedsync/wedsync/hub/filesync"
	"github.com/wedsync/wedsync/internal/testenv"
)

func TestSyncIsDefinedChangedAndPutAway(t *testing.T) {
	t.Parallel()
	testenv.Databases(t, func(t *testing.T, db testenv.Database) {
		s := newStudio(t, db)
		in := s.valid()
		in.Name, in.SourcePath, in.Include = "  Album ", "/in/", []string{"**/*.{jpg,raw}"}
		f := s.define(in)
		if f.Name != "Album" || f.SourcePath != "in" || f.ConflictStrategy != entsync.ConflictStrategyMANUAL ||
			f.DeleteMode != entsync.DeleteModeNONE || f.Verification != entsync.VerificationHASH || f.MaxDeletePercent != 100 {
			t.Errorf("made %+v", f)
		}
		if got := s.places(f); !slices.Equal(got, []string{"0 cloud out", "1 disk "}) {
			t.Errorf("targets %q", got)
		}

		before := s.client.SyncTarget.Query().Where(synctarget.Path("out")).OnlyX(s.ctx)
		third := s.connect("third")
		name, mode := "Photos", entsync.DeleteModeTRASH
		f, err := s.Update(s.ctx, filesync.Update{
			ID: f.ID, Name: &name, DeleteMode: &mode, Exclude: []string{"*.tmp"},
			Targets: []filesync.Target{{ConnectionID: third}, in.Targets[0]},
		})
		if err != nil {
			t.Fatal(err)
		}
		if f.Name != "Photos" || f.DeleteMode != mode || !slices.Equal(f.Include, in.Include) || !slices.Equal(f.Exclude, []string{"*.tmp"}) {
			t.Errorf("changed to %+v", f)
		}
		if got := s.places(f); !slices.Equal(got, []string{"0 third ", "1 cloud out"}) {
			t.Errorf("targets %q", got)
		}
		if after := s.client.SyncTarget.GetX(s.ctx, before.ID); after.Position != 1 || after.RemovedAt != nil {
			t.Errorf("a target that stays became %+v", after)
		}

		run, err := s.Start(s.ctx, filesync.StartInput{SyncID: f.ID})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.Update(s.ctx, filesync.Update{ID: f.ID, Targets: in.Targets}); !slices.Equal(codes(err), []string{"CONFLICT targets"}) {
			t.Errorf("targets change under a run: %v", err)
		}
		if _, err := s.Archive(s.ctx, f.ID); !slices.Equal(codes(err), []string{"CONFLICT id"}) {
			t.Errorf("put away under a run: %v", err)
		}
		if _, err := s.Cancel(s.ctx, f.ID); err != nil {
			t.Fatal(err)
		}
		for range 2 {
			if f, err = s.Archive(s.ctx, f.ID); err != nil || f.ArchivedAt == nil {
				t.Fatalf("put away: %+v, %v", f, err)
			}
		}
		if got := s.happened(f.ID); !slices.Equal(got, []string{"sync.created", "sync.updated", "sync.archived"}) {
			t.Errorf("events %q", got)
		}
		for what, err := range map[string]error{
			"change": second(s.Update(s.ctx, filesync.Update{ID: f.ID, Name: &name})),
			"start":  second(s.Start(s.ctx, filesync.StartInput{SyncID: f.ID})),
			"plan":   second(s.Plan(s.ctx, f.ID)),
		} {
			if code(err) != "CONFLICT" {
				t.Errorf("%s what was put away: %v (run %s)", what, err, run.ID)
			}
		}
	})
}

// places lists the sync's targets.
func (s *studio) places(f *ent.FileSync) []string {
	s.Helper()
	var out []string
	for _, row := range s.client.SyncTarget.Query().Where(synctarget.SyncID(f.ID), synctarget.RemovedAtIsNil()).
		Order(synctarget.ByPosition()).WithConnection().AllX(s.ctx) {
		out = append(out, strings.Join([]string{string(rune('0' + row.Position)), row.Edges.Connection.Name, row.Path}, " "))
	}
	return out
}

func TestDefinitionsThatCannotWorkAreRefused(t *testing.T) {
	t.Parallel()
	testenv.Databases(t, func(t *testing.T, db testenv.Database) {
		s := newStudio(t, db)
		provider := func(provider string) string {
			return s.client.Connection.Create().SetOrganizationID(s.org).SetProvider(provider).SetName(provider).
				SetSettings(map[string]string{}).SaveX(s.system).ID
		}
		gallery, camera, gone := provider("gallery"), provider("camera"), provider("gone")
		off := s.connect("off")
		s.client.Connection.UpdateOneID(off).SetState(connection.StateDISCONNECTED).ExecX(s.system)
		archived := s.client.Wedding.Create().SetOrganizationID(s.org).SetName("Old").SetDate("2020-01-01").
			SetTimeZone("UTC").SetArchivedAt(s.now()).SaveX(s.ctx).ID
		many := make([]filesync.Target, 21)
		for name, test := range map[string]struct {
			change func(*filesync.Create)
			want   []string
		}{
			"nothing given": {func(in *filesync.Create) { *in = filesync.Create{} }, []string{"INVALID name", "INVALID targets"}},
			"texts": {func(in *filesync.Create) {
				in.Name, in.Mode, in.DeleteMode, in.Priority = "a\nb", "SOMETIMES", "x", "y"
				in.Verification, in.ConflictStrategy = "z", "w"
			}, []string{"INVALID name", "INVALID mode", "INVALID verification", "INVALID conflictStrategy", "INVALID deleteMode", "INVALID priority"}},
			"numbers":          {func(in *filesync.Create) { in.MaxDeletePercent = 101 }, []string{"INVALID maxDeletePercent"}},
			"too many targets": {func(in *filesync.Create) { in.Targets = many }, []string{"INVALID targets"}},
			"folders": {func(in *filesync.Create) {
				in.SourcePath, in.Targets[0].Path, in.Targets[1].Path = "../x", "a//b", ".WedSync/x"
			}, []string{"INVALID sourcePath", "INVALID targets.0.path", "INVALID targets.1.path"}},
			"long folder": {func(in *filesync.Create) { in.SourcePath = strings.Repeat("x", 1025) }, []string{"INVALID sourcePath"}},
			"a target in the source": {func(in *filesync.Create) {
				in.Targets[1] = filesync.Target{ConnectionID: in.SourceID, Path: "IN/sub"}
			}, []string{"INVALID targets.1.path"}},
			"targets in each other": {func(in *filesync.Create) {
				in.Targets = append(in.Targets, filesync.Target{ConnectionID: in.Targets[0].ConnectionID, Path: "out/sub"})
			}, []string{"INVALID targets.2.path"}},
			"patterns": {func(in *filesync.Create) {
				in.Include, in.Exclude = []string{"ok", "[", ""}, []string{strings.Repeat("{a,b}", 4), strings.Repeat("x", 201)}
			}, []string{"INVALID include.1", "INVALID include.2", "INVALID exclude.0", "INVALID exclude.1"}},
			"many patterns": {func(in *filesync.Create) { in.Include = slices.Repeat([]string{"x"}, 101) }, []string{"INVALID include"}},
			"no such things": {func(in *filesync.Create) {
				in.SourceID, in.Targets[1].ConnectionID = "con_1", "con_2"
			}, []string{"NOT_FOUND sourceId", "NOT_FOUND targets.1.connectionId"}},
			"no such wedding":  {func(in *filesync.Create) { in.WeddingID = "wed_1" }, []string{"NOT_FOUND weddingId"}},
			"archived wedding": {func(in *filesync.Create) { in.WeddingID = archived }, []string{"CONFLICT weddingId"}},
			"disconnected":     {func(in *filesync.Create) { in.SourceID = off }, []string{"CONFLICT sourceId"}},
			"roles": {func(in *filesync.Create) {
				in.SourceID, in.Targets[0].ConnectionID, in.Targets[1].ConnectionID = gallery, camera, gone
			}, []string{"UNSUPPORTED sourceId", "UNSUPPORTED targets.0.connectionId", "UNSUPPORTED targets.1.connectionId"}},
			"nothing to delete with": {func(in *filesync.Create) {
				in.Targets[1].ConnectionID, in.DeleteMode = gallery, entsync.DeleteModeTRASH
			}, []string{"UNSUPPORTED targets.1.connectionId"}},
			"a source that takes nothing": {func(in *filesync.Create) {
				in.SourceID, in.ConflictStrategy = camera, entsync.ConflictStrategyTARGET_WINS
			}, []string{"UNSUPPORTED sourceId"}},
		} {
			in := s.valid()
			test.change(&in)
			if _, err := s.Create(s.ctx, in); !slices.Equal(codes(err), test.want) {
				t.Errorf("%s: %q (%v)", name, codes(err), err)
			}
		}
		if n := s.client.FileSync.Query().CountX(s.ctx); n != 0 {
			t.Errorf("%d syncs were defined", n)
		}
	})
}

func TestContinuousSyncHasOneWatch(t *testing.T) {
	t.Parallel()
	testenv.Databases(t, func(t *testing.T, db testenv.Database) {
		s := newStudio(t, db)
		in := s.valid()
		in.Mode = entsync.ModeCONTINUOUS
		f := s.define(in)
		watches := func() int {
			return s.client.Job.Query().
				Where(job.Kind(hub.JobSyncWatch), job.SubjectID(f.ID), job.StateIn(job.StateREADY, job.StateCLAIMED)).CountX(s.system)
		}
		manual, continuous := entsync.ModeMANUAL, entsync.ModeCONTINUOUS
		if watches() != 1 {
			t.Errorf("%d watches of a continuous sync", watches())
		}
		for _, step := range []struct {
			mode *entsync.Mode
			want int
		}{{&manual, 0}, {&continuous, 1}, {nil, 1}, {&continuous, 1}} {
			if _, err := s.Update(s.ctx, filesync.Update{ID: f.ID, Mode: step.mode}); err != nil {
				t.Fatal(err)
			}
			if watches() != step.want {
				t.Errorf("%d watches, want %d", watches(), step.want)
			}
		}
		if _, err := s.Archive(s.ctx, f.ID); err != nil || watches() != 0 {
			t.Errorf("%d watches of what was put away (%v)", watches(), err)
		}
	})
}
