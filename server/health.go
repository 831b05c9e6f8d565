package server

import (
	"context"
	"io"
	"net/http"
	"time"

	"github.com/wedsync/wedsync/server/problem"
)

// pingTimeout bounds each check of readiness.
const pingTimeout = 2 * time.Second

// registerHealth adds what operators and their machines ask.
func (k *core) registerHealth(mux *http.ServeMux) {
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { sayOK(w) })
	mux.HandleFunc("GET /readyz", k.ready)
	mux.Handle("GET /metrics", k.metrics.Handler())
}

// ready says whether the database and Redis answer. Which one does not, and why,
// is in the log only.
func (k *core) ready(w http.ResponseWriter, r *http.Request) {
	checks := map[string]func(context.Context) error{
		"database": k.db.SQL.PingContext,
		"redis":    func(ctx context.Context) error { return k.redis.Ping(ctx).Err() },
	}
	failed := false
	for name, check := range checks {
		ctx, cancel := context.WithTimeout(r.Context(), pingTimeout)
		err := check(ctx)
		cancel()
		if err != nil {
			failed = true
			k.log.WarnContext(r.Context(), "not ready", "part", name, "error", err)
		}
	}
	if failed {
		problem.Write(w, http.StatusServiceUnavailable, "a part of the hub does not answer")
		return
	}
	sayOK(w)
}

func sayOK(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	_, _ = io.WriteString(w, "ok\n") // whoever asked may be gone
}
