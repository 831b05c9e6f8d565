package event

import (
	"context"
	"fmt"
	"log/slog"
	"strconv"
	"sync"
	"time"

	"github.com/wedsync/wedsync/ent"
	entevent "github.com/wedsync/wedsync/ent/event"
	"github.com/wedsync/wedsync/ent/predicate"
	"github.com/wedsync/wedsync/ent/rule"
	"github.com/wedsync/wedsync/hub"
	"github.com/wedsync/wedsync/internal/bus"
)

// MaxPage bounds one page of events.
const MaxPage = 500

// StillAllowed returns an error once the viewer may no longer see what it
// subscribed to. It is asked every few seconds.
type StillAllowed func(context.Context, rule.Viewer) error

// Service reads the log of events and passes on progress. It observes the hub's
// commits (hub.Observer) and takes progress (hub.ProgressSink).
type Service struct {
	client  *ent.Client
	bus     *bus.Bus
	allowed StillAllowed
	log     *slog.Logger
	slow    time.Duration

	tails    *shared[string, *tail]
	guards   *shared[rule.Viewer, *guard]
	feeds    *shared[runKey, *feed]
	outgoing *outgoing
	stop     context.CancelFunc
	running  sync.WaitGroup
}

// New returns a service that reads from client and hears of news by b. Close
// ends it.
func New(client *ent.Client, b *bus.Bus, allowed StillAllowed, log *slog.Logger) *Service {
	ctx, stop := context.WithCancel(context.Background())
	s := &Service{client: client, bus: b, allowed: allowed, log: log, slow: slowTime, stop: stop, outgoing: newOutgoing(b)}
	s.tails = newShared(ctx, func(ctx context.Context, organization string) *tail {
		t := newTail(organization)
		s.running.Go(func() { s.follow(ctx, t) })
		return t
	})
	s.guards = newShared(ctx, func(ctx context.Context, v rule.Viewer) *guard {
		g := newGuard(v)
		s.running.Go(func() { s.watch(ctx, g) })
		return g
	})
	s.feeds = newShared(ctx, func(ctx context.Context, k runKey) *feed {
		f := newFeed(k)
		s.running.Go(func() { s.feed(ctx, f) })
		return f
	})
	return s
}

// Close stops following. Streams that are still open hear nothing any more, so
// end their contexts first.
func (s *Service) Close() {
	s.stop()
	s.outgoing.close()
	s.running.Wait()
}

func eventsChannel(organization string) string { return "wedsync:events:" + organization }

// Committed tells subscribers, here and in other processes, of new events.
func (s *Service) Committed(_ context.Context, c hub.Commit) {
	if c.LastSeq == 0 {
		return
	}
	if t, ok := s.tails.peek(c.OrganizationID); ok {
		t.kick()
	}
	s.bus.Publish(eventsChannel(c.OrganizationID), strconv.FormatInt(c.LastSeq, 10))
}

// Filter selects events. Its zero value selects all of the viewer's organization.
type Filter struct {
	// Types are event types; none means all.
	Types []string
	// WeddingID confines to the events of one wedding.
	WeddingID string
}

const (
	maxTypes      = 50
	maxTypeLength = 100
)

func (f Filter) validate() error {
	if len(f.Types) > maxTypes {
		return hub.Errorf(hub.CodeInvalid, "types", "at most %d types can be asked for", maxTypes)
	}
	for i, t := range f.Types {
		if t == "" || len(t) > maxTypeLength {
			return hub.Errorf(hub.CodeInvalid, fmt.Sprintf("types.%d", i), "this is no event type")
		}
	}
	return nil
}

func (f Filter) where() predicate.Event {
	var all []predicate.Event
	if len(f.Types) > 0 {
		all = append(all, entevent.TypeIn(f.Types...))
	}
	if f.WeddingID != "" {
		all = append(all, entevent.WeddingID(f.WeddingID))
	}
	if len(all) == 0 {
		return entevent.SeqGT(0)
	}
	return entevent.And(all...)
}

// List returns up to limit of the viewer's events after the number after, in the
// order they were committed.
func (s *Service) List(ctx context.Context, f Filter, after int64, limit int) ([]*ent.Event, error) {
	if err := f.validate(); err != nil {
		return nil, err
	}
	if limit < 0 || limit > MaxPage {
		return nil, hub.Errorf(hub.CodeInvalid, "first", "at most %d events fit on a page", MaxPage)
	}
	events, err := s.client.Event.Query().Where(f.where(), entevent.SeqGT(after)).
		Order(entevent.BySeq()).Limit(limit).All(ctx)
	if err != nil {
		return nil, fmt.Errorf("list events: %w", err)
	}
	return events, nil
}
