package gqlws

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/99designs/gqlgen/graphql"

	"github.com/wedsync/wedsync/server/gqlexec"
)

// Types of messages.
const (
	typeInit      = "connection_init"
	typeAck       = "connection_ack"
	typePing      = "ping"
	typePong      = "pong"
	typeSubscribe = "subscribe"
	typeNext      = "next"
	typeError     = "error"
	typeComplete  = "complete"
)

// longestID bounds the id that a client chooses for an operation.
const longestID = 256

// incoming is a message of the client, checked against the protocol.
type incoming struct {
	kind string
	id   string
	// payload is that of connection_init.
	payload map[string]any
	// params are those of subscribe.
	params *graphql.RawParams
}

// outgoing is a message to the client.
type outgoing struct {
	ID      string `json:"id,omitempty"`
	Type    string `json:"type"`
	Payload any    `json:"payload,omitempty"`
}

// parse decodes a message. Its errors become close reasons, so they repeat
// nothing of what was sent.
func parse(text []byte) (incoming, error) {
	var raw struct {
		ID      *string         `json:"id"`
		Type    string          `json:"type"`
		Payload json.RawMessage `json:"payload"`
	}
	d := json.NewDecoder(bytes.NewReader(text))
	if err := d.Decode(&raw); err != nil {
		return incoming{}, errors.New("message is not a JSON object with a type")
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return incoming{}, errors.New("message is more than one JSON value")
	}
	m := incoming{kind: raw.Type}
	var err error
	switch raw.Type {
	case typeInit, typePing, typePong:
		if raw.Payload != nil {
			m.payload, err = gqlexec.ParseObject(raw.Payload)
		}
	case typeSubscribe:
		m.params, err = gqlexec.ParseParams(raw.Payload)
	case typeComplete:
	default:
		return incoming{}, errors.New("message has a type that clients do not send")
	}
	if err != nil {
		return incoming{}, fmt.Errorf("%s has a malformed payload", raw.Type)
	}
	if raw.Type != typeSubscribe && raw.Type != typeComplete {
		return m, nil
	}
	if raw.ID == nil || *raw.ID == "" || len(*raw.ID) > longestID {
		return incoming{}, fmt.Errorf("%s needs an id of 1 to %d bytes", raw.Type, longestID)
	}
	m.id = *raw.ID
	return m, nil
}

// maxReason is what fits into a close frame.
const maxReason = 123

// resumeReason is the close reason of a client that reads too slowly: the cursor
// in the last data that was sent to it, if its query asked for one.
func resumeReason(data json.RawMessage) string {
	var root map[string]struct {
		Cursor string `json:"cursor"`
	}
	// Data of another shape has no cursor, and the reason then says none.
	_ = json.Unmarshal(data, &root)
	for _, field := range root {
		reason, err := json.Marshal(map[string]string{"resumeAfter": field.Cursor})
		if err == nil && field.Cursor != "" && len(reason) <= maxReason {
			return string(reason)
		}
	}
	return "too slow"
}
