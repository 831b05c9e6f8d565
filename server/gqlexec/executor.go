package gqlexec

import (
	"encoding/json"
	"log/slog"

	"github.com/99designs/gqlgen/graphql"
	"github.com/99designs/gqlgen/graphql/executor"
	"github.com/99designs/gqlgen/graphql/handler/extension"
	"github.com/vektah/gqlparser/v2/gqlerror"
)

// New returns an executor of the schema. Introspection is on: the transports let
// nobody in who is not signed in.
func New(schema graphql.ExecutableSchema, limits Limits, log *slog.Logger) *executor.Executor {
	e := executor.New(schema)
	e.SetParserTokenLimit(limits.Tokens)
	e.SetQueryCache(newDocumentCache())
	p := presenter{log: log}
	e.SetErrorPresenter(p.present)
	e.SetRecoverFunc(p.recovered)
	e.Use(extension.Introspection{})
	e.Use(newLimiter(limits))
	return e
}

// Payload is an execution result as both transports encode it. Unlike gqlgen's
// response it has no data at all when the operation did not run.
type Payload struct {
	Errors     gqlerror.List   `json:"errors,omitempty"`
	Data       json.RawMessage `json:"data,omitempty"`
	Extensions map[string]any  `json:"extensions,omitempty"`
}

// PayloadOf returns the response as it is sent.
func PayloadOf(r *graphql.Response) Payload {
	return Payload{Errors: r.Errors, Data: r.Data, Extensions: r.Extensions}
}

// Refused reports whether the operation did not run at all.
func (p Payload) Refused() bool { return p.Data == nil }

// Refusal is the payload of a request that is refused before it reaches the
// executor.
func Refusal(code, message string) Payload {
	return Payload{Errors: gqlerror.List{{Message: message, Extensions: map[string]any{"code": code}}}}
}
