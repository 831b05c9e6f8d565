package observe

import (
	"context"
	"crypto/rand"
	"log/slog"
	"net/http"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"

	"github.com/felixge/httpsnoop"
	"go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp"

	"github.com/wedsync/wedsync/server/problem"
)

// Requests gives every request an id, a trace if traces are on, a line in the log
// and its place in the metrics, and answers for handlers that panic and for
// addresses that are none.
func Requests(mux *http.ServeMux, m *Metrics, log *slog.Logger) http.Handler {
	routes := problem.Routes(mux)
	observed := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		route := routeOf(mux, r)
		m.inFlight.Inc()
		defer m.inFlight.Dec()
		seen := httpsnoop.CaptureMetricsFn(w, func(w http.ResponseWriter) { serve(routes, w, r, log) })
		m.requests.WithLabelValues(method(r), route, strconv.Itoa(seen.Code)).Inc()
		if seen.Code != http.StatusSwitchingProtocols {
			m.duration.WithLabelValues(route).Observe(seen.Duration.Seconds())
		}
		log.LogAttrs(r.Context(), level(route), "request", slog.String("method", method(r)), slog.String("route", route),
			slog.Int("status", seen.Code), slog.Int64("bytes", seen.Written), slog.Duration("took", seen.Duration))
	})
	traced := otelhttp.NewHandler(observed, "http", otelhttp.WithFilter(traceable),
		otelhttp.WithSpanNameFormatter(func(_ string, r *http.Request) string { return routeOf(mux, r) }))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		id := rand.Text()
		w.Header().Set("X-Request-Id", id)
		traced.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), requestIDKey{}, id)))
	})
}

// traceable leaves out the addresses that carry secrets: a span records the path.
func traceable(r *http.Request) bool {
	return !strings.HasPrefix(r.URL.Path, "/auth/") && !strings.HasPrefix(r.URL.Path, "/oauth/")
}

func serve(next http.Handler, w http.ResponseWriter, r *http.Request, log *slog.Logger) {
	defer func() {
		p := recover()
		if p == nil {
			return
		}
		if p == http.ErrAbortHandler {
			panic(p)
		}
		log.ErrorContext(r.Context(), "request panicked", "panic", p, "stack", string(debug.Stack()))
		problem.Write(w, http.StatusInternalServerError, "")
	}()
	next.ServeHTTP(w, r)
}

// routeOf names what answers the request. A path can hold ids, names and secrets;
// the pattern that it matches cannot.
func routeOf(mux *http.ServeMux, r *http.Request) string {
	_, pattern := mux.Handler(r)
	if pattern == "" {
		return "none"
	}
	if _, path, ok := strings.Cut(pattern, " "); ok {
		return path
	}
	return pattern
}

// method keeps invented methods from becoming labels.
func method(r *http.Request) string {
	known := []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}
	if slices.Contains(known, r.Method) {
		return r.Method
	}
	return "other"
}

// level keeps what is asked every few seconds out of the log.
func level(route string) slog.Level {
	switch route {
	case "/healthz", "/readyz", "/metrics":
		return slog.LevelDebug
	}
	return slog.LevelInfo
}
