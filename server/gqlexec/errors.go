package gqlexec

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/wedsync/wedsync/ent/privacy"
	"github.com/wedsync/wedsync/hub"
)

// Codes of errors in extensions.code, besides those of package hub.
const (
	CodeInternal = "INTERNAL"
	CodeTimeout  = "TIMEOUT"
	CodeBadInput = "BAD_USER_INPUT"
)

// longestMessage bounds what is repeated of a client's own mistake.
const longestMessage = 300

// presenter decides what clients read of an error.
type presenter struct {
	log *slog.Logger
}

// present keeps the messages that are made for clients: those of the GraphQL
// engine, of package hub and about the client's own input. Whatever else went
// wrong is logged under an incident number, and the client gets the number.
func (p presenter) present(ctx context.Context, err error) *gqlerror.Error {
	out := graphql.DefaultErrorPresenter(ctx, err)
	if out.Err == nil {
		return out
	}
	shown := &gqlerror.Error{Message: out.Message, Path: out.Path, Locations: out.Locations}
	var mistake *hub.Error
	switch {
	case errors.As(err, &mistake):
		shown.Message = mistake.Message
		shown.Extensions = map[string]any{"code": string(mistake.Code)}
		if mistake.Field != "" {
			shown.Extensions["field"] = mistake.Field
		}
	case errors.Is(err, privacy.Deny):
		shown.Message = "your role does not allow this"
		shown.Extensions = map[string]any{"code": string(hub.CodeForbidden)}
	case argumentsRefused(ctx):
		shown.Message = shorten(out.Message)
		shown.Extensions = map[string]any{"code": CodeBadInput}
	case errors.Is(err, context.DeadlineExceeded):
		shown.Message = "this took too long"
		shown.Extensions = map[string]any{"code": CodeTimeout}
	default:
		p.mask(ctx, shown, err)
	}
	return shown
}

func (p presenter) mask(ctx context.Context, shown *gqlerror.Error, err error) {
	incident := rand.Text()
	if !errors.Is(err, context.Canceled) { // whoever asked is gone; nothing failed
		p.log.ErrorContext(ctx, "resolver failed", "incident", incident, "path", shown.Path.String(), "error", err)
	}
	shown.Message = "something failed inside the hub; the incident number is " + incident
	shown.Extensions = map[string]any{"code": CodeInternal, "incident": incident}
}

// argumentsRefused reports whether the error is about the field's arguments: the
// engine had not decoded them yet.
func argumentsRefused(ctx context.Context) bool {
	f := graphql.GetFieldContext(ctx)
	return f != nil && f.Args == nil && f.Field.Field != nil && f.Field.Definition != nil && len(f.Field.Definition.Arguments) > 0
}

func shorten(text string) string {
	runes := []rune(text)
	if len(runes) <= longestMessage {
		return text
	}
	return string(runes[:longestMessage]) + "…"
}

// panicked is a panic of a resolver, which present masks like any other failure.
type panicked struct{ value any }

func (p panicked) Error() string { return fmt.Sprintf("panic: %v", p.value) }

func (p presenter) recovered(ctx context.Context, value any) error {
	p.log.ErrorContext(ctx, "resolver panicked", "panic", value, "stack", string(debug.Stack()))
	return panicked{value}
}
