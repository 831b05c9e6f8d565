package gqlws

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"time"

	"github.com/gorilla/websocket"
	"golang.org/x/sync/semaphore"
)

// Close codes of the protocol.
const (
	closeBadRequest    = 4400
	closeUnauthorized  = 4401
	closeForbidden     = 4403
	closeSubprotocol   = 4406
	closeInitTimeout   = 4408
	closeDuplicate     = 4409
	closeTooManyInits  = 4429
	patienceAfterClose = time.Second
)

// closing is why a connection ends: the cause of its context.
type closing struct {
	code   int
	reason string
}

func (c closing) Error() string { return c.reason }

// conn is one client. Three goroutines serve it, besides one for each operation:
// the reader (serve), the writer and the watch. The end of ctx ends them all.
type conn struct {
	h       *Handler
	ws      *websocket.Conn
	request *http.Request
	ctx     context.Context
	cancel  context.CancelCauseFunc

	// queue and queued bound what waits for the client, in messages and bytes.
	queue  chan frame
	queued *semaphore.Weighted
	// slots bound the operations, those included whose client is done with them
	// but which have not ended yet.
	slots *semaphore.Weighted
	tasks sync.WaitGroup

	// session is the context that Init returned; nil before connection_init. Only
	// the reader uses it.
	session context.Context

	mu         sync.Mutex
	operations map[string]*operation
}

// queueLength is how many messages may wait for a client.
const queueLength = 64

func newConn(h *Handler, r *http.Request, ctx context.Context, cancel context.CancelCauseFunc) *conn {
	return &conn{
		h: h, request: r, ctx: ctx, cancel: cancel,
		queue:      make(chan frame, queueLength),
		queued:     semaphore.NewWeighted(h.MaxQueued),
		slots:      semaphore.NewWeighted(int64(h.MaxOperations)),
		operations: map[string]*operation{},
	}
}

// close ends the connection with a code. The first call decides.
func (c *conn) close(code int, reason string) { c.cancel(closing{code, reason}) }

// serve runs the connection until both sides are done with it.
func (c *conn) serve() {
	defer c.ws.Close()
	c.ws.SetReadLimit(c.h.MaxMessage)
	init := time.AfterFunc(c.h.InitTimeout, func() {
		c.close(closeInitTimeout, "Connection initialisation timeout")
	})
	defer init.Stop()
	c.tasks.Go(c.write)
	c.read(init)
	// The peer is gone or a message was fatal: end what still runs.
	c.close(websocket.CloseNormalClosure, "")
	c.tasks.Wait()
}

// read takes messages until the connection breaks. After the hub closed, it only
// waits for the client's own close frame.
func (c *conn) read(init *time.Timer) {
	alive := func() error { return c.ws.SetReadDeadline(time.Now().Add(2 * c.h.PingEvery)) }
	c.ws.SetPongHandler(func(string) error { return c.whileOpen(alive) })
	for {
		if c.whileOpen(alive) != nil {
			return
		}
		kind, text, err := c.ws.ReadMessage()
		if err != nil {
			return
		}
		if c.ctx.Err() != nil {
			continue
		}
		if kind != websocket.TextMessage {
			c.close(closeBadRequest, "messages are text")
			continue
		}
		m, err := parse(text)
		if err != nil {
			c.close(closeBadRequest, err.Error())
			continue
		}
		c.handle(m, init)
	}
}

// whileOpen runs fn unless the hub has closed: from then on the writer's deadline
// for the client's answer must stand.
func (c *conn) whileOpen(fn func() error) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.ctx.Err() != nil {
		return nil
	}
	return fn()
}

func (c *conn) handle(m incoming, init *time.Timer) {
	switch m.kind {
	case typeInit:
		c.initialise(m.payload, init)
	case typePing:
		c.send(outgoing{Type: typePong})
	case typePong:
	case typeSubscribe:
		if c.session == nil {
			c.close(closeUnauthorized, "Unauthorized")
			return
		}
		c.subscribe(m)
	case typeComplete:
		c.complete(m.id)
	}
}

func (c *conn) initialise(payload map[string]any, init *time.Timer) {
	if c.session != nil {
		c.close(closeTooManyInits, "Too many initialisation requests")
		return
	}
	session, err := c.h.Init(c.ctx, c.request, payload)
	init.Stop() // its end would have ended Init as well
	switch {
	case errors.Is(err, ErrForbidden):
		c.close(closeForbidden, "Forbidden")
	case err != nil:
		c.h.Log.ErrorContext(c.ctx, "websocket could not be initialised", "error", err)
		c.close(websocket.CloseInternalServerErr, "something failed inside the hub")
	default:
		c.session = session
		c.tasks.Go(func() { c.watch(session) })
		c.send(outgoing{Type: typeAck})
	}
}

// maxFailedChecks is how often in a row Recheck may fail before the client has to
// go: who cannot be checked is not let stay for ever.
const maxFailedChecks = 3

// watch asks whether the client may stay.
func (c *conn) watch(session context.Context) {
	tick := time.NewTicker(c.h.RecheckEvery)
	defer tick.Stop()
	for failed := 0; ; {
		select {
		case <-c.ctx.Done():
			return
		case <-tick.C:
		}
		err := c.h.Recheck(session)
		switch {
		case err == nil:
			failed = 0
		case c.ctx.Err() != nil:
			return
		case errors.Is(err, ErrForbidden):
			c.close(closeForbidden, "Forbidden")
		default:
			c.h.Log.ErrorContext(c.ctx, "websocket could not be checked again", "error", err)
			if failed++; failed == maxFailedChecks {
				c.close(websocket.CloseTryAgainLater, "something failed inside the hub")
			}
		}
	}
}
