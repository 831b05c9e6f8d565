package gqlws_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"github.com/wedsync/wedsync/server/gqlws"
)

func TestCloseCodes(t *testing.T) {
	t.Parallel()
	const initialised = `{"type":"connection_init"}`
	subscribe := func(id string) string {
		return `{"id":"` + id + `","type":"subscribe","payload":{"query":"subscription { forever }"}}`
	}
	h := start(t, func(c *gqlws.Config) { c.MaxConnections = 100 })
	for name, tt := range map[string]struct {
		code     int
		messages []string
	}{
		"no JSON":                    {4400, []string{`hello`}},
		"no object":                  {4400, []string{`["connection_init"]`}},
		"two values":                 {4400, []string{initialised + initialised}},
		"no type":                    {4400, []string{`{"id":"1"}`}},
		"type of another kind":       {4400, []string{`{"type":1}`}},
		"unknown type":               {4400, []string{initialised, `{"type":"start","id":"1"}`}},
		"a server's type":            {4400, []string{initialised, `{"type":"next","id":"1","payload":{}}`}},
		"init with a list":           {4400, []string{`{"type":"connection_init","payload":[]}`}},
		"ping with text":             {4400, []string{`{"type":"ping","payload":"x"}`}},
		"subscribe without id":       {4400, []string{initialised, `{"type":"subscribe","payload":{"query":"{ hello }"}}`}},
		"subscribe with empty id":    {4400, []string{initialised, `{"id":"","type":"subscribe","payload":{"query":"{ hello }"}}`}},
		"subscribe with a number":    {4400, []string{initialised, `{"id":1,"type":"subscribe","payload":{"query":"{ hello }"}}`}},
		"subscribe with a long id":   {4400, []string{initialised, `{"id":"` + strings.Repeat("x", 257) + `","type":"subscribe","payload":{"query":"{ hello }"}}`}},
		"subscribe without payload":  {4400, []string{initialised, `{"id":"1","type":"subscribe"}`}},
		"subscribe without query":    {4400, []string{initialised, `{"id":"1","type":"subscribe","payload":{}}`}},
		"subscribe, variables":       {4400, []string{initialised, `{"id":"1","type":"subscribe","payload":{"query":"{ hello }","variables":"x"}}`}},
		"complete without id":        {4400, []string{initialised, `{"type":"complete"}`}},
		"subscribe before init":      {4401, []string{subscribe("1")}},
		"not welcome":                {4403, []string{`{"type":"connection_init","payload":{"name":"eve"}}`}},
		"not welcome, then anything": {4403, []string{`{"type":"connection_init","payload":{"name":"eve"}}`, subscribe("1"), `x`}},
		"the hub fails":              {1011, []string{`{"type":"connection_init","payload":{"name":"broken"}}`}},
		"an id twice":                {4409, []string{initialised, subscribe("1"), subscribe("1")}},
		"init twice":                 {4429, []string{initialised, initialised}},
		"too large":                  {1009, []string{initialised, `{"type":"ping","payload":{"x":"` + strings.Repeat("x", 256<<10) + `"}}`}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := h.dial(t)
			for _, m := range tt.messages {
				c.send(m)
			}
			c.wantClose(tt.code)
		})
	}
}

func TestBinaryMessagesAreBadRequests(t *testing.T) {
	t.Parallel()
	c := start(t, nil).dial(t)
	if err := c.WriteMessage(websocket.BinaryMessage, []byte(`{"type":"connection_init"}`)); err != nil {
		t.Fatal(err)
	}
	c.wantClose(4400)
}

func TestOnlyOneSubprotocolIsSpoken(t *testing.T) {
	t.Parallel()
	h := start(t, nil)
	h.dial(t, "graphql-ws").wantClose(4406)
	h.dial(t, []string{}...).send(`{"type":"connection_init"}`)
	both := h.dial(t, "graphql-ws", gqlws.Subprotocol)
	if both.Subprotocol() != gqlws.Subprotocol {
		t.Errorf("chose %q", both.Subprotocol())
	}
}

func TestInitHasToComeInTime(t *testing.T) {
	t.Parallel()
	h := start(t, func(c *gqlws.Config) { c.InitTimeout = 20 * time.Millisecond })
	h.dial(t).wantClose(4408)
}

func TestASlowInitIsEnded(t *testing.T) {
	t.Parallel()
	h := start(t, func(c *gqlws.Config) {
		c.InitTimeout = 20 * time.Millisecond
		c.Init = func(ctx context.Context, _ *http.Request, _ map[string]any) (context.Context, error) {
			<-ctx.Done()
			return nil, ctx.Err()
		}
	})
	c := h.dial(t)
	c.send(`{"type":"connection_init"}`)
	c.wantClose(4408)
}

