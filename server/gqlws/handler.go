package gqlws

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/gorilla/websocket"
)

// Subprotocol is the protocol's name.
const Subprotocol = "graphql-transport-ws"

// ErrForbidden, in the error of Config.Init or Config.Recheck, means that the
// client may not be here. Any other error is a failure of the hub.
var ErrForbidden = errors.New("forbidden")

// Config is what a Handler works with and by. Every field is required; see
// DefaultTiming for the durations.
type Config struct {
	Exec graphql.GraphExecutor
	Log  *slog.Logger
	// Init decides who the client is, from the HTTP request that opened the
	// connection and the payload of connection_init, and returns the context, made
	// from ctx, for everything it does. Browsers let any page open a websocket with the user's
	// cookies, so Init has to check the Origin header before it trusts a cookie.
	Init func(ctx context.Context, r *http.Request, payload map[string]any) (context.Context, error)
	// Recheck decides, every RecheckEvery, whether the client may stay. ctx is the
	// one that Init returned.
	Recheck func(ctx context.Context) error

	MaxConnections int
	// MaxOperations bounds what runs at a time on one connection.
	MaxOperations int
	// MaxMessage bounds a message of the client in bytes.
	MaxMessage int64
	// MaxQueued bounds what waits for one client in bytes; a larger message waits
	// alone.
	MaxQueued int64

	Timing
}

// Timing is how long things may take.
type Timing struct {
	// InitTimeout is how long it may take until connection_init is accepted.
	InitTimeout time.Duration
	// OperationTimeout bounds queries and mutations.
	OperationTimeout time.Duration
	// WriteTimeout bounds the writing of one message.
	WriteTimeout time.Duration
	// SlowAfter is how long a message may wait for its client.
	SlowAfter time.Duration
	// PingEvery is how often a silent client is asked whether it is alive; it is
	// given up after twice that.
	PingEvery time.Duration
	// RecheckEvery is how often Recheck is asked.
	RecheckEvery time.Duration
}

// DefaultTiming suits clients on slow networks, and ends what a revoked token had
// opened within five seconds.
func DefaultTiming() Timing {
	return Timing{
		InitTimeout: 10 * time.Second, OperationTimeout: 30 * time.Second, WriteTimeout: 10 * time.Second,
		SlowAfter: 10 * time.Second, PingEvery: 25 * time.Second, RecheckEvery: 4 * time.Second,
	}
}

// Handler accepts websockets.
type Handler struct {
	Config
	upgrader websocket.Upgrader

	mu    sync.Mutex
	conns map[*conn]struct{}
	ended bool
	// running counts the connections whose goroutines have not all returned.
	running    sync.WaitGroup
	operations atomic.Int64
}

// New returns a handler.
func New(c Config) *Handler {
	return &Handler{
		Config: c,
		conns:  map[*conn]struct{}{},
		upgrader: websocket.Upgrader{
			Subprotocols:    []string{Subprotocol},
			ReadBufferSize:  1 << 10,
			WriteBufferSize: 1 << 10,
			WriteBufferPool: &sync.Pool{},
			// Programs send no Origin, and pages of other sites may connect with a
			// token of their own. Init guards the cookies.
			CheckOrigin:      func(*http.Request) bool { return true },
			HandshakeTimeout: c.WriteTimeout,
		},
	}
}

// Connections returns how many clients are connected.
func (h *Handler) Connections() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return len(h.conns)
}

// Operations returns how many operations run.
func (h *Handler) Operations() int { return int(h.operations.Load()) }

// ServeHTTP serves one connection to its end.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithCancelCause(r.Context())
	defer cancel(nil)
	c := newConn(h, r, ctx, cancel)
	if !h.enter(c) {
		http.Error(w, "no more connections", http.StatusServiceUnavailable)
		return
	}
	defer h.leave(c)
	ws, err := h.upgrader.Upgrade(w, r, nil)
	if err != nil {
		return // Upgrade has answered
	}
	c.ws = ws
	if !slices.Contains(websocket.Subprotocols(r), Subprotocol) {
		c.close(closeSubprotocol, "Subprotocol not acceptable")
	}
	c.serve()
}

// enter reserves a place, unless there is none or the hub shuts down.
func (h *Handler) enter(c *conn) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.ended || len(h.conns) >= h.MaxConnections {
		return false
	}
	h.conns[c] = struct{}{}
	h.running.Add(1)
	return true
}

func (h *Handler) leave(c *conn) {
	h.mu.Lock()
	delete(h.conns, c)
	h.mu.Unlock()
	h.running.Done()
}

// Shutdown closes all connections with 1001 and waits until they are gone or ctx
// is over. New ones are refused from then on.
func (h *Handler) Shutdown(ctx context.Context) error {
	h.mu.Lock()
	h.ended = true
	for c := range h.conns {
		c.close(websocket.CloseGoingAway, "the hub restarts")
	}
	h.mu.Unlock()
	gone := make(chan struct{})
	go func() {
		h.running.Wait()
		close(gone)
	}()
	select {
	case <-gone:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
