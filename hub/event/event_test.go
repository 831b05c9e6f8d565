package event_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/wedsync/wedsync/ent"
	"github.com/wedsync/wedsync/ent/rule"
	"github.com/wedsync/wedsync/hub"
	"github.com/wedsync/wedsync/hub/event"
	"github.com/wedsync/wedsync/internal/bus"
	"github.com/wedsync/wedsync/internal/testenv"
)

// patience bounds the wait for what must happen; a passing test never gets there.
const patience = 60 * time.Second

func always(context.Context, rule.Viewer) error { return nil }

// process is one of several that share a pair of stores.
type process struct {
	client *ent.Client
	store  *hub.Store
	events *event.Service
}

func start(t testing.TB, p testenv.Pair, client *ent.Client, allowed event.StillAllowed) *process {
	t.Helper()
	b := bus.New(p.Redis.Client(t), slog.New(slog.DiscardHandler))
	t.Cleanup(b.Close)
	s := event.New(client, b, allowed, slog.New(slog.DiscardHandler))
	t.Cleanup(s.Close)
	return &process{client: client, store: hub.NewStore(client, hub.Observers{s}), events: s}
}

// emit commits events of the types in one unit.
func (p *process) emit(t testing.TB, ctx context.Context, events ...hub.Event) {
	t.Helper()
	if err := p.store.InTx(ctx, func(_ context.Context, tx *hub.Tx) error {
		for _, e := range events {
			tx.Emit(e)
		}
		return nil
	}); err != nil {
		t.Error(err)
	}
}