func TestOperations(t *testing.T) {
	t.Parallel()
	c := start(t, nil).dial(t)
	c.send(`{"type":"ping"}`) // allowed at any time
	c.want(`{"type":"pong"}`)
	c.send(`{"type":"connection_init","payload":{"name":"ann"}}`)
	c.want(`{"type":"connection_ack"}`)
	c.send(`{"type":"pong","payload":{"x":1}}`)

	c.send(`{"id":"q","type":"subscribe","payload":{"query":"{ hello }"}}`)
	c.want(`{"id":"q","type":"next","payload":{"data":{"hello":"hello ann"}}}`)
	c.want(`{"id":"q","type":"complete"}`)

	c.send(`{"id":"q","type":"subscribe","payload":{"query":"subscription($n: Int!) { count(to: $n) }","variables":{"n":2},"operationName":null}}`)
	c.want(`{"id":"q","type":"next","payload":{"data":{"count":1}}}`)
	c.want(`{"id":"q","type":"next","payload":{"data":{"count":2}}}`)
	c.want(`{"id":"q","type":"complete"}`)

	c.send(`{"id":"m","type":"subscribe","payload":{"query":"mutation { touch }"}}`)
	c.want(`{"id":"m","type":"next","payload":{"data":{"touch":null}}}`)
	c.want(`{"id":"m","type":"complete"}`)

	c.send(`{"id":"gone","type":"complete"}`) // crossed with ours: no mistake
	for _, refused := range []string{"{ helo }", "{", "subscription { broken }", strings.Repeat("{ node(id: 1) ", 20)} {
		c.send(`{"id":"e","type":"subscribe","payload":` + encode(t, map[string]string{"query": refused}) + `}`)
		text, err := c.receive()
		if err != nil || !strings.HasPrefix(text, `{"id":"e","type":"error","payload":[{`) || strings.Contains(text, "hunter2") {
			t.Errorf("%s: %s, %v", refused, text, err)
		}
	}
	c.send(`{"id":"p","type":"subscribe","payload":{"query":"{ fail }"}}`)
	text, err := c.receive()
	if err != nil || !strings.HasPrefix(text, `{"id":"p","type":"next"`) || strings.Contains(text, "hunter2") {
		t.Errorf("a panic: %s, %v", text, err)
	}
	c.want(`{"id":"p","type":"complete"}`)
}

func TestCompleteEndsTheOperationAndFreesItsID(t *testing.T) {
	t.Parallel()
	h := start(t, nil)
	c := h.ready(t)
	for range 20 {
		c.send(`{"id":"1","type":"subscribe","payload":{"query":"subscription { forever }"}}`)
		eventually(t, "it runs", func() bool { return h.forever.Load() == 1 })
		c.send(`{"id":"1","type":"complete"}`)
		eventually(t, "it ended", func() bool { return h.forever.Load() == 0 && h.Operations() == 0 })
	}
	c.send(`{"id":"1","type":"subscribe","payload":{"query":"{ hello }"}}`)
	c.want(`{"id":"1","type":"next","payload":{"data":{"hello":"hello \u003cnil\u003e"}}}`)
	c.want(`{"id":"1","type":"complete"}`)
}

func TestOperationsAreBounded(t *testing.T) {
	t.Parallel()
	h := start(t, nil)
	c := h.ready(t)
	for i := range 5 {
		c.send(fmt.Sprintf(`{"id":"%d","type":"subscribe","payload":{"query":"subscription { forever }"}}`, i))
	}
	c.send(`{"id":"5","type":"subscribe","payload":{"query":"subscription { forever }"}}`)
	c.want(`{"id":"5","type":"error","payload":[{"message":"too many operations on this connection","extensions":{"code":"TOO_MANY_OPERATIONS"}}]}`)
	c.send(`{"id":"0","type":"complete"}`)
	eventually(t, "a place is free", func() bool { return h.Operations() == 4 })
	c.send(`{"id":"5","type":"subscribe","payload":{"query":"subscription { forever }"}}`)
	eventually(t, "it runs", func() bool { return h.forever.Load() == 5 })
}

func TestConnectionsAreBounded(t *testing.T) {
	t.Parallel()
	h := start(t, func(c *gqlws.Config) { c.MaxConnections = 1 })
	first := h.ready(t)
	_, res, err := websocket.DefaultDialer.DialContext(t.Context(), h.url, nil)
	if err == nil || res.StatusCode != http.StatusServiceUnavailable {
		t.Fatalf("%v", err)
	}
	res.Body.Close()
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the place is free", func() bool { return h.Connections() == 0 })
	h.ready(t)
}

func TestOperationsEndWithTheirConnection(t *testing.T) {
	t.Parallel()
	h := start(t, nil)
	c := h.ready(t)
	c.send(`{"id":"1","type":"subscribe","payload":{"query":"subscription { forever }"}}`)
	eventually(t, "it runs", func() bool { return h.forever.Load() == 1 })
	if err := c.NetConn().Close(); err != nil { // no close frame
		t.Fatal(err)
	}
	eventually(t, "it ended", func() bool { return h.forever.Load() == 0 && h.Connections() == 0 && h.Operations() == 0 })
}

func TestPlainRequestsAreNotUpgraded(t *testing.T) {
	t.Parallel()
	h := start(t, nil)
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/graphql", nil))
	if w.Code != http.StatusBadRequest {
		t.Errorf("status %d", w.Code)
	}
}
