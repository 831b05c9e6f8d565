package gqlws_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/wedsync/wedsync/internal/testenv/npm"
	"github.com/wedsync/wedsync/server/gqlws"
)

type op struct {
	Op        string         `json:"op"`
	Query     string         `json:"query"`
	Variables map[string]any `json:"variables,omitempty"`
	Take      int            `json:"take,omitempty"`
}

// run lets npm's graphql-ws client run the operations and returns what it printed
// of each operation and of the connection (under "").
func (h *hub) run(t *testing.T, connectionParams map[string]any, retries int, operations ...op) map[string][]string {
	t.Helper()
	input := encode(t, map[string]any{"connectionParams": connectionParams, "retryAttempts": retries, "operations": operations})
	printed := map[string][]string{}
	for lines := bufio.NewScanner(bytes.NewReader(npm.Run(t, "subscribe.mjs", h.url, input))); lines.Scan(); {
		var line struct {
			Op       string
			Next     json.RawMessage
			Error    json.RawMessage
			Complete bool
			Event    string
			Code     int
		}
		if err := json.Unmarshal(lines.Bytes(), &line); err != nil {
			t.Fatalf("%v: %s", err, lines.Bytes())
		}
		text := line.Event
		switch {
		case line.Complete:
			text = "complete"
		case line.Next != nil:
			text = string(line.Next)
		case line.Error != nil:
			text = "error " + string(line.Error)
		case line.Event == "closed":
			text = fmt.Sprint("closed ", line.Code)
		}
		printed[line.Op] = append(printed[line.Op], text)
	}
	return printed
}

func TestGraphqlWSClient(t *testing.T) {
	t.Parallel()
	h := start(t, nil)
	printed := h.run(t, map[string]any{"name": "ann"}, 0,
		op{Op: "query", Query: "{ hello }"},
		op{Op: "count", Query: "subscription($n: Int!) { count(to: $n) }", Variables: map[string]any{"n": 3}},
		op{Op: "taken", Query: "subscription { count(to: 100000) }", Take: 2},
		op{Op: "invalid", Query: "{ helo }"},
	)
	for name, want := range map[string][]string{
		"query": {`{"data":{"hello":"hello ann"}}`, "complete"},
		"count": {`{"data":{"count":1}}`, `{"data":{"count":2}}`, `{"data":{"count":3}}`, "complete"},
		"taken": {`{"data":{"count":1}}`, `{"data":{"count":2}}`, "complete"},
		"":      {"connected", "closed 1000"},
	} {
		if got := printed[name]; !slices.Equal(got, want) {
			t.Errorf("%q: %q, want %q", name, got, want)
		}
	}
	if got := printed["invalid"]; len(got) != 1 || !bytes.Contains([]byte(got[0]), []byte("GRAPHQL_VALIDATION_FAILED")) {
		t.Errorf("invalid: %q", got)
	}
}

// TestGraphqlWSClientDoesNotHammerAClosedDoor pins what gqlgen's own transport got
// wrong: with another code than 4403 the client tries again at once, for ever.
func TestGraphqlWSClientDoesNotHammerAClosedDoor(t *testing.T) {
	t.Parallel()
	printed := start(t, nil).run(t, map[string]any{"name": "eve"}, 0, op{Op: "q", Query: "{ hello }"})
	if got := printed[""]; !slices.Equal(got, []string{"closed 4403"}) {
		t.Errorf("connection: %q", got)
	}
	if got := printed["q"]; !slices.Equal(got, []string{`error {"code":4403,"reason":"Forbidden"}`}) {
		t.Errorf("operation: %q", got)
	}
}

func TestGraphqlWSClientIsAnsweredItsPings(t *testing.T) {
	t.Parallel()
	h := start(t, func(c *gqlws.Config) { c.RecheckEvery = 900 * time.Millisecond })
	h.revoked.Store(true) // ends it, after a few of the client's pings
	printed := h.run(t, nil, 0, op{Op: "live", Query: "subscription { forever }"})
	got := printed[""]
	if !slices.Contains(got, "pong") || got[len(got)-1] != "closed 4403" {
		t.Errorf("connection: %q", got)
	}
}
