package gqlws_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"github.com/wedsync/wedsync/server/gqlexec"
	"github.com/wedsync/wedsync/server/gqlws"
	"github.com/wedsync/wedsync/server/internal/gqltest"
)

// hub is a server whose clients sign in as anybody but "eve".
type hub struct {
	*gqlws.Handler
	url string
	// revoked makes every client's access end.
	revoked atomic.Bool
	// events feeds the subscription events.
	events chan any
	// forever counts the subscriptions forever that run.
	forever atomic.Int32
}

type nameKey struct{}

func start(t *testing.T, adjust func(*gqlws.Config)) *hub {
	t.Helper()
	h := &hub{events: make(chan any)}
	log := slog.New(slog.DiscardHandler)
	config := gqlws.Config{
		Exec: gqlexec.New(h.schema(), gqlexec.DefaultLimits(), log), Log: log,
		Init: h.init, Recheck: h.recheck,
		MaxConnections: 10, MaxOperations: 5, MaxMessage: 256 << 10, MaxQueued: 1 << 20,
		Timing: gqlws.DefaultTiming(),
	}
	if adjust != nil {
		adjust(&config)
	}
	h.Handler = gqlws.New(config)
	s := httptest.NewServer(h)
	h.url = "ws" + strings.TrimPrefix(s.URL, "http")
	t.Cleanup(func() {
		if err := h.Shutdown(context.WithoutCancel(t.Context())); err != nil {
			t.Error(err)
		}
		s.Close()
	})
	return h
}

func (h *hub) init(ctx context.Context, _ *http.Request, payload map[string]any) (context.Context, error) {
	if payload["name"] == "eve" {
		return nil, fmt.Errorf("%w: no eavesdropping", gqlws.ErrForbidden)
	}
	if payload["name"] == "broken" {
		return nil, errors.New("the database is down")
	}
	return context.WithValue(ctx, nameKey{}, payload["name"]), nil
}

func (h *hub) recheck(context.Context) error {
	if h.revoked.Load() {
		return gqlws.ErrForbidden
	}
	return nil
}

func (h *hub) schema() *gqltest.Schema {
	return gqltest.New(map[string]gqltest.Resolver{
		"hello": func(ctx context.Context, _ map[string]any) (any, error) {
			return fmt.Sprintf("hello %v", ctx.Value(nameKey{})), nil
		},
		"fail": func(context.Context, map[string]any) (any, error) { panic("hunter2") },
	}, map[string]gqltest.Stream{
		"count": func(ctx context.Context, args map[string]any) (<-chan any, error) {
			out := make(chan any)
			go func() {
				defer close(out)
				for i := range args["to"].(int64) {
					select {
					case out <- i + 1:
					case <-ctx.Done():
						return
					}
				}
			}()
			return out, nil
		},
		"events":  func(context.Context, map[string]any) (<-chan any, error) { return h.events, nil },
		"broken":  func(context.Context, map[string]any) (<-chan any, error) { return nil, errors.New("hunter2") },
		"forever": h.runForever,
	})
}

func (h *hub) runForever(ctx context.Context, _ map[string]any) (<-chan any, error) {
	h.forever.Add(1)
	context.AfterFunc(ctx, func() { h.forever.Add(-1) })
	return make(chan any), nil
}

// client speaks raw frames.
type client struct {
	*websocket.Conn
	t *testing.T
}

func (h *hub) dial(t *testing.T, protocols ...string) *client {
	t.Helper()
	if protocols == nil {
		protocols = []string{gqlws.Subprotocol}
	}
	d := websocket.Dialer{Subprotocols: protocols}
	ws, res, err := d.DialContext(t.Context(), h.url, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	t.Cleanup(func() { _ = ws.Close() })
	return &client{ws, t}
}

// ready dials and is acknowledged.
func (h *hub) ready(t *testing.T) *client {
	t.Helper()
	c := h.dial(t)
	c.send(`{"type":"connection_init"}`)
	c.want(`{"type":"connection_ack"}`)
	return c
}

func (c *client) send(text string) {
	c.t.Helper()
	if err := c.WriteMessage(websocket.TextMessage, []byte(text)); err != nil {
		c.t.Fatal(err)
	}
}

func (c *client) receive() (string, error) {
	if err := c.SetReadDeadline(time.Now().Add(10 * time.Second)); err != nil {
		return "", err
	}
	_, text, err := c.ReadMessage()
	return string(text), err
}

func (c *client) want(text string) {
	c.t.Helper()
	got, err := c.receive()
	if err != nil {
		c.t.Fatalf("waiting for %s: %v", text, err)
	}
	if got != text {
		c.t.Fatalf("received %s, want %s", got, text)
	}
}

// wantClose reads up to the close frame.
func (c *client) wantClose(code int) *websocket.CloseError {
	c.t.Helper()
	for {
		_, err := c.receive()
		if err == nil {
			continue
		}
		var closed *websocket.CloseError
		if !errors.As(err, &closed) || closed.Code != code {
			c.t.Fatalf("ended with %v, want code %d", err, code)
		}
		return closed
	}
}

// eventually waits for something that happens without a signal to the outside.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	deadline := time.After(10 * time.Second)
	for !ok() {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("never happened: %s", what)
		}
	}
}

func encode(t *testing.T, v any) string {
	t.Helper()
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
