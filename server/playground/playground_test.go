package playground_test

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"github.com/wedsync/wedsync/internal/testenv/npm"
	"github.com/wedsync/wedsync/server/gqlexec"
	"github.com/wedsync/wedsync/server/gqlhttp"
	"github.com/wedsync/wedsync/server/gqlws"
	"github.com/wedsync/wedsync/server/internal/gqltest"
	"github.com/wedsync/wedsync/server/playground"
)

func get(mux http.Handler, path string) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	mux.ServeHTTP(w, httptest.NewRequest(http.MethodGet, path, nil))
	return w
}

func TestThePageNeedsNothingFromElsewhere(t *testing.T) {
	t.Parallel()
	mux := http.NewServeMux()
	if err := playground.Register(mux, "https://hub.example.com"); err != nil {
		t.Fatal(err)
	}
	page := get(mux, "/playground")
	policy := page.Header().Get("Content-Security-Policy")
	if page.Code != 200 || !strings.HasPrefix(page.Header().Get("Content-Type"), "text/html") {
		t.Fatalf("%d %v", page.Code, page.Header())
	}
	if !strings.Contains(policy, "default-src 'none'; script-src 'self';") || !strings.Contains(policy, "wss://hub.example.com;") {
		t.Errorf("policy %s", policy)
	}
	links := regexp.MustCompile(`(?:src|href)="([^"]+\.(?:js|css))"`).FindAllStringSubmatch(page.Body.String(), -1)
	if len(links) != 7 {
		t.Errorf("%d files: %v", len(links), links)
	}
	for _, l := range links {
		if got := get(mux, l[1]); got.Code != 200 || got.Body.Len() == 0 || strings.HasPrefix(got.Header().Get("Content-Type"), "text/html") {
			t.Errorf("%s: %d %s", l[1], got.Code, got.Header().Get("Content-Type"))
		}
	}
	if strings.Contains(page.Body.String(), "<script>") {
		t.Error("inline script")
	}
}

func TestTheAssetsAreThoseThatWereFetched(t *testing.T) {
	t.Parallel()
	list, err := os.Open("assets/SHA256SUMS")
	if err != nil {
		t.Fatal(err)
	}
	defer list.Close()
	n := 0
	for lines := bufio.NewScanner(list); lines.Scan(); n++ {
		sum, name, _ := strings.Cut(lines.Text(), "  ")
		text, err := os.ReadFile("assets/" + name)
		if err != nil {
			t.Fatal(err)
		}
		if got := sha256.Sum256(text); hex.EncodeToString(got[:]) != sum {
			t.Errorf("%s was changed; run update-assets", name)
		}
		if _, err := os.Stat("assets/" + name + ".LICENSE"); err != nil {
			t.Errorf("no licence: %v", err)
		}
	}
	if n != 5 {
		t.Errorf("%d assets", n)
	}
}

// browser finds Chromium or Chrome.
func browser(t *testing.T) string {
	t.Helper()
	const onMac = "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome"
	for _, name := range []string{"chromium", "google-chrome", onMac} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	t.Fatal("this test needs Chromium or Chrome: run make services")
	return ""
}

// TestInABrowser runs a query and a subscription in the page.
func TestInABrowser(t *testing.T) {
	t.Parallel()
	chromium := browser(t)
	log := slog.New(slog.DiscardHandler)
	exec := gqlexec.New(gqltest.New(map[string]gqltest.Resolver{
		"hello": func(context.Context, map[string]any) (any, error) { return "from the query", nil },
	}, map[string]gqltest.Stream{
		"events": func(context.Context, map[string]any) (<-chan any, error) {
			events := make(chan any, 1)
			events <- map[string]any{"cursor": "c1", "text": "from the subscription"}
			return events, nil
		},
	}), gqlexec.DefaultLimits(), log)
	overHTTP := &gqlhttp.Handler{Exec: exec, Log: log, MaxBody: 1 << 20, Timeout: 5 * time.Second}
	overWebsocket := gqlws.New(gqlws.Config{
		Exec: exec, Log: log, MaxConnections: 10, MaxOperations: 10, MaxMessage: 1 << 18, MaxQueued: 1 << 20,
		Timing:  gqlws.DefaultTiming(),
		Init:    func(ctx context.Context, _ *http.Request, _ map[string]any) (context.Context, error) { return ctx, nil },
		Recheck: func(context.Context) error { return nil },
	})
	mux := http.NewServeMux()
	mux.HandleFunc("/graphql", func(w http.ResponseWriter, r *http.Request) {
		if websocket.IsWebSocketUpgrade(r) {
			overWebsocket.ServeHTTP(w, r)
			return
		}
		overHTTP.ServeHTTP(w, r)
	})
	s := httptest.NewServer(mux)
	t.Cleanup(func() {
		if err := overWebsocket.Shutdown(context.WithoutCancel(t.Context())); err != nil {
			t.Error(err)
		}
		s.Close()
	})
	if err := playground.Register(mux, s.URL); err != nil {
		t.Fatal(err)
	}
	out := string(npm.Run(t, "playground.mjs", chromium, s.URL+"/playground"))
	for _, want := range []string{"from the query", "from the subscription", "problems: []"} {
		if !strings.Contains(out, want) {
			t.Errorf("no %q in:\n%s", want, out)
		}
	}
}
