package observe

import (
	"context"
	"io"
	"log/slog"
	"strings"

	"go.opentelemetry.io/otel/trace"

	"github.com/wedsync/wedsync/internal/config"
)

// NewLogger returns the hub's logger. Every line of a request carries its id and,
// if there is one, its trace.
func NewLogger(w io.Writer, c config.Config) *slog.Logger {
	options := &slog.HandlerOptions{Level: c.LogLevel, ReplaceAttr: redact}
	if c.LogFormat == config.LogJSON {
		return slog.New(contextual{slog.NewJSONHandler(w, options)})
	}
	return slog.New(contextual{slog.NewTextHandler(w, options)})
}

// redact is the last guard for attributes that must never be logged, whoever
// thought it a good idea.
func redact(_ []string, a slog.Attr) slog.Attr {
	switch strings.ToLower(a.Key) {
	case "authorization", "cookie", "set-cookie", "password", "secret", "token":
		return slog.String(a.Key, "[redacted]")
	}
	return a
}

type requestIDKey struct{}

// contextual adds what the context knows to each line.
type contextual struct{ slog.Handler }

func (h contextual) Handle(ctx context.Context, r slog.Record) error {
	if id, ok := ctx.Value(requestIDKey{}).(string); ok {
		r.AddAttrs(slog.String("request", id))
	}
	if span := trace.SpanContextFromContext(ctx); span.HasTraceID() {
		r.AddAttrs(slog.String("trace", span.TraceID().String()))
	}
	return h.Handler.Handle(ctx, r)
}

func (h contextual) WithAttrs(attrs []slog.Attr) slog.Handler {
	return contextual{h.Handler.WithAttrs(attrs)}
}

func (h contextual) WithGroup(name string) slog.Handler {
	return contextual{h.Handler.WithGroup(name)}
}
