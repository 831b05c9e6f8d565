package gqlhttp

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"runtime/debug"
	"strconv"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/wedsync/wedsync/server/gqlexec"
)

// Codes in extensions.code of requests that no operation was run for.
const (
	codeBadRequest = "BAD_REQUEST"
	codeInternal   = gqlexec.CodeInternal
)

// Handler answers GraphQL requests.
type Handler struct {
	// Exec runs the operations.
	Exec graphql.GraphExecutor
	Log  *slog.Logger
	// MaxBody bounds the body of a request in bytes.
	MaxBody int64
	// Timeout bounds the execution of one operation.
	Timeout time.Duration
}

// ServeHTTP answers one request.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	out := answer{w: w, media: negotiate(r.Header.Values("Accept"))}
	defer func() {
		if p := recover(); p != nil {
			h.Log.ErrorContext(r.Context(), "GraphQL request panicked", "panic", p, "stack", string(debug.Stack()))
			out.refuse(http.StatusInternalServerError, codeInternal, "something failed inside the hub")
		}
	}()
	if out.media == "" {
		out.media = mediaJSON
		out.refuse(http.StatusNotAcceptable, codeBadRequest, "answers come as "+mediaResponse+" or "+mediaJSON)
		return
	}
	params, bad := h.read(w, r)
	if bad != nil {
		if bad.status == http.StatusMethodNotAllowed {
			w.Header().Set("Allow", "GET, POST")
		}
		out.refuse(bad.status, codeBadRequest, bad.message)
		return
	}
	h.execute(r, params, &out)
}

func (h *Handler) execute(r *http.Request, params *graphql.RawParams, out *answer) {
	ctx, cancel := context.WithTimeout(graphql.StartOperationTrace(r.Context()), h.Timeout)
	defer cancel()
	op, errs := h.Exec.CreateOperationContext(ctx, params)
	if errs != nil {
		out.refusedOperation(gqlexec.PayloadOf(h.Exec.DispatchError(graphql.WithOperationContext(ctx, op), errs)))
		return
	}
	switch op.Operation.Operation {
	case ast.Mutation:
		if r.Method == http.MethodGet {
			out.w.Header().Set("Allow", "POST")
			out.refuse(http.StatusMethodNotAllowed, codeBadRequest, "mutations are sent by POST")
			return
		}
	case ast.Subscription:
		out.refuse(http.StatusBadRequest, codeBadRequest, "subscriptions are sent over a websocket that speaks graphql-transport-ws")
		return
	}
	responses, ctx := h.Exec.DispatchOperation(ctx, op)
	response := responses(ctx)
	if response == nil { // whoever asked is gone, or the time is over
		out.refuse(http.StatusServiceUnavailable, gqlexec.CodeTimeout, "this took too long")
		return
	}
	payload := gqlexec.PayloadOf(response)
	if payload.Refused() {
		out.refusedOperation(payload)
		return
	}
	out.send(http.StatusOK, payload)
}

// answer writes one response, once.
type answer struct {
	w     http.ResponseWriter
	media string
	sent  bool
}

// refusedOperation reports that a well-formed request asks for something that
// cannot run. Clients of application/json cannot tell such an answer from that of
// a proxy unless its status is 200.
func (a *answer) refusedOperation(payload gqlexec.Payload) {
	status := http.StatusBadRequest
	if a.media == mediaJSON {
		status = http.StatusOK
	}
	a.send(status, payload)
}

func (a *answer) refuse(status int, code, message string) {
	a.send(status, gqlexec.Refusal(code, message))
}

func (a *answer) send(status int, payload gqlexec.Payload) {
	if a.sent {
		return
	}
	a.sent = true
	Write(a.w, status, a.media, payload)
}

// Refuse answers a GraphQL request that is turned away before it reaches the
// Handler, in the form its client asked for.
func Refuse(w http.ResponseWriter, r *http.Request, status int, code, message string) {
	media := negotiate(r.Header.Values("Accept"))
	if media == "" {
		media = mediaJSON
	}
	Write(w, status, media, gqlexec.Refusal(code, message))
}

// Write sends a payload. A client that does not read it is not worth an error:
// the server's own deadlines end the connection.
func Write(w http.ResponseWriter, status int, media string, payload gqlexec.Payload) {
	body, err := json.Marshal(payload)
	if err != nil { // only extensions that are no JSON, a defect of a resolver
		status, body = http.StatusInternalServerError, []byte(`{"errors":[{"message":"the answer could not be encoded"}]}`)
	}
	h := w.Header()
	h.Set("Content-Type", media+"; charset=utf-8")
	h.Set("Content-Length", strconv.Itoa(len(body)))
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Add("Vary", "Accept, Authorization, Cookie")
	w.WriteHeader(status)
	_, _ = w.Write(body)
}
