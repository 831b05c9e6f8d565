package gqlhttp_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/wedsync/wedsync/internal/testenv/npm"
	"github.com/wedsync/wedsync/server/gqlexec"
	"github.com/wedsync/wedsync/server/gqlhttp"
	"github.com/wedsync/wedsync/server/internal/gqltest"
)

func serve(t *testing.T, resolvers map[string]gqltest.Resolver, log io.Writer) *httptest.Server {
	t.Helper()
	logger := slog.New(slog.NewTextHandler(log, nil))
	s := httptest.NewServer(&gqlhttp.Handler{
		Exec: gqlexec.New(gqltest.New(resolvers, nil), gqlexec.DefaultLimits(), logger),
		Log:  logger, MaxBody: 1 << 20, Timeout: 5 * time.Second,
	})
	t.Cleanup(s.Close)
	return s
}

// TestAudits holds the transport against all audits of npm's graphql-http.
func TestAudits(t *testing.T) {
	t.Parallel()
	out := npm.Run(t, "audit.mjs", serve(t, nil, io.Discard).URL)
	n := 0
	for lines := bufio.NewScanner(bytes.NewReader(out)); lines.Scan(); n++ {
		var audit struct{ ID, Name, Status, Reason string }
		if err := json.Unmarshal(lines.Bytes(), &audit); err != nil {
			t.Fatalf("%v: %s", err, lines.Bytes())
		}
		if audit.Status != "ok" {
			t.Errorf("%s %s: %s (%s)", audit.ID, audit.Name, audit.Status, audit.Reason)
		}
	}
	if n != 61 {
		t.Errorf("%d audits ran, not 61", n)
	}
}

type reply struct {
	status int
	header http.Header
	body   string
}

func send(t *testing.T, method, url string, header map[string]string, body string) reply {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for k, v := range header {
		req.Header.Set(k, v)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return reply{res.StatusCode, res.Header, string(text)}
}

var asJSON = map[string]string{"Content-Type": "application/json", "Accept": "application/graphql-response+json"}

func post(t *testing.T, s *httptest.Server, query string) reply {
	t.Helper()
	body, err := json.Marshal(map[string]string{"query": query})
	if err != nil {
		t.Fatal(err)
	}
	return send(t, http.MethodPost, s.URL, asJSON, string(body))
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	s := serve(t, nil, io.Discard)
	const ok = `{"query":"{ hello }"}`
	for name, tt := range map[string]struct {
		method, query string
		header        map[string]string
		body          string
		status        int
	}{
		"method":             {"PUT", "", asJSON, ok, 405},
		"mutation over GET":  {"GET", "?query=mutation{touch}", nil, "", 405},
		"GET without query":  {"GET", "", nil, "", 400},
		"GET bad variables":  {"GET", "?query={hello}&variables=[1]", nil, "", 400},
		"no content type":    {"POST", "", nil, ok, 415},
		"form":               {"POST", "", map[string]string{"Content-Type": "application/x-www-form-urlencoded"}, "query={hello}", 415},
		"text":               {"POST", "", map[string]string{"Content-Type": "text/plain"}, ok, 415},
		"another charset":    {"POST", "", map[string]string{"Content-Type": "application/json; charset=latin1"}, ok, 415},
		"not acceptable":     {"POST", "", map[string]string{"Content-Type": "application/json", "Accept": "text/html"}, ok, 406},
		"accept q=0":         {"POST", "", map[string]string{"Content-Type": "application/json", "Accept": "application/json;q=0, application/graphql-response+json;q=0"}, ok, 406},
		"not JSON":           {"POST", "", asJSON, `{"query":`, 400},
		"batch":              {"POST", "", asJSON, `[` + ok + `]`, 400},
		"two values":         {"POST", "", asJSON, ok + ok, 400},
		"not UTF-8":          {"POST", "", asJSON, "{\"query\":\"{ hello(name: \\\"\xff\\\") }\"}", 400},
		"too large":          {"POST", "", asJSON, `{"query":"` + strings.Repeat(" ", 1<<20) + `{hello}"}`, 413},
		"subscription":       {"POST", "", asJSON, `{"query":"subscription { count }"}`, 400},
		"no such operation":  {"POST", "", asJSON, `{"query":"query a { hello }","operationName":"b"}`, 400},
		"several operations": {"POST", "", asJSON, `{"query":"query a { hello } query b { hello }"}`, 400},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := send(t, tt.method, s.URL+"/"+tt.query, tt.header, tt.body)
			if got.status != tt.status {
				t.Errorf("status %d, want %d: %s", got.status, tt.status, got.body)
			}
			var payload map[string]json.RawMessage
			if err := json.Unmarshal([]byte(got.body), &payload); err != nil || payload["errors"] == nil || payload["data"] != nil {
				t.Errorf("no GraphQL error: %s", got.body)
			}
			if got.status == 405 && got.header.Get("Allow") == "" {
				t.Error("405 without Allow")
			}
		})
	}
}

func TestTheBodyIsNotRepeated(t *testing.T) {
	t.Parallel()
	s := serve(t, nil, io.Discard)
	got := send(t, http.MethodPost, s.URL, asJSON, `{"query": 1, "password": "hunter2`)
	if strings.Contains(got.body, "hunter2") {
		t.Errorf("repeated: %s", got.body)
	}
}

