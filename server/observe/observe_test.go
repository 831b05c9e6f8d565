package observe_test

import (
	"bytes"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/wedsync/wedsync/internal/config"
	"github.com/wedsync/wedsync/server/observe"
	"github.com/wedsync/wedsync/workers"
)

func get(h http.Handler, method, path string) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	r := httptest.NewRequest(method, path, nil)
	r.Header.Set("Authorization", "Bearer hunter2")
	h.ServeHTTP(w, r)
	return w
}

func TestRequestsAreSeenWithoutWhatTheyCarry(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	log := observe.NewLogger(&out, config.Config{LogFormat: config.LogJSON})
	m := observe.NewMetrics()
	mux := http.NewServeMux()
	mux.HandleFunc("GET /auth/link/{secret}", func(_ http.ResponseWriter, r *http.Request) {
		log.InfoContext(r.Context(), "inside", "authorization", r.Header.Get("Authorization"))
	})
	mux.HandleFunc("/panic", func(http.ResponseWriter, *http.Request) { panic("broken") })
	mux.Handle("/metrics", m.Handler())
	h := observe.Requests(mux, m, log)

	w := get(h, "GET", "/auth/link/hunter2?hunter2=hunter2")
	if w.Code != 200 || w.Header().Get("X-Request-Id") == "" || strings.Count(out.String(), w.Header().Get("X-Request-Id")) != 2 {
		t.Errorf("%d %v: %s", w.Code, w.Header(), out.String())
	}
	if w := get(h, "GET", "/panic"); w.Code != 500 || w.Header().Get("Content-Type") != "application/problem+json" {
		t.Errorf("panic: %d %s", w.Code, w.Body)
	}
	if w := get(h, "HUNTER2", "/hunter2"); w.Code != 404 {
		t.Errorf("unknown: %d", w.Code)
	}
	m.JobStarted("run.plan", time.Second)
	m.JobEnded("run.plan", workers.OutcomeDone, time.Second)
	m.Websockets(func() int { return 3 }, func() int { return 4 })

	text := get(h, "GET", "/metrics").Body.String()
	for _, want := range []string{
		`wedsync_http_requests_total{code="200",method="GET",route="/auth/link/{secret}"} 1`,
		`wedsync_http_requests_total{code="500",method="GET",route="/panic"} 1`,
		`wedsync_http_requests_total{code="404",method="other",route="none"} 1`,
		`wedsync_jobs_started_total{kind="run.plan"} 1`,
		`wedsync_jobs_ended_total{kind="run.plan",outcome="done"} 1`,
		"wedsync_websocket_connections 3", "go_goroutines", "process_open_fds",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("no %s", want)
		}
	}
	for name, text := range map[string]string{"log": out.String(), "metrics": text} {
		if strings.Contains(strings.ToLower(text), "hunter2") {
			t.Errorf("%s tells: %s", name, text)
		}
	}
}

func TestLogLevelAndFormat(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	log := observe.NewLogger(&out, config.Config{LogFormat: config.LogText, LogLevel: slog.LevelWarn})
	log.Info("quiet")
	log.With("a", 1).WithGroup("g").Warn("loud", "b", 2)
	if got := out.String(); strings.Contains(got, "quiet") || !strings.Contains(got, "level=WARN msg=loud a=1 g.b=2") {
		t.Error(got)
	}
}

// TestTraces sends a span to a collector. It does not run in parallel: the
// provider of OpenTelemetry is global.
func TestTraces(t *testing.T) {
	paths := make(chan string, 10)
	collector := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		paths <- r.URL.Path + " " + string(body)
	}))
	t.Cleanup(collector.Close)
	t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.URL)
	t.Setenv("OTEL_EXPORTER_OTLP_COMPRESSION", "none")
	flush, err := observe.Trace(t.Context(), "test")
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("/things/{id}", func(http.ResponseWriter, *http.Request) {})
	mux.HandleFunc("/auth/link/{secret}", func(http.ResponseWriter, *http.Request) {})
	var out bytes.Buffer
	h := observe.Requests(mux, observe.NewMetrics(), observe.NewLogger(&out, config.Config{}))
	get(h, "GET", "/things/1")
	get(h, "GET", "/auth/link/hunter2")
	if err := flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	got := <-paths
	if !strings.HasPrefix(got, "/v1/traces") || !strings.Contains(got, "/things/{id}") || !strings.Contains(got, "wedsync") || strings.Contains(got, "hunter2") {
		t.Errorf("%q", got)
	}
	if !strings.Contains(out.String(), "trace=") {
		t.Errorf("the log names no trace: %s", out.String())
	}
}
