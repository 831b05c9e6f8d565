package gqlws_test

import (
	"context"
	"errors"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"github.com/wedsync/wedsync/server/gqlws"
)

func TestRevokedAccessEndsTheConnection(t *testing.T) {
	t.Parallel()
	h := start(t, func(c *gqlws.Config) { c.RecheckEvery = 10 * time.Millisecond })
	c := h.ready(t)
	c.send(`{"id":"1","type":"subscribe","payload":{"query":"subscription { forever }"}}`)
	eventually(t, "it runs", func() bool { return h.forever.Load() == 1 })
	h.revoked.Store(true)
	c.wantClose(4403)
	eventually(t, "it ended", func() bool { return h.forever.Load() == 0 })
}

func TestAccessThatCannotBeCheckedEndsAfterAWhile(t *testing.T) {
	t.Parallel()
	h := start(t, func(c *gqlws.Config) {
		c.RecheckEvery = 10 * time.Millisecond
		c.Recheck = func(context.Context) error { return errors.New("the database is down") }
	})
	h.ready(t).wantClose(websocket.CloseTryAgainLater)
}

func TestRevocationIsNoticedWithinFiveSeconds(t *testing.T) {
	t.Parallel()
	if every := gqlws.DefaultTiming().RecheckEvery; every >= 5*time.Second {
		t.Errorf("checked every %v only", every)
	}
}

func TestShutdownTellsClientsToComeAgain(t *testing.T) {
	t.Parallel()
	h := start(t, nil)
	c := h.ready(t)
	c.send(`{"id":"1","type":"subscribe","payload":{"query":"subscription { forever }"}}`)
	eventually(t, "it runs", func() bool { return h.forever.Load() == 1 })
	done := make(chan error, 1)
	go func() { done <- h.Shutdown(t.Context()) }()
	c.wantClose(websocket.CloseGoingAway)
	if err := <-done; err != nil {
		t.Error(err)
	}
	if h.Connections() != 0 || h.forever.Load() != 0 {
		t.Error("something still runs")
	}
	if _, res, err := websocket.DefaultDialer.DialContext(t.Context(), h.url, nil); err == nil || res.StatusCode != 503 {
		t.Errorf("a new connection: %v", err)
	}
}

func TestADeadClientIsGivenUp(t *testing.T) {
	t.Parallel()
	h := start(t, func(c *gqlws.Config) { c.PingEvery = 20 * time.Millisecond })
	c := h.ready(t)
	c.SetPingHandler(func(string) error { return nil }) // does not answer
	if _, err := c.receive(); err == nil {
		t.Fatal("a message")
	}
	eventually(t, "it is gone", func() bool { return h.Connections() == 0 })
}

func TestALiveClientStays(t *testing.T) {
	t.Parallel()
	h := start(t, func(c *gqlws.Config) { c.PingEvery = 20 * time.Millisecond })
	c := h.ready(t)
	pings := 0
	c.SetPingHandler(func(string) error {
		if pings++; pings == 10 {
			c.send(`{"type":"ping"}`)
		}
		return c.WriteControl(websocket.PongMessage, nil, time.Now().Add(time.Second))
	})
	c.want(`{"type":"pong"}`)
}

// event is one of the log, too large for the kernel to swallow many of them.
func event(cursor string) map[string]any {
	return map[string]any{"cursor": cursor, "text": strings.Repeat("x", 64<<10)}
}

func TestASlowReaderIsClosedWithTheCursorToResumeFrom(t *testing.T) {
	t.Parallel()
	h := start(t, func(c *gqlws.Config) { c.SlowAfter = 50 * time.Millisecond })
	c := h.ready(t)
	shrink(t, c)
	c.send(`{"id":"1","type":"subscribe","payload":{"query":"subscription { events { cursor text } }"}}`)
	stop := make(chan struct{})
	go func() { // the event log, read as fast as the connection takes it
		for i := 0; ; i++ {
			select {
			case h.events <- event(cursor(i)):
			case <-stop:
				return
			}
		}
	}()
	defer close(stop)
	eventually(t, "the queue is full", func() bool {
		select {
		case h.events <- event("none"): // still taken: not full
			return false
		case <-time.After(100 * time.Millisecond):
			return true
		}
	})
	last := ""
	for {
		text, err := c.receive()
		if err == nil {
			last = text
			continue
		}
		var closed *websocket.CloseError
		if !errors.As(err, &closed) || closed.Code != websocket.CloseTryAgainLater {
			t.Fatalf("ended with %v", err)
		}
		_, after, _ := strings.Cut(last, `"cursor":"`)
		at, _, _ := strings.Cut(after, `"`)
		if want := `{"resumeAfter":"` + at + `"}`; closed.Text != want {
			t.Errorf("reason %s, want %s", closed.Text, want)
		}
		break
	}
	eventually(t, "it is gone", func() bool { return h.Connections() == 0 && h.Operations() == 0 })
}

func cursor(i int) string { return "c" + strings.Repeat("i", i%7) }

func TestAClientThatReadsNothingIsCut(t *testing.T) {
	t.Parallel()
	h := start(t, func(c *gqlws.Config) { c.WriteTimeout = 50 * time.Millisecond })
	c := h.ready(t)
	shrink(t, c)
	c.send(`{"id":"1","type":"subscribe","payload":{"query":"subscription { events { cursor text } }"}}`)
	stop := make(chan struct{})
	defer close(stop)
	go func() {
		for {
			select {
			case h.events <- event("c"):
			case <-stop:
				return
			}
		}
	}()
	eventually(t, "it is gone", func() bool { return h.Connections() == 0 && h.Operations() == 0 })
}

// shrink makes the kernel hold little for the client.
func shrink(t *testing.T, c *client) {
	t.Helper()
	if err := c.NetConn().(*net.TCPConn).SetReadBuffer(128 << 10); err != nil {
		t.Fatal(err)
	}
}

func TestMessagesInAnyOrderNeverHangTheServer(t *testing.T) {
	t.Parallel()
	h := start(t, func(c *gqlws.Config) { c.MaxConnections = 50 })
	for range 20 {
		c := h.ready(t)
		for i := range 50 {
			id := string(rune('a' + i%3))
			if i%2 == 0 {
				c.send(`{"id":"` + id + `","type":"subscribe","payload":{"query":"subscription { count(to: 100) }"}}`)
			}
			c.send(`{"id":"` + id + `","type":"complete"}`)
		}
		if err := c.Close(); err != nil {
			t.Fatal(err)
		}
	}
	eventually(t, "all is over", func() bool { return h.Connections() == 0 && h.Operations() == 0 })
}
