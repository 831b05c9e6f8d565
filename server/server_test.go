package server_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/gorilla/websocket"

	"github.com/wedsync/wedsync/ent/rule"
	"github.com/wedsync/wedsync/hub/account"
	"github.com/wedsync/wedsync/internal/config"
	"github.com/wedsync/wedsync/internal/testenv/npm"
	"github.com/wedsync/wedsync/server"
)

// process is an embedded hub that runs until the test ends.
type process struct {
	*server.Server
	t       *testing.T
	url     string
	token   string
	tokenID string
	ctx     context.Context // of the operator
	stop    context.CancelFunc
	ended   chan error
}

func start(t *testing.T, run func(*server.Server, context.Context, func()) error) *process {
	t.Helper()
	c, err := config.FromEnvironment(map[string]string{"WEDSYNC_ADDR": freeAddr(t), "WEDSYNC_DATA_DIR": t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	s, err := server.New(t.Context(), c, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	p := &process{Server: s, t: t, url: s.PublicURL(), stop: stop, ended: make(chan error, 1)}
	started := make(chan struct{})
	go func() { p.ended <- run(s, ctx, func() { close(started) }) }()
	t.Cleanup(func() {
		p.end()
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	<-started
	p.signIn()
	return p
}

// end stops the process and waits for it; twice is once.
func (p *process) end() {
	p.stop()
	if err, ok := <-p.ended; ok {
		close(p.ended)
		if err != nil {
			p.t.Errorf("ended with %v", err)
		}
	}
}

func (p *process) signIn() {
	p.t.Helper()
	m, err := p.Accounts().Bootstrap(p.t.Context(), "Studio", "ann@example.com", rule.RoleOwner)
	if err != nil {
		p.t.Fatal(err)
	}
	p.ctx = rule.SystemWithin(p.t.Context(), m.OrganizationID)
	made, secret, err := p.Accounts().CreateToken(p.ctx, account.TokenInput{UserID: m.UserID, Name: "t", Role: rule.RoleOwner})
	if err != nil {
		p.t.Fatal(err)
	}
	p.token, p.tokenID = secret, made.ID
}

func freeAddr(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

func serve(s *server.Server, ctx context.Context, started func()) error {
	return s.Serve(ctx, true, started)
}

func work(s *server.Server, ctx context.Context, started func()) error { return s.Work(ctx, started) }

func (p *process) get(path string) (int, string) {
	p.t.Helper()
	req, err := http.NewRequestWithContext(p.t.Context(), http.MethodGet, p.url+path, nil)
	if err != nil {
		p.t.Fatal(err)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		p.t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		p.t.Fatal(err)
	}
	return res.StatusCode, string(body)
}

func TestWhatOperatorsAsk(t *testing.T) {
	t.Parallel()
	for name, p := range map[string]*process{"serve": start(t, serve), "work": start(t, work)} {
		for path, want := range map[string]string{"/healthz": "ok", "/readyz": "ok", "/metrics": "wedsync_http_requests_in_flight 1"} {
			if status, body := p.get(path); status != 200 || !strings.Contains(body, want) {
				t.Errorf("%s %s: %d %s", name, path, status, body)
			}
		}
		want := http.StatusUnauthorized
		if name == "work" {
			want = http.StatusNotFound
		}
		if status, _ := p.get("/graphql"); status != want {
			t.Errorf("%s /graphql: %d", name, status)
		}
	}
}

// TestAuditsOfTheWholeHub holds the real schema behind sign-in against the audits
// of npm's graphql-http.
func TestAuditsOfTheWholeHub(t *testing.T) {
	t.Parallel()
	p := start(t, serve)
	n := 0
	for lines := bufio.NewScanner(bytes.NewReader(npm.Run(t, "audit.mjs", p.url+"/graphql", p.token))); lines.Scan(); n++ {
		var audit struct{ ID, Name, Status, Reason string }
		if err := json.Unmarshal(lines.Bytes(), &audit); err != nil {
			t.Fatal(err)
		}
		if audit.Status != "ok" {
			t.Errorf("%s %s: %s (%s)", audit.ID, audit.Name, audit.Status, audit.Reason)
		}
	}
	if n != 61 {
		t.Errorf("%d audits ran, not 61", n)
	}
}

// subscriber opens a websocket, through all that is around the handler, with a
// subscription that waits for events.
func (p *process) subscriber() *websocket.Conn {
	p.t.Helper()
	d := websocket.Dialer{Subprotocols: []string{"graphql-transport-ws"}}
	ws, res, err := d.DialContext(p.t.Context(), "ws"+strings.TrimPrefix(p.url, "http")+"/graphql", nil)
	if err != nil {
		p.t.Fatal(err)
	}
	defer res.Body.Close()
	p.t.Cleanup(func() { _ = ws.Close() })
	p.send(ws, `{"type":"connection_init","payload":{"authorization":"Bearer `+p.token+`"}}`)
	if _, text, err := ws.ReadMessage(); err != nil || string(text) != `{"type":"connection_ack"}` {
		p.t.Fatalf("%s, %v", text, err)
	}
	p.send(ws, `{"id":"1","type":"subscribe","payload":{"query":"subscription { events { type cursor } }"}}`)
	return ws
}

func (p *process) send(ws *websocket.Conn, text string) {
	p.t.Helper()
	if err := ws.WriteMessage(websocket.TextMessage, []byte(text)); err != nil {
		p.t.Fatal(err)
	}
}

// wantClose reads until the connection is closed with the code.
func (p *process) wantClose(ws *websocket.Conn, code int) {
	p.t.Helper()
	for {
		if _, _, err := ws.ReadMessage(); err != nil {
			var closed *websocket.CloseError
			if !errors.As(err, &closed) || closed.Code != code {
				p.t.Errorf("ended with %v, want %d", err, code)
			}
			return
		}
	}
}

func TestARevokedTokenEndsItsSubscriptions(t *testing.T) {
	t.Parallel()
	p := start(t, serve)
	ws := p.subscriber()
	if _, err := p.Accounts().RevokeToken(p.ctx, p.tokenID); err != nil {
		t.Fatal(err)
	}
	p.wantClose(ws, 4403)
}

func TestShutdownSaysGoodbye(t *testing.T) {
	t.Parallel()
	p := start(t, serve)
	ws := p.subscriber()
	p.stop()
	p.wantClose(ws, websocket.CloseGoingAway)
	p.end()
}