func TestNegotiation(t *testing.T) {
	t.Parallel()
	s := serve(t, nil, io.Discard)
	const response, plain = "application/graphql-response+json; charset=utf-8", "application/json; charset=utf-8"
	for accept, want := range map[string]string{
		"":                                  plain,
		"*/*":                               plain,
		"application/*":                     plain,
		"application/json":                  plain,
		"Application/JSON ":                 plain,
		"application/graphql-response+json": response,
		"application/graphql-response+json, application/json":             response,
		"application/json, application/graphql-response+json":             response,
		"application/graphql-response+json;q=0.5, application/json":       plain,
		"application/graphql-response+json; charset=utf-8, */*;q=0.1":     response,
		"application/graphql-response+json; charset=utf-16, */*":          plain,
		"text/html, application/json;q=0.1":                               plain,
		"application/graphql-response+json;q=0, */*":                      plain,
		"*/*;q=0.1, application/json;q=0, nonsense/;;, application/*;q=1": response,
	} {
		header := map[string]string{"Content-Type": "application/json"}
		if accept != "" {
			header["Accept"] = accept
		}
		got := send(t, http.MethodPost, s.URL, header, `{"query":"{ hello }"}`)
		if got.status != 200 || got.header.Get("Content-Type") != want {
			t.Errorf("%q: %d %q, want %q", accept, got.status, got.header.Get("Content-Type"), want)
		}
	}
}

func TestVariablesKeepTheirNumbers(t *testing.T) {
	t.Parallel()
	s := serve(t, map[string]gqltest.Resolver{"hello": func(_ context.Context, args map[string]any) (any, error) {
		return "hello " + args["name"].(string), nil
	}}, io.Discard)
	got := send(t, http.MethodPost, s.URL, asJSON, `{"query":"query($n: String){ hello(name: $n) }","variables":{"n":"Zoë"}}`)
	if got.status != 200 || got.body != `{"data":{"hello":"hello Zoë"}}` {
		t.Errorf("%d %s", got.status, got.body)
	}
}

func TestFailuresOfTheHubAreMaskedAndLogged(t *testing.T) {
	t.Parallel()
	for name, fail := range map[string]gqltest.Resolver{
		"error": func(context.Context, map[string]any) (any, error) { return nil, errors.New("disk hunter2 is full") },
		"panic": func(context.Context, map[string]any) (any, error) { panic("hunter2") },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var log bytes.Buffer
			got := post(t, serve(t, map[string]gqltest.Resolver{"fail": fail}, &log), "{ hello fail }")
			if got.status != 200 || strings.Contains(got.body, "hunter2") {
				t.Errorf("%d %s", got.status, got.body)
			}
			var payload struct {
				Errors []struct {
					Extensions struct{ Code, Incident string }
				}
				Data map[string]any
			}
			if err := json.Unmarshal([]byte(got.body), &payload); err != nil {
				t.Fatal(err)
			}
			if len(payload.Errors) != 1 || payload.Errors[0].Extensions.Code != gqlexec.CodeInternal {
				t.Fatalf("%s", got.body)
			}
			if logged := log.String(); !strings.Contains(logged, payload.Errors[0].Extensions.Incident) || !strings.Contains(logged, "hunter2") {
				t.Errorf("the log does not tell about the incident: %s", logged)
			}
		})
	}
}

func TestSlowOperationsAreEnded(t *testing.T) {
	t.Parallel()
	schema := gqltest.New(map[string]gqltest.Resolver{"hello": func(ctx context.Context, _ map[string]any) (any, error) {
		<-ctx.Done()
		return nil, ctx.Err()
	}}, nil)
	s := httptest.NewServer(&gqlhttp.Handler{
		Exec: gqlexec.New(schema, gqlexec.DefaultLimits(), slog.New(slog.DiscardHandler)),
		Log:  slog.New(slog.DiscardHandler), MaxBody: 1 << 20, Timeout: 10 * time.Millisecond,
	})
	t.Cleanup(s.Close)
	if got := post(t, s, "{ hello }"); !strings.Contains(got.body, gqlexec.CodeTimeout) {
		t.Errorf("%d %s", got.status, got.body)
	}
}

func FuzzRequest(f *testing.F) {
	f.Add("application/json", "*/*", []byte(`{"query":"{ hello }"}`))
	f.Add("application/json; charset=utf-8", "application/graphql-response+json;q=0.3,*/*;q=x", []byte(`{"query":"query($a:Int){items(first:$a){nodes{id}}}","variables":{"a":1e400}}`))
	h := &gqlhttp.Handler{
		Exec: gqlexec.New(gqltest.New(nil, nil), gqlexec.DefaultLimits(), slog.New(slog.DiscardHandler)),
		Log:  slog.New(slog.DiscardHandler), MaxBody: 1 << 16, Timeout: time.Second,
	}
	f.Fuzz(func(t *testing.T, contentType, accept string, body []byte) {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/graphql", bytes.NewReader(body))
		r.Header.Set("Content-Type", contentType)
		r.Header.Set("Accept", accept)
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if w.Code >= 500 {
			t.Errorf("status %d: %s", w.Code, w.Body)
		}
		if !json.Valid(w.Body.Bytes()) {
			t.Errorf("not JSON: %s", w.Body)
		}
	})
}
