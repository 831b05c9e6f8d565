package hub

import (
	"errors"
	"fmt"

	"github.com/wedsync/wedsync/ent"
	"github.com/wedsync/wedsync/ent/privacy"
)

// Code says what kind of mistake an Error is, for programs.
type Code string

const (
	// CodeInvalid: a field of the input is missing, malformed or out of bounds.
	CodeInvalid Code = "INVALID"
	// CodeNotFound: there is no such thing, or it is not the viewer's to know.
	CodeNotFound Code = "NOT_FOUND"
	// CodeForbidden: the viewer may see it but lacks the role to do this.
	CodeForbidden Code = "FORBIDDEN"
	// CodeConflict: the thing is in a state that does not allow it.
	CodeConflict Code = "CONFLICT"
	// CodeAlreadyRunning: the sync has a run that is not over.
	CodeAlreadyRunning Code = "ALREADY_RUNNING"
	// CodePlanStale: the world changed since the plan was made.
	CodePlanStale Code = "PLAN_STALE"
	// CodeKeyReused: the idempotency key was used for another input.
	CodeKeyReused Code = "IDEMPOTENCY_KEY_REUSED"
	// CodeUnsupported: the provider cannot do it; the message says why.
	CodeUnsupported Code = "UNSUPPORTED"
	// CodeProvider: the outside system refused or failed; the message says how.
	CodeProvider Code = "PROVIDER_ERROR"
)

// Error is a mistake that whoever asked can understand and mend. Everything else
// is a fault of the hub.
type Error struct {
	Code Code
	// Field is the path of the input field concerned ("targets.0.path"), or empty.
	Field string
	// Message is a sentence for people, without secrets and without anything of
	// another organization.
	Message string
}

func (e *Error) Error() string {
	if e.Field == "" {
		return e.Message
	}
	return e.Field + ": " + e.Message
}

// Errorf makes an Error; field may be empty.
func Errorf(code Code, field, format string, args ...any) *Error {
	return &Error{Code: code, Field: field, Message: fmt.Sprintf(format, args...)}
}

// NotFound is the answer for a thing that is not there, or not the viewer's.
func NotFound(field, id string) *Error {
	return Errorf(CodeNotFound, field, "there is no %q", id)
}

// Translate turns what the data layer says about a missing row or a refused
// change into an Error that names the field and id; other errors pass unchanged.
func Translate(err error, field, id string) error {
	switch {
	case err == nil:
		return nil
	case ent.IsNotFound(err):
		return NotFound(field, id)
	case errors.Is(err, privacy.Deny):
		return Errorf(CodeForbidden, field, "your role does not allow this")
	}
	return err
}