func (p *process) subscribe(t testing.TB, ctx context.Context, f event.Filter, after int64) *event.Stream[*ent.Event] {
	t.Helper()
	s, err := p.events.Subscribe(ctx, f, after)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// next is the stream's next item.
func next[T any](t testing.TB, s *event.Stream[T]) T {
	t.Helper()
	select {
	case item, open := <-s.Items():
		if !open {
			t.Fatalf("the stream ended: %v", s.Err())
		}
		return item
	case <-time.After(patience):
		t.Fatal("waited for an item in vain")
		panic("unreachable")
	}
}

// end waits for the stream to end and returns why.
func end[T any](t testing.TB, s *event.Stream[T]) error {
	t.Helper()
	timeout := time.After(patience)
	for {
		select {
		case _, open := <-s.Items():
			if !open {
				return s.Err()
			}
		case <-timeout:
			t.Fatal("waited for the stream's end in vain")
		}
	}
}

func file(n int) hub.Event {
	return hub.Event{Type: "file.created", SubjectID: fmt.Sprint("fil_", n)}
}

// Writers in two processes commit at the same time while readers in both come and
// go at random places. Each sees every event once, in order.
func TestNoGapNoDuplicate(t *testing.T) {
	t.Parallel()
	testenv.Pairs(t, func(t *testing.T, p testenv.Pair) {
		ctx, org := testenv.Organization(t, p.Client)
		processes := []*process{start(t, p, p.Client, always), start(t, p, p.Reopen(t).Client, always)}
		const writers, commits = 8, 30
		total := int64(0)
		var all sync.WaitGroup
		var mu sync.Mutex
		for w := range writers {
			all.Go(func() {
				for i := range commits {
					unit := []hub.Event{file(w*1000 + i), file(w*1000 + i)}[:1+i%2]
					processes[w%2].emit(t, ctx, unit...)
					mu.Lock()
					total += int64(len(unit))
					mu.Unlock()
				}
			})
		}
		want := int64(writers * commits * 3 / 2)
		for r := range 10 {
			all.Go(func() { read(t, ctx, processes[r%2], rand.New(rand.NewPCG(uint64(r), 1)), want) })
		}
		all.Wait()
		if got := p.Client.Organization.GetX(ctx, org.ID).EventSeq; got != want || total != want {
			t.Errorf("the log goes to %d, %d were written, want %d", got, total, want)
		}
	})
}

// read follows the log from a random place to its end, over many subscriptions.
func read(t *testing.T, ctx context.Context, p *process, random *rand.Rand, want int64) {
	cursor := int64(0)
	for cursor < want {
		sub, leave := context.WithCancel(ctx)
		stream := p.subscribe(t, sub, event.Filter{}, cursor)
		for range 1 + random.IntN(60) {
			if cursor == want {
				break
			}
			select {
			case e, open := <-stream.Items():
				if !open || e.Seq != cursor+1 {
					t.Errorf("after event %d came %v (open %v, %v)", cursor, e, open, stream.Err())
					leave()
					return
				}
				cursor = e.Seq
			case <-time.After(patience):
				t.Errorf("nothing came after event %d", cursor)
				leave()
				return
			}
		}
		leave()
		for range stream.Items() { // what was under way is read anew
		}
		if err := stream.Err(); err != nil {
			t.Errorf("the stream ended with %v", err)
		}
	}
}

func TestFilters(t *testing.T) {
	t.Parallel()
	testenv.Pairs(t, func(t *testing.T, p testenv.Pair) {
		ctx, _ := testenv.Organization(t, p.Client)
		one := start(t, p, p.Client, always)
		wanted := hub.Event{Type: "run.completed", SubjectID: "run_1", WeddingID: "wed_1"}
		for range 3 {
			for i := range 300 {
				one.emit(t, ctx, file(i))
			}
			one.emit(t, ctx, wanted, hub.Event{Type: "run.completed", SubjectID: "run_2", WeddingID: "wed_2"})
		}
		f := event.Filter{Types: []string{"run.completed", "run.failed"}, WeddingID: "wed_1"}
		old := one.subscribe(t, ctx, f, 0)
		fresh := one.subscribe(t, ctx, f, event.Now)
		for _, seq := range []int64{301, 603, 905} {
			if e := next(t, old); e.Seq != seq || e.SubjectID != "run_1" {
				t.Errorf("got event %d of %s, want %d", e.Seq, e.SubjectID, seq)
			}
		}
		one.emit(t, ctx, file(1), wanted, file(2))
		for _, s := range []*event.Stream[*ent.Event]{old, fresh} {
			if e := next(t, s); e.Seq != 908 {
				t.Errorf("got event %d live", e.Seq)
			}
		}
		list, err := one.events.List(ctx, f, 301, 2)
		if err != nil || len(list) != 2 || list[0].Seq != 603 || list[1].Seq != 905 {
			t.Errorf("listed %v, %v", list, err)
		}
	})
}

func TestOtherOrganizationsAreNotThere(t *testing.T) {
	t.Parallel()
	testenv.Pairs(t, func(t *testing.T, p testenv.Pair) {
		mine, _ := testenv.Organization(t, p.Client)
		theirs, _ := testenv.Organization(t, p.Client)
		one := start(t, p, p.Client, always)
		one.emit(t, theirs, file(1), file(2))
		stream := one.subscribe(t, mine, event.Filter{}, 0)
		one.emit(t, theirs, file(3))
		one.emit(t, mine, file(4))
		if e := next(t, stream); e.SubjectID != "fil_4" || e.Seq != 1 {
			t.Errorf("got %v", e)
		}
		if list, err := one.events.List(mine, event.Filter{}, 0, 10); err != nil || len(list) != 1 {
			t.Errorf("listed %v, %v", list, err)
		}
	})
}

func TestLostMessagesCostTimeOnly(t *testing.T) {
	t.Parallel()
	testenv.Pairs(t, func(t *testing.T, p testenv.Pair) {
		ctx, _ := testenv.Organization(t, p.Client)
		here, there := start(t, p, p.Client, always), start(t, p, p.Reopen(t).Client, always)
		stream := there.subscribe(t, ctx, event.Filter{}, event.Now)
		here.emit(t, ctx, file(1))
		next(t, stream)
		p.Redis.Stop(t)
		here.emit(t, ctx, file(2))
		if e := next(t, stream); e.Seq != 2 {
			t.Errorf("got event %d", e.Seq)
		}
		p.Redis.Start(t)
		p.Redis.Flush(t)
		here.emit(t, ctx, file(3))
		if e := next(t, stream); e.Seq != 3 {
			t.Errorf("got event %d", e.Seq)
		}
	})
}

func TestSlowReaderIsToldWhereToGoOn(t *testing.T) {
	t.Parallel()
	testenv.Pairs(t, func(t *testing.T, p testenv.Pair) {
		ctx, _ := testenv.Organization(t, p.Client)
		one := start(t, p, p.Client, always)
		one.events.SetSlowTime(5 * time.Millisecond)
		wanted := event.Filter{Types: []string{"run.started"}}
		stream := one.subscribe(t, ctx, wanted, 0)
		for range 100 {
			one.emit(t, ctx, file(1), hub.Event{Type: "run.started"})
		}
		last := int64(0)
		for open := true; open; {
			<-time.After(50 * time.Millisecond) // longer than the stream waits
			var e *ent.Event
			if e, open = <-stream.Items(); open {
				last = e.Seq
			}
		}
		var slow *event.SlowError
		if err := stream.Err(); !errors.As(err, &slow) {
			t.Fatalf("the stream ended with %v", err)
		}
		one.events.SetSlowTime(patience)
		again := one.subscribe(t, ctx, wanted, slow.After)
		if e := next(t, again); e.Seq != last+2 {
			t.Errorf("after event %d came %d", last, e.Seq)
		}
	})
}

func TestLostAccessEndsStreams(t *testing.T) {
	t.Parallel()
	testenv.Pairs(t, func(t *testing.T, p testenv.Pair) {
		ctx, org := testenv.Organization(t, p.Client)
		var revoked atomic.Bool
		gone := errors.New("the token was revoked")
		one := start(t, p, p.Client, func(_ context.Context, v rule.Viewer) error {
			if revoked.Load() && v.TokenID == "tok_1" {
				return gone
			}
			return nil
		})
		viewer := rule.Viewer{OrganizationID: org.ID, UserID: "usr_1", Role: rule.RoleViewer}
		safe := one.subscribe(t, rule.With(ctx, viewer), event.Filter{}, event.Now)
		viewer.TokenID = "tok_1"
		idle := one.subscribe(t, rule.With(ctx, viewer), event.Filter{Types: []string{"none"}}, event.Now)
		stuck := one.subscribe(t, rule.With(ctx, viewer), event.Filter{}, 0) // nobody reads it
		one.emit(t, ctx, file(1))
		next(t, safe)
		revoked.Store(true)
		start := time.Now()
		if err := end(t, idle); !errors.Is(err, gone) {
			t.Errorf("the idle stream ended with %v", err)
		}
		if err := end(t, stuck); !errors.Is(err, gone) {
			t.Errorf("the stuck stream ended with %v", err)
		}
		if took := time.Since(start); took > 5*time.Second {
			t.Errorf("it took %v", took)
		}
		one.emit(t, ctx, file(2))
		next(t, safe)
	})
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	testenv.Pairs(t, func(t *testing.T, p testenv.Pair) {
		ctx, _ := testenv.Organization(t, p.Client)
		one := start(t, p, p.Client, always)
		for name, try := range map[string]func() error{
			"a cursor of the future": func() error { _, err := one.events.Subscribe(ctx, event.Filter{}, 1); return err },
			"an empty type":          func() error { _, err := one.events.Subscribe(ctx, event.Filter{Types: []string{""}}, 0); return err },
			"too many types": func() error {
				_, err := one.events.List(ctx, event.Filter{Types: make([]string, 51)}, 0, 1)
				return err
			},
			"too long a page": func() error { _, err := one.events.List(ctx, event.Filter{}, 0, event.MaxPage+1); return err },
		} {
			var refused *hub.Error
			if err := try(); !errors.As(err, &refused) || refused.Code != hub.CodeInvalid {
				t.Errorf("%s: %v", name, err)
			}
		}
		if _, err := one.events.Subscribe(t.Context(), event.Filter{}, 0); err == nil {
			t.Error("subscribed without a viewer")
		}
		if _, err := one.events.RunProgress(ctx, "run_none"); !errors.As(err, new(*hub.Error)) {
			t.Errorf("followed a run that is not there: %v", err)
		}
	})
}

// Many subscribers of one organization read the log together.
func TestSubscribersShareTheReading(t *testing.T) {
	t.Parallel()
	testenv.Pairs(t, func(t *testing.T, p testenv.Pair) {
		ctx, _ := testenv.Organization(t, p.Client)
		client := p.Reopen(t).Client
		var queries atomic.Int64
		client.Event.Intercept(ent.InterceptFunc(func(next ent.Querier) ent.Querier {
			return ent.QuerierFunc(func(ctx context.Context, q ent.Query) (ent.Value, error) {
				queries.Add(1)
				return next.Query(ctx, q)
			})
		}))
		here, there := start(t, p, p.Client, always), start(t, p, client, always)
		const subscribers, commits = 300, 40
		var all sync.WaitGroup
		for range subscribers {
			stream := there.subscribe(t, ctx, event.Filter{}, 0)
			all.Go(func() {
				for want := range int64(commits) {
					select {
					case e := <-stream.Items():
						if e == nil || e.Seq != want+1 {
							t.Errorf("got %v, want event %d", e, want+1)
							return
						}
					case <-time.After(patience):
						t.Errorf("event %d did not come", want+1)
						return
					}
				}
			})
		}
		for i := range commits {
			here.emit(t, ctx, file(i))
		}
		all.Wait()
		// Subscribers that come while events are written may each replay once.
		if n := queries.Load(); n > subscribers+10*commits {
			t.Errorf("%d subscribers and %d events took %d queries", subscribers, commits, n)
		}
	})
}
