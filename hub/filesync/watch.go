package filesync

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/wedsync/wedsync/connectors"
	"github.com/wedsync/wedsync/ent"
	entsync "github.com/wedsync/wedsync/ent/filesync"
	"github.com/wedsync/wedsync/ent/syncrun"
	"github.com/wedsync/wedsync/hub"
)

// watchAgain is how soon a source is watched again after a failure: a connection
// that was just given new settings ends the wait at the old one.
const watchAgain = time.Second

// RunWanted reports whether the job's run is one to work on still.
func (s *Service) RunWanted(ctx context.Context, j *ent.Job) (bool, error) {
	run, err := s.store.Client().SyncRun.Get(ctx, j.SubjectID)
	if ent.IsNotFound(err) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("read run: %w", err)
	}
	return run.State != syncrun.StatePAUSED && slices.Contains(hub.ActiveRunStates(), run.State), nil
}

// WatchWanted reports whether the job's sync is continuous still.
func (s *Service) WatchWanted(ctx context.Context, j *ent.Job) (bool, error) {
	f, err := s.store.Client().FileSync.Get(ctx, j.SubjectID)
	if ent.IsNotFound(err) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("read sync: %w", err)
	}
	return f.Mode == entsync.ModeCONTINUOUS && f.ArchivedAt == nil, nil
}

// HandleWatch starts a run of the job's continuous sync at once and then whenever
// its source changes, until the sync is no longer continuous. A source that cannot
// tell of changes is read in full every Options.Rescan instead. One that fails is
// tried again soon and then less and less often, up to that.
func (s *Service) HandleWatch(ctx context.Context, j *ent.Job) error {
	w := &watcher{service: s, job: j}
	pause := watchAgain
	for {
		wanted, err := s.WatchWanted(ctx, j)
		if err != nil || !wanted {
			return err
		}
		if err = w.round(ctx); err == nil {
			pause = watchAgain
			continue
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if errors.Is(err, hub.ErrLeaseLost) {
			return err
		}
		s.options.Log.WarnContext(ctx, "a continuous sync cannot watch its source", "sync", j.SubjectID, "error", err)
		w.cursor = ""
		if err := w.idle(ctx, min(pause, s.options.Rescan)); err != nil {
			return err
		}
		pause = min(2*pause, s.options.Rescan)
	}
}

// watcher follows the changes of one source.
type watcher struct {
	service *Service
	job     *ent.Job
	// cursor is up to where changes are known; empty: nothing is.
	cursor string
}

// round starts a run that sees everything up to now, and waits until there may be
// more.
func (w *watcher) round(ctx context.Context) error {
	f, err := w.service.store.Client().FileSync.Query().
		Where(entsync.ID(w.job.SubjectID)).WithSource().Only(ctx)
	if err != nil {
		return fmt.Errorf("read sync: %w", err)
	}
	place, err := w.service.open(ctx, f.Edges.Source, f.SourcePath)
	if err != nil {
		return err
	}
	feed, ok := place.connection.(connectors.ChangeFeed)
	if !ok {
		if err := w.start(ctx); err != nil {
			return err
		}
		return w.idle(ctx, w.service.options.Rescan)
	}
	dirty, err := w.advance(ctx, feed, place, filterOf(f))
	if err == nil && dirty {
		err = w.start(ctx)
	}
	if err != nil {
		return err
	}
	return w.await(ctx, feed)
}

// advance moves the cursor to now and reports whether a file of the sync may have
// changed since it was set.
func (w *watcher) advance(ctx context.Context, feed connectors.ChangeFeed, place shelf, takes filter) (dirty bool, err error) {
	for w.cursor != "" {
		c, err := feed.Changes(ctx, w.cursor)
		if connectors.Is(err, connectors.CursorReset) {
			break
		}
		if err != nil {
			return false, fmt.Errorf("read changes: %w", err)
		}
		for _, change := range c.Changes {
			path, ok := place.relative(change.Path)
			dirty = dirty || ok && takes.takes(path)
		}
		w.cursor = c.Cursor
		if !c.More {
			return dirty, nil
		}
	}
	w.cursor, err = feed.Latest(ctx)
	if err != nil {
		return false, fmt.Errorf("begin to watch: %w", err)
	}
	return true, nil
}

// start starts a run, after the one before it is over.
func (w *watcher) start(ctx context.Context) error {
	for {
		_, err := w.service.begin(ctx, w.job.SubjectID, "", begun{trigger: syncrun.TriggerCHANGE, autostart: true})
		var mistake *hub.Error
		if !errors.As(err, &mistake) || mistake.Code != hub.CodeAlreadyRunning {
			return err
		}
		if err := w.idle(ctx, w.service.options.Watch); err != nil {
			return err
		}
	}
}

// await waits until the feed may have changes, or for a while.
func (w *watcher) await(ctx context.Context, feed connectors.ChangeFeed) error {
	waiting, cancel := context.WithTimeout(ctx, w.service.options.Rescan)
	defer cancel()
	err := feed.Wait(waiting, w.cursor)
	switch {
	case err == nil, ctx.Err() == nil && waiting.Err() != nil, connectors.Is(err, connectors.CursorReset):
		return ctx.Err()
	}
	return fmt.Errorf("wait for changes: %w", err)
}

func (w *watcher) idle(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
