package gqlclient

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/gorilla/websocket"
)

// Subscription is one running subscription on a socket of its own; used by one
// goroutine at a time.
type Subscription struct {
	conn *websocket.Conn
	stop func() bool
}

type frame struct {
	ID      string          `json:"id,omitempty"`
	Type    string          `json:"type"`
	Payload json.RawMessage `json:"payload,omitempty"`
}

// Subscribe starts a subscription. It ends with ctx or Close.
func (c *Client) Subscribe(ctx context.Context, query string, variables map[string]any) (*Subscription, error) {
	dialer := websocket.Dialer{Subprotocols: []string{"graphql-transport-ws"}, HandshakeTimeout: 10 * time.Second}
	url := "ws" + strings.TrimPrefix(c.URL, "http") + "/graphql"
	conn, resp, err := dialer.DialContext(ctx, url, http.Header{})
	if err != nil {
		if resp != nil {
			return nil, fmt.Errorf("open socket: status %d: %w", resp.StatusCode, err)
		}
		return nil, fmt.Errorf("open socket: %w", err)
	}
	s := &Subscription{conn: conn}
	s.stop = context.AfterFunc(ctx, func() { conn.Close() })
	if err := s.start(c.Token, query, variables); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

func (s *Subscription) start(token, query string, variables map[string]any) error {
	hello, err := json.Marshal(map[string]string{"authorization": "Bearer " + token})
	if err != nil {
		return err
	}
	if err := s.conn.WriteJSON(frame{Type: "connection_init", Payload: hello}); err != nil {
		return fmt.Errorf("greet: %w", err)
	}
	if f, err := s.read(); err != nil || f.Type != "connection_ack" {
		return fmt.Errorf("the hub answered the greeting with %q: %w", f.Type, err)
	}
	payload, err := json.Marshal(request{query, variables})
	if err != nil {
		return err
	}
	return s.conn.WriteJSON(frame{ID: "1", Type: "subscribe", Payload: payload})
}

// read returns the next frame that is no ping or pong.
func (s *Subscription) read() (frame, error) {
	for {
		var f frame
		if err := s.conn.ReadJSON(&f); err != nil {
			return f, err
		}
		switch f.Type {
		case "ping":
			if err := s.conn.WriteJSON(frame{Type: "pong"}); err != nil {
				return f, err
			}
		case "pong":
		default:
			return f, nil
		}
	}
}

// Next waits for the next value and decodes its data into out. It fails with
// ErrCompleted after the last one; a socket that the hub closed fails with a
// *websocket.CloseError.
func (s *Subscription) Next(out any) error {
	f, err := s.read()
	if err != nil {
		return err
	}
	switch f.Type {
	case "next":
		var r response
		if err := json.Unmarshal(f.Payload, &r); err != nil {
			return fmt.Errorf("decode value: %w", err)
		}
		return r.into(out)
	case "error":
		var errs Errors
		if err := json.Unmarshal(f.Payload, &errs); err != nil {
			return fmt.Errorf("decode error: %w", err)
		}
		return errs
	case "complete":
		return ErrCompleted
	}
	return fmt.Errorf("unexpected message %q", f.Type)
}

// Close ends the subscription.
func (s *Subscription) Close() error {
	s.stop()
	return s.conn.Close()
}
