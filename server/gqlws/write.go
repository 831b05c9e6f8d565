package gqlws

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/gorilla/websocket"

	"github.com/wedsync/wedsync/server/gqlexec"
)

// frame is an encoded message that waits for the client.
type frame struct {
	text   []byte
	weight int64
	since  time.Time
	// data is what a next message carries.
	data json.RawMessage
}

// send puts a message into the queue, waiting for a place. It returns false when
// the connection ends.
func (c *conn) send(m outgoing) bool {
	text, err := json.Marshal(m)
	if err != nil { // only extensions that are no JSON, a defect of a resolver
		c.h.Log.ErrorContext(c.ctx, "websocket message could not be encoded", "error", err)
		c.close(websocket.CloseInternalServerErr, "something failed inside the hub")
		return false
	}
	f := frame{text: text, weight: min(int64(len(text)), c.h.MaxQueued)}
	if payload, ok := m.Payload.(gqlexec.Payload); ok {
		f.data = payload.Data
	}
	if c.queued.Acquire(c.ctx, f.weight) != nil {
		return false
	}
	f.since = time.Now()
	select {
	case c.queue <- f:
		return true
	case <-c.ctx.Done():
		return false
	}
}

// write sends what is queued until the connection ends, and then the close frame.
func (c *conn) write() {
	ping := time.NewTicker(c.h.PingEvery)
	defer ping.Stop()
	var last json.RawMessage
	for c.ctx.Err() == nil {
		select {
		case <-c.ctx.Done():
		case <-ping.C:
			if c.ws.WriteControl(websocket.PingMessage, nil, c.deadline()) != nil {
				c.abort()
				return
			}
		case f := <-c.queue:
			if time.Since(f.since) > c.h.SlowAfter {
				c.close(websocket.CloseTryAgainLater, resumeReason(last))
				break
			}
			if c.writeFrame(f) != nil {
				c.abort()
				return
			}
			if f.data != nil {
				last = f.data
			}
			c.queued.Release(f.weight)
		}
	}
	c.writeClose()
}

func (c *conn) deadline() time.Time { return time.Now().Add(c.h.WriteTimeout) }

func (c *conn) writeFrame(f frame) error {
	if err := c.ws.SetWriteDeadline(c.deadline()); err != nil {
		return err
	}
	return c.ws.WriteMessage(websocket.TextMessage, f.text)
}

// abort cuts a connection that cannot be written to: no close frame would arrive.
func (c *conn) abort() {
	c.close(websocket.CloseAbnormalClosure, "")
	_ = c.ws.Close() // it is broken already
}

// writeClose sends the close frame and gives the client a moment to answer.
func (c *conn) writeClose() {
	end := closing{code: websocket.CloseGoingAway, reason: "the hub restarts"}
	if cause := context.Cause(c.ctx); !errors.As(cause, &end) {
		c.h.Log.DebugContext(c.ctx, "websocket ended with its request", "cause", cause)
	}
	if len(end.reason) > maxReason {
		end.reason = end.reason[:maxReason]
	}
	message := websocket.FormatCloseMessage(end.code, end.reason)
	if c.ws.WriteControl(websocket.CloseMessage, message, c.deadline()) != nil {
		_ = c.ws.Close()
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.ws.SetReadDeadline(time.Now().Add(patienceAfterClose)) != nil {
		_ = c.ws.Close()
	}
}
