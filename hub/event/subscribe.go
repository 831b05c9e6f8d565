package event

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/wedsync/wedsync/ent"
	entevent "github.com/wedsync/wedsync/ent/event"
	"github.com/wedsync/wedsync/ent/rule"
	"github.com/wedsync/wedsync/hub"
	"github.com/wedsync/wedsync/internal/bus"
)

// subscription is a bus.Subscription.
type subscription interface {
	Ready() <-chan struct{}
	Take() (messages []bus.Message, gap bool)
}

// replayPage is how many old events are read at once.
const replayPage = 200

// Now, as the number to subscribe after, means: from now on.
const Now int64 = -1

// Subscribe follows the viewer's events after the number after: first those that
// are there, then each as it is committed, in order, without gap or duplicate. The
// stream ends with ctx, when the viewer loses access, or when its reader is too slow.
func (s *Service) Subscribe(ctx context.Context, f Filter, after int64) (*Stream[*ent.Event], error) {
	viewer, ok := rule.From(ctx)
	if !ok || viewer.OrganizationID == "" {
		return nil, errors.New("a subscription needs a viewer within an organization")
	}
	if err := f.validate(); err != nil {
		return nil, err
	}
	last, err := s.lastSeq(ctx, viewer.OrganizationID)
	if err != nil {
		return nil, err
	}
	if after < 0 {
		after = last
	}
	if after > last {
		return nil, hub.Errorf(hub.CodeInvalid, "after", "the log of events does not go as far as this cursor")
	}
	f.Types = slices.Clone(f.Types)
	return open(ctx, s.slow, func(ctx context.Context, out *Stream[*ent.Event]) error {
		t, leave := s.tails.acquire(viewer.OrganizationID)
		defer leave()
		g, dismiss := s.guards.acquire(viewer)
		defer dismiss()
		return s.pass(ctx, follower{out: out, guard: g, tail: t, filter: f}, after)
	}), nil
}

// follower is one stream of events.
type follower struct {
	out    *Stream[*ent.Event]
	guard  *guard
	tail   *tail
	filter Filter
}

// pass sends what comes after the cursor until the stream ends.
func (s *Service) pass(ctx context.Context, f follower, cursor int64) error {
	for {
		events, kept, last, grown := f.tail.after(cursor)
		if !kept {
			var err error
			if events, err = s.replay(ctx, f.filter, cursor, last); err != nil {
				return err
			}
		}
		for _, e := range events {
			if err := f.send(ctx, e); err != nil {
				return err
			}
			cursor = e.Seq
		}
		if !kept && len(events) < replayPage {
			cursor = last // the rest up to there does not match
		}
		if len(events) > 0 || !kept {
			continue
		}
		select {
		case <-grown:
		case <-ctx.Done():
			return ctx.Err()
		case <-f.guard.revoked:
			return f.guard.err
		}
	}
}

func (f follower) send(ctx context.Context, e *ent.Event) error {
	if !f.filter.matches(e) {
		return nil
	}
	err := f.out.send(ctx, f.guard, e, nil)
	if errors.Is(err, errSlow) {
		return &SlowError{After: e.Seq - 1}
	}
	return err
}

func (f Filter) matches(e *ent.Event) bool {
	return (len(f.Types) == 0 || slices.Contains(f.Types, e.Type)) &&
		(f.WeddingID == "" || f.WeddingID == e.WeddingID)
}

// replay returns a page of the events that match, after the cursor and up to last.
func (s *Service) replay(ctx context.Context, f Filter, cursor, last int64) ([]*ent.Event, error) {
	events, err := s.client.Event.Query().
		Where(f.where(), entevent.SeqGT(cursor), entevent.SeqLTE(last)).
		Order(entevent.BySeq()).Limit(replayPage).All(ctx)
	if err != nil {
		return nil, fmt.Errorf("replay events: %w", err)
	}
	return events, nil
}
