package rest

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"time"

	"github.com/wedsync/wedsync/server/problem"
)

// Statuses tells how syncs get on.
type Statuses interface {
	// SyncStatus fails with a NotFound of package hub for a sync that is not there
	// or not the viewer's.
	SyncStatus(ctx context.Context, syncID string) (SyncStatus, error)
}

// SyncStatus is how the latest run of a sync gets on.
type SyncStatus struct {
	SyncID string `json:"syncId"`
	// Status is the state of the run, or IDLE if there never was one.
	Status string `json:"status"`
	// Progress is what is done, in percent.
	Progress       float64 `json:"progress"`
	FilesProcessed int     `json:"filesProcessed"`
	TotalFiles     int     `json:"totalFiles"`
	// CurrentOperation is for people; null while nothing is being done.
	CurrentOperation *string `json:"currentOperation"`
	// EstimatedCompletion is null while nobody can tell.
	EstimatedCompletion *time.Time `json:"estimatedCompletion"`
	Errors              []Failure  `json:"errors"`
	// RealTimeUpdates says how to follow the run live; null without a run.
	RealTimeUpdates *Live `json:"realTimeUpdates"`
}

// Failure is a file that did not arrive, and why.
type Failure struct {
	Path    string `json:"path"`
	State   string `json:"state"`
	Message string `json:"message"`
}

// Live is a GraphQL subscription.
type Live struct {
	URL         string            `json:"url"`
	Subprotocol string            `json:"subprotocol"`
	Query       string            `json:"query"`
	Variables   map[string]string `json:"variables"`
}

// Register adds the routes to the router. protect lets only viewers in.
func Register(mux *http.ServeMux, statuses Statuses, protect func(http.Handler) http.Handler, log *slog.Logger) {
	mux.Handle("GET /api/integrations/file-management/sync-status/{syncId}",
		protect(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			status, err := statuses.SyncStatus(r.Context(), r.PathValue("syncId"))
			if err != nil {
				problem.Error(r.Context(), w, log, err)
				return
			}
			send(w, r, status, log)
		})))
	// Without this, the mistyped path of a program would get the portal's page.
	mux.Handle("/api/", protect(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		problem.Write(w, http.StatusNotFound, "there is no such route")
	})))
}

func send(w http.ResponseWriter, r *http.Request, body any, log *slog.Logger) {
	text, err := json.Marshal(body)
	if err != nil {
		problem.Error(r.Context(), w, log, err)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	_, _ = w.Write(text) // a client that is gone is not worth an error
}
