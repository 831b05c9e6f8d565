package filesync_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/wedsync/wedsync/connectors"
	"github.com/wedsync/wedsync/connectors/decorate"
	"github.com/wedsync/wedsync/ent"
	entsync "github.com/wedsync/wedsync/ent/filesync"
	"github.com/wedsync/wedsync/ent/job"
	"github.com/wedsync/wedsync/ent/syncrun"
	"github.com/wedsync/wedsync/hub"
	"github.com/wedsync/wedsync/hub/filesync"
	"github.com/wedsync/wedsync/internal/testenv"
)

// watched defines a continuous sync and watches it until the test or its watch
// ends, which the channel tells.
func (s *studio) watched(ctx context.Context, in filesync.Create) (*ent.FileSync, <-chan error) {
	s.Helper()
	in.Mode = entsync.ModeCONTINUOUS
	f := s.define(in)
	j := s.client.Job.Query().Where(job.Kind(hub.JobSyncWatch), job.SubjectID(f.ID)).OnlyX(s.system)
	ended := make(chan error, 1)
	go func() { ended <- s.HandleWatch(ctx, j) }()
	return f, ended
}

// until does the jobs that come up until the condition holds.
func (s *studio) until(what string, holds func() bool) {
	s.Helper()
	deadline := time.After(20 * time.Second)
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for !holds() {
		select {
		case <-tick.C:
			s.work()
		case <-deadline:
			s.Fatalf("%s does not happen", what)
		}
	}
}

func (s *studio) has(connectionID, path string) bool {
	_, err := s.open[connectionID].(connectors.Source).Stat(s.ctx, path)
	return err == nil
}

func TestContinuousSyncFollowsItsSource(t *testing.T) {
	t.Parallel()
	testenv.Databases(t, func(t *testing.T, db testenv.Database) {
		s := newStudio(t, db)
		in := s.valid()
		target := in.Targets[0].ConnectionID
		s.put(in.SourceID, "in/a.jpg", "one")
		f, ended := s.watched(s.system, in)
		s.until("what was there at first arrives", func() bool { return s.has(target, "out/a.jpg") })
		s.put(in.SourceID, "in/b.jpg", "two")
		s.until("what came later arrives", func() bool { return s.has(target, "out/b.jpg") })
		s.put(in.SourceID, "elsewhere.jpg", "not ours")
		for range 5 {
			s.work()
		}
		runs := s.client.SyncRun.Query().Where(syncrun.StateEQ(syncrun.StateCOMPLETED)).AllX(s.ctx)
		for _, run := range runs {
			if run.Trigger != syncrun.TriggerCHANGE || run.Operations == 0 {
				t.Errorf("a run for nothing is kept: %v", run)
			}
		}
		s.until("the last run ends", func() bool {
			return s.client.SyncRun.Query().Where(syncrun.StateIn(hub.ActiveRunStates()...)).CountX(s.ctx) == 0
		})
		manual := entsync.ModeMANUAL
		if _, err := s.Update(s.ctx, filesync.Update{ID: f.ID, Mode: &manual}); err != nil {
			t.Fatal(err)
		}
		if err := <-ended; err != nil {
			t.Errorf("the watch ended with %v", err)
		}
	})
}

func TestSourceWithoutFeedIsReadAgainAndAgain(t *testing.T) {
	t.Parallel()
	testenv.Databases(t, func(t *testing.T, db testenv.Database) {
		s := newStudio(t, db)
		in := s.valid()
		target := in.Targets[0].ConnectionID
		s.open[in.SourceID] = decorate.Only(s.open[in.SourceID], connectors.RoleSource, connectors.RoleSink)
		s.put(in.SourceID, "in/a.jpg", "one")
		ctx, cancel := context.WithCancel(s.system)
		_, ended := s.watched(ctx, in)
		s.until("what was there at first arrives", func() bool { return s.has(target, "out/a.jpg") })
		s.put(in.SourceID, "in/b.jpg", "two")
		s.until("what came later arrives", func() bool { return s.has(target, "out/b.jpg") })
		cancel()
		if err := <-ended; !errors.Is(err, context.Canceled) {
			t.Errorf("the watch ended with %v", err)
		}
	})
}

func TestWatchGetsOverFailures(t *testing.T) {
	t.Parallel()
	testenv.Databases(t, func(t *testing.T, db testenv.Database) {
		s := newStudio(t, db)
		in := s.valid()
		target := in.Targets[0].ConnectionID
		s.refused[in.SourceID] = hub.Errorf(hub.CodeConflict, "", "the connection was disconnected")
		s.put(in.SourceID, "in/a.jpg", "one")
		ctx, cancel := context.WithCancel(s.system)
		_, ended := s.watched(ctx, in)
		s.work()
		s.mu.Lock()
		delete(s.refused, in.SourceID)
		s.mu.Unlock()
		s.until("what was there arrives", func() bool { return s.has(target, "out/a.jpg") })
		cancel()
		if err := <-ended; !errors.Is(err, context.Canceled) {
			t.Errorf("the watch ended with %v", err)
		}
	})
}
