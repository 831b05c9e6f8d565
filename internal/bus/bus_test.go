package bus_test

import (
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/wedsync/wedsync/internal/bus"
	"github.com/wedsync/wedsync/internal/testenv"
)

// patience bounds the wait for what must happen; a passing test never gets there.
const patience = 30 * time.Second

func join(t *testing.T, client redis.UniversalClient) *bus.Bus {
	t.Helper()
	b := bus.New(client, slog.New(slog.DiscardHandler))
	t.Cleanup(b.Close)
	return b
}

// listener collects what a subscription tells.
type listener struct {
	*bus.Subscription
	got  []string
	gaps int
}

func listen(t *testing.T, b *bus.Bus, channels ...string) *listener {
	t.Helper()
	l := &listener{Subscription: b.Subscribe(channels...)}
	t.Cleanup(l.Close)
	return l
}

// until takes from the subscription until done.
func (l *listener) until(t *testing.T, what string, done func() bool) {
	t.Helper()
	timeout := time.After(patience)
	for !done() {
		select {
		case <-timeout:
			t.Fatalf("waited for %s in vain: got %v and %d gaps", what, l.got, l.gaps)
		case <-l.Ready():
			messages, gap := l.Take()
			if gap {
				l.gaps++
			}
			for _, m := range messages {
				l.got = append(l.got, m.Channel+"="+m.Payload)
			}
		}
	}
}

// confirmed waits until the server knows n connections that listen to the channel.
func confirmed(t *testing.T, client *redis.Client, channel string, n int64) {
	t.Helper()
	timeout := time.After(patience)
	again := time.NewTicker(time.Millisecond)
	defer again.Stop()
	for {
		counts, err := client.PubSubNumSub(t.Context(), channel).Result()
		if err == nil && counts[channel] == n {
			return
		}
		select {
		case <-timeout:
			t.Fatalf("%d connections listen to %s, want %d (%v)", counts[channel], channel, n, err)
		case <-again.C:
		}
	}
}

func TestMessagesReachEveryProcessInOrder(t *testing.T) {
	t.Parallel()
	testenv.Pairs(t, func(t *testing.T, p testenv.Pair) {
		client := p.Redis.Client(t)
		here, there := join(t, client), join(t, p.Redis.Client(t))
		listeners := []*listener{listen(t, here, "a"), listen(t, there, "a", "b"), listen(t, there, "b")}
		confirmed(t, client, "a", 2)
		confirmed(t, client, "b", 1)
		var want []string
		for i := range 50 {
			here.Publish("a", fmt.Sprint(i))
			want = append(want, fmt.Sprint("a=", i))
		}
		there.Publish("b", "x")
		for i, expected := range [][]string{want, append(slices.Clone(want), "b=x"), {"b=x"}} {
			l := listeners[i]
			l.until(t, "all messages", func() bool { return len(l.got) >= len(expected) })
			// Between channels there is no order.
			slices.SortStableFunc(l.got, func(a, b string) int { return strings.Compare(a[:1], b[:1]) })
			if !slices.Equal(l.got, expected) {
				t.Errorf("listener %d got %v", i, l.got)
			}
		}
	})
}

func TestReconnectionIsAGap(t *testing.T) {
	t.Parallel()
	testenv.Pairs(t, func(t *testing.T, p testenv.Pair) {
		client := p.Redis.Client(t)
		b := join(t, client)
		l := listen(t, b, "a")
		confirmed(t, client, "a", 1)
		l.until(t, "the first gap", func() bool { return l.gaps > 0 })

		p.Redis.Stop(t)
		late := listen(t, b, "late") // asked for while Redis is away
		b.Publish("a", "lost")
		before := l.gaps
		p.Redis.Start(t)
		l.until(t, "a gap", func() bool { return l.gaps > before })
		confirmed(t, client, "a", 1)
		confirmed(t, client, "late", 1)
		b.Publish("a", "heard")
		b.Publish("late", "heard")
		l.until(t, "the message", func() bool { return slices.Contains(l.got, "a=heard") })
		late.until(t, "the message", func() bool { return slices.Contains(late.got, "late=heard") })
	})
}

func TestSlowListenerIsToldOfTheGap(t *testing.T) {
	t.Parallel()
	client := testenv.NewRedis(t).Client(t)
	b := join(t, client)
	slow, quick := listen(t, b, "a"), listen(t, b, "a")
	confirmed(t, client, "a", 1)
	slow.Take()
	quick.until(t, "the first gap", func() bool { return quick.gaps > 0 })
	const n = 500
	for i := range n {
		b.Publish("a", fmt.Sprint(i))
		quick.until(t, "every message", func() bool { return len(quick.got) > i })
	}
	messages, gap := slow.Take()
	if !gap || len(messages) == 0 || messages[len(messages)-1].Payload != fmt.Sprint(n-1) {
		t.Errorf("gap %v, then %v", gap, messages)
	}
	if len(messages) >= n {
		t.Errorf("%d messages were kept", len(messages))
	}
}

func TestClosedSubscriptionsLeaveTheServer(t *testing.T) {
	t.Parallel()
	client := testenv.NewRedis(t).Client(t)
	b := join(t, client)
	first, second := b.Subscribe("a"), b.Subscribe("a")
	confirmed(t, client, "a", 1)
	first.Close()
	first.Close()
	l := &listener{Subscription: second}
	b.Publish("a", "x")
	l.until(t, "the message", func() bool { return slices.Contains(l.got, "a=x") })
	second.Close()
	confirmed(t, client, "a", 0)
}

func TestPublishNeverBlocks(t *testing.T) {
	t.Parallel()
	r := testenv.NewRedis(t)
	r.Stop(t)
	b := join(t, r.Client(t))
	start := time.Now()
	for range 100_000 {
		b.Publish("a", "x")
	}
	if took := time.Since(start); took > 5*time.Second {
		t.Errorf("publishing without Redis took %v", took)
	}
	r.Start(t)
}

func TestConnectEmbedded(t *testing.T) {
	t.Parallel()
	client, closeAll, err := bus.Connect("")
	if err != nil {
		t.Fatal(err)
	}
	b := bus.New(client, slog.New(slog.DiscardHandler))
	l := listen(t, b, "a")
	confirmed(t, client, "a", 1)
	b.Publish("a", "x")
	l.until(t, "the message", func() bool { return slices.Contains(l.got, "a=x") })
	// Time passes inside.
	if err := client.Set(t.Context(), "key", "value", time.Millisecond).Err(); err != nil {
		t.Fatal(err)
	}
	timeout := time.After(patience)
	for client.Exists(t.Context(), "key").Val() != 0 {
		select {
		case <-timeout:
			t.Fatal("a key outlived its time")
		default:
		}
	}
	b.Close()
	if err := closeAll(); err != nil {
		t.Error(err)
	}
}

func TestConnectHidesThePassword(t *testing.T) {
	t.Parallel()
	for _, url := range []string{"http://:s3cret@localhost", "redis://:s3cret@local host", "redis://:s3cret@localhost/s3cret"} {
		if _, _, err := bus.Connect(url); err == nil || strings.Contains(err.Error(), "s3cret") {
			t.Errorf("%s: %v", url, err)
		}
	}
}
