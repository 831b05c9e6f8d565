// Package trace makes the calls of a connection visible: a span and a
// measurement each.
//
// What is told is the provider, the call and the Kind of its outcome. Names of
// files, addresses and texts of errors may be private and are left out.
package trace

import (
	"context"
	"errors"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"

	"github.com/wedsync/wedsync/connectors"
	"github.com/wedsync/wedsync/connectors/decorate"
)

// Outcomes that are no Kind.
const (
	OutcomeOK        = "OK"
	OutcomeCancelled = "CANCELLED"
)

// Recorder takes a measurement of every call. outcome is OutcomeOK,
// OutcomeCancelled or a connectors.Kind.
type Recorder interface {
	Called(provider string, op decorate.Op, outcome string, took time.Duration)
}

// Config says where to tell. Tracer and Recorder may be nil.
type Config struct {
	Provider string
	Tracer   trace.Tracer
	Recorder Recorder
	// Now can be replaced by tests.
	Now func() time.Time
}

// New returns the decorator.
func New(c Config) decorate.Decorator {
	if c.Now == nil {
		c.Now = time.Now
	}
	return decorate.Decorator{Around: c.around}
}

func (c Config) around(ctx context.Context, call decorate.Call, next func(context.Context) error) error {
	var span trace.Span
	if c.Tracer != nil {
		ctx, span = c.Tracer.Start(ctx, "connector."+string(call.Op), trace.WithSpanKind(trace.SpanKindClient),
			trace.WithAttributes(attribute.String("wedsync.provider", c.Provider)))
		defer span.End()
	}
	started := c.Now()
	err := next(ctx)
	outcome := outcomeOf(err)
	if c.Recorder != nil {
		c.Recorder.Called(c.Provider, call.Op, outcome, c.Now().Sub(started))
	}
	if span != nil {
		span.SetAttributes(attribute.String("wedsync.outcome", outcome))
		if err != nil {
			span.SetStatus(codes.Error, outcome)
		}
	}
	return err
}

func outcomeOf(err error) string {
	switch {
	case err == nil:
		return OutcomeOK
	case errors.Is(err, context.Canceled):
		return OutcomeCancelled
	}
	return string(connectors.KindOf(err))
}
