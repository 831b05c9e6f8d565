package event

import (
	"context"
	"encoding/json"
	"sync"
	"time"

	"github.com/wedsync/wedsync/hub"
	"github.com/wedsync/wedsync/internal/bus"
)

// pictureEvery bounds the pictures of a run that a worker sends and a subscriber
// is shown: four a second.
const pictureEvery = 250 * time.Millisecond

func progressChannel(runID string) string { return "wedsync:progress:" + runID }

// Progress passes a worker's picture of a run on, or the next one in its place if
// they come too often. It never blocks.
func (s *Service) Progress(_ context.Context, p hub.Progress) { s.outgoing.put(p) }

// outgoing conflates the pictures that this process sends.
type outgoing struct {
	bus *bus.Bus

	mu     sync.Mutex
	closed bool
	runs   map[pictureKey]*picture
}

type pictureKey struct{ run, worker string }

// picture is a run's latest that is not sent yet, and when the next may be.
type picture struct {
	waiting *hub.Progress
	timer   *time.Timer
}

func newOutgoing(b *bus.Bus) *outgoing {
	return &outgoing{bus: b, runs: map[pictureKey]*picture{}}
}

func (o *outgoing) put(p hub.Progress) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.closed {
		return
	}
	key := pictureKey{run: p.RunID, worker: p.Worker}
	if slot := o.runs[key]; slot != nil {
		slot.waiting = &p
		return
	}
	o.runs[key] = &picture{timer: time.AfterFunc(pictureEvery, func() { o.next(key) })}
	o.send(p)
}

// next sends what has come since the last picture, or forgets the run.
func (o *outgoing) next(key pictureKey) {
	o.mu.Lock()
	defer o.mu.Unlock()
	slot := o.runs[key]
	if slot == nil || o.closed {
		return
	}
	if slot.waiting == nil {
		delete(o.runs, key)
		return
	}
	o.send(*slot.waiting)
	slot.waiting = nil
	slot.timer.Reset(pictureEvery)
}

func (o *outgoing) send(p hub.Progress) {
	text, err := json.Marshal(p)
	if err != nil {
		return // a rate that is no number; the next picture will do
	}
	o.bus.Publish(progressChannel(p.RunID), string(text))
}

func (o *outgoing) close() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.closed = true
	for key, slot := range o.runs {
		slot.timer.Stop()
		delete(o.runs, key)
	}
}
