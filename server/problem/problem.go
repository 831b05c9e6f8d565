// Package problem answers failed HTTP requests outside GraphQL as RFC 9457 has it.
package problem

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"

	"github.com/wedsync/wedsync/ent/privacy"
	"github.com/wedsync/wedsync/hub"
)

// Problem is the body of such an answer.
type Problem struct {
	// Type is a URI that names the kind of problem; "about:blank" means that the
	// status says it all.
	Type   string `json:"type"`
	Title  string `json:"title"`
	Status int    `json:"status"`
	Detail string `json:"detail,omitempty"`
	// Instance names this one occurrence, for whoever reads the hub's log.
	Instance string `json:"instance,omitempty"`
	// Code is that of package hub, for programs.
	Code string `json:"code,omitempty"`
}

// Write answers with the status; detail is for people.
func Write(w http.ResponseWriter, status int, detail string) {
	Problem{Status: status, Detail: detail}.write(w)
}

func (p Problem) write(w http.ResponseWriter) {
	p.Type, p.Title = "about:blank", http.StatusText(p.Status)
	body, err := json.Marshal(p)
	if err != nil { // strings and a number always encode
		panic(err)
	}
	h := w.Header()
	h.Set("Content-Type", "application/problem+json")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(p.Status)
	// A client that is gone is not worth an error.
	_, _ = w.Write(body)
}

// status says how a mistake is reported over HTTP.
func status(c hub.Code) int {
	switch c {
	case hub.CodeInvalid:
		return http.StatusBadRequest
	case hub.CodeNotFound:
		return http.StatusNotFound
	case hub.CodeForbidden:
		return http.StatusForbidden
	case hub.CodeKeyReused, hub.CodeUnsupported:
		return http.StatusUnprocessableEntity
	case hub.CodeProvider:
		return http.StatusBadGateway
	}
	return http.StatusConflict
}

// Error answers a request that failed with err. A mistake of whoever asked is
// explained; anything else is logged, and the answer tells only where to look.
func Error(ctx context.Context, w http.ResponseWriter, log *slog.Logger, err error) {
	var mistake *hub.Error
	switch {
	case errors.As(err, &mistake):
		Problem{Status: status(mistake.Code), Detail: mistake.Error(), Code: string(mistake.Code)}.write(w)
	case errors.Is(err, privacy.Deny):
		Problem{Status: http.StatusForbidden, Detail: "your role does not allow this", Code: string(hub.CodeForbidden)}.write(w)
	default:
		incident := rand.Text()
		log.ErrorContext(ctx, "request failed", "incident", incident, "error", err)
		Problem{Status: http.StatusInternalServerError, Instance: "urn:wedsync:incident:" + incident}.write(w)
	}
}
