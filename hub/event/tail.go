package event

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/wedsync/wedsync/ent"
	entevent "github.com/wedsync/wedsync/ent/event"
	"github.com/wedsync/wedsync/ent/organization"
	"github.com/wedsync/wedsync/ent/rule"
)

const (
	// tailKeeps is how many of the latest events are kept for those who follow.
	tailKeeps = 1000
	// safetyPoll bounds how long an event can stay unseen whose message was lost.
	safetyPoll = 2 * time.Second
)

// tail is the end of an organization's log, read once for all who follow it.
type tail struct {
	organization string
	kicked       chan struct{}

	mu sync.Mutex
	// events are the latest, without a gap; the last has the number last.
	events []*ent.Event
	last   int64
	// grown is closed when there are more.
	grown chan struct{}
}

// unread is the last of a tail that was not read yet.
const unread = -1

func newTail(organization string) *tail {
	return &tail{organization: organization, last: unread, kicked: make(chan struct{}, 1), grown: make(chan struct{})}
}

func (t *tail) kick() { kick(t.kicked) }

// after returns the events after the number cursor. If kept is false they begin
// before those that are kept, and last tells how far the log goes. grown is closed
// when there are more.
func (t *tail) after(cursor int64) (events []*ent.Event, kept bool, last int64, grown <-chan struct{}) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.last <= cursor { // also if it was not read yet
		return nil, true, t.last, t.grown
	}
	first := t.last - int64(len(t.events)) + 1
	if cursor+1 < first {
		return nil, false, t.last, t.grown
	}
	return t.events[cursor+1-first:], true, t.last, t.grown
}

// begin says how far the log goes when following begins.
func (t *tail) begin(last int64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.last = last
	close(t.grown)
	t.grown = make(chan struct{})
}

// grow adds what was read after last.
func (t *tail) grow(events []*ent.Event) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, e := range events {
		if e.Seq != t.last+1 {
			t.events = nil // what is kept has no gap
		}
		t.events = append(t.events, e)
		t.last = e.Seq
	}
	if more := len(t.events) - tailKeeps; more > 0 {
		t.events = t.events[more:] // readers hold on to what they were given
	}
	close(t.grown)
	t.grown = make(chan struct{})
}

func (t *tail) at() int64 {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.last
}

// follow reads new events until ctx ends: when a message or a local commit tells of
// them, and now and then without.
func (s *Service) follow(ctx context.Context, t *tail) {
	news := s.bus.Subscribe(eventsChannel(t.organization))
	defer news.Close()
	for {
		if err := s.readOn(ctx, t); err != nil && ctx.Err() == nil {
			s.log.WarnContext(ctx, "the log of events cannot be read", "organization", t.organization, "error", err)
		}
		if !s.awaitNews(ctx, t, news) {
			return
		}
	}
}

// awaitNews returns when there may be something to read, or false when ctx ends.
func (s *Service) awaitNews(ctx context.Context, t *tail, news subscription) bool {
	poll := time.NewTimer(safetyPoll*3/4 + rand.N(safetyPoll/4))
	defer poll.Stop()
	for {
		select {
		case <-ctx.Done():
			return false
		case <-poll.C:
			return true
		case <-t.kicked:
			return true
		case <-news.Ready():
			messages, gap := news.Take()
			for _, m := range messages {
				// A commit that was read already need not be read again.
				seq, err := strconv.ParseInt(m.Payload, 10, 64)
				gap = gap || err != nil || seq > t.at()
			}
			if gap {
				return true
			}
		}
	}
}

// readOn reads all that is new.
func (s *Service) readOn(ctx context.Context, t *tail) error {
	ctx = rule.SystemWithin(ctx, t.organization)
	last := t.at()
	if last == unread {
		seq, err := s.lastSeq(ctx, t.organization)
		if err != nil {
			return err
		}
		t.begin(seq)
		return nil
	}
	for {
		events, err := s.client.Event.Query().Where(entevent.SeqGT(last)).
			Order(entevent.BySeq()).Limit(MaxPage).All(ctx)
		if err != nil {
			return fmt.Errorf("read events: %w", err)
		}
		if len(events) == 0 {
			return nil
		}
		t.grow(events)
		s.kickGuards(events)
		if len(events) < MaxPage {
			return nil
		}
		last = events[len(events)-1].Seq
	}
}

// kickGuards has viewers checked at once when somebody's access changed.
func (s *Service) kickGuards(events []*ent.Event) {
	for _, e := range events {
		if strings.HasPrefix(e.Type, "member.") || strings.HasPrefix(e.Type, "token.") {
			s.guards.each(func(v rule.Viewer, g *guard) {
				if v.OrganizationID == e.OrganizationID {
					kick(g.kicked)
				}
			})
			return
		}
	}
}

// lastSeq returns the number of the organization's latest event.
func (s *Service) lastSeq(ctx context.Context, id string) (int64, error) {
	org, err := s.client.Organization.Query().Where(organization.ID(id)).
		Select(organization.FieldEventSeq).Only(ctx)
	if err != nil {
		return 0, fmt.Errorf("read the number of the latest event: %w", err)
	}
	return org.EventSeq, nil
}
