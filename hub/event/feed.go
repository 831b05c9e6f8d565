package event

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"
	"time"

	"github.com/wedsync/wedsync/ent"
	"github.com/wedsync/wedsync/ent/rule"
	"github.com/wedsync/wedsync/ent/syncrun"
	"github.com/wedsync/wedsync/ent/transfer"
	"github.com/wedsync/wedsync/hub"
	"github.com/wedsync/wedsync/internal/bus"
)

const (
	// pictureLasts is how long a worker's picture counts after its last one.
	pictureLasts = 3 * time.Second
	// runPoll bounds how long a change of a run can stay unseen.
	runPoll = time.Second
	// shownErrors is how many of a run's failures a view names.
	shownErrors = 5
	// maxWorkers bounds the pictures of one run that are kept.
	maxWorkers = 256
)

type runKey struct{ organization, run string }

// feed makes the views of one run for all who follow it.
type feed struct {
	key runKey
	// pictures are the workers', by worker; only the feed's goroutine comes here.
	pictures map[string]hub.Progress

	mu   sync.Mutex
	view *RunView
	// renewed is closed when there is a newer view.
	renewed chan struct{}
}

func newFeed(k runKey) *feed {
	return &feed{key: k, pictures: map[string]hub.Progress{}, renewed: make(chan struct{})}
}

// latest returns the newest view, nil if there is none yet, and what is closed
// when there is a newer one.
func (f *feed) latest() (*RunView, <-chan struct{}) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.view, f.renewed
}

func (f *feed) renew(v *RunView) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.view != nil && f.view.same(v) {
		return
	}
	f.view = v
	close(f.renewed)
	f.renewed = make(chan struct{})
}

// feed renews the view, at most four times a second, until ctx ends or the run
// is over.
func (s *Service) feed(ctx context.Context, f *feed) {
	news := s.bus.Subscribe(progressChannel(f.key.run), eventsChannel(f.key.organization))
	defer news.Close()
	pause := time.NewTimer(0)
	defer pause.Stop()
	for {
		view, err := s.look(ctx, f)
		switch {
		case err == nil:
			f.renew(view)
			if view.Over() {
				return
			}
		case ctx.Err() == nil:
			s.log.WarnContext(ctx, "a run cannot be read", "run", f.key.run, "error", err)
		}
		pause.Reset(pictureEvery)
		select {
		case <-ctx.Done():
			return
		case <-pause.C:
		}
		pause.Reset(runPoll - pictureEvery)
		select {
		case <-ctx.Done():
			return
		case <-pause.C:
		case <-news.Ready():
			messages, _ := news.Take()
			f.take(messages)
		}
	}
}

// take keeps the workers' pictures among the messages.
func (f *feed) take(messages []bus.Message) {
	for _, m := range messages {
		if m.Channel != progressChannel(f.key.run) {
			continue
		}
		var p hub.Progress
		if json.Unmarshal([]byte(m.Payload), &p) != nil || p.RunID != f.key.run {
			continue // not a picture
		}
		// Age is counted from the arrival: clocks differ.
		p.At = time.Now()
		if _, known := f.pictures[p.Worker]; known || len(f.pictures) < maxWorkers {
			f.pictures[p.Worker] = p
		}
	}
}

// look reads the run and adds what its workers are at.
func (s *Service) look(ctx context.Context, f *feed) (*RunView, error) {
	ctx = rule.SystemWithin(ctx, f.key.organization)
	run, err := s.client.SyncRun.Get(ctx, f.key.run)
	if err != nil {
		return nil, fmt.Errorf("read run: %w", err)
	}
	for worker, p := range f.pictures {
		if time.Since(p.At) > pictureLasts {
			delete(f.pictures, worker)
		}
	}
	view := newRunView(run, f.pictures)
	if run.OperationsFailed > 0 {
		if view.Errors, err = s.failures(ctx, f, run); err != nil {
			return nil, err
		}
	}
	return view, nil
}

// failures returns the run's latest; they are read anew only when there are more.
func (s *Service) failures(ctx context.Context, f *feed, run *ent.SyncRun) ([]*ent.Transfer, error) {
	if before, _ := f.latest(); before != nil && before.Failed == run.OperationsFailed {
		return before.Errors, nil
	}
	failed, err := s.client.Transfer.Query().
		Where(transfer.RunID(run.ID), transfer.StateEQ(transfer.StateFAILED)).
		Order(ent.Desc(transfer.FieldFinishedAt, transfer.FieldID)).Limit(shownErrors).All(ctx)
	if err != nil {
		return nil, fmt.Errorf("read failures: %w", err)
	}
	return failed, nil
}

// RunProgress follows a run of the viewer's: its view at once, then up to four a
// second while something changes, and last the one in which it is over, with which
// the stream ends. Views that a slow reader misses are left out.
func (s *Service) RunProgress(ctx context.Context, runID string) (*Stream[*RunView], error) {
	viewer, ok := rule.From(ctx)
	if !ok {
		return nil, fmt.Errorf("a subscription needs a viewer")
	}
	run, err := s.client.SyncRun.Query().Where(syncrun.ID(runID)).
		Select(syncrun.FieldID, syncrun.FieldOrganizationID).Only(ctx)
	if err != nil {
		return nil, hub.Translate(err, "runId", runID)
	}
	key := runKey{organization: run.OrganizationID, run: run.ID}
	return open(ctx, s.slow, func(ctx context.Context, out *Stream[*RunView]) error {
		f, leave := s.feeds.acquire(key)
		defer leave()
		g, dismiss := s.guards.acquire(viewer)
		defer dismiss()
		return show(ctx, f, g, out)
	}), nil
}

// RunNow returns a run's view without following it: what its row says.
func RunNow(run *ent.SyncRun) *RunView { return newRunView(run, nil) }
