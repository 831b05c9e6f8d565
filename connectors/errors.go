package connectors

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// Kind is what an outside failure means to the hub. Every vendor maps its own
// errors to a Kind once, in its classify function.
type Kind string

const (
	// NotFound: the file, folder or store is not there.
	NotFound Kind = "NOT_FOUND"
	// Exists: something is at a path that had to be free.
	Exists Kind = "EXISTS"
	// Conflict: the content is not the revision that was expected.
	Conflict Kind = "CONFLICT"
	// RateLimited: the vendor asks to wait; Error.After says how long if it told.
	RateLimited Kind = "RATE_LIMITED"
	// AuthExpired: the access credential ran out and can be refreshed.
	AuthExpired Kind = "AUTH_EXPIRED"
	// AuthRevoked: the credential is void; a person must connect again.
	AuthRevoked Kind = "AUTH_REVOKED"
	// ScopeMissing: the credential works but does not permit this.
	ScopeMissing Kind = "SCOPE_MISSING"
	// QuotaFull: the store has no room.
	QuotaFull Kind = "QUOTA_FULL"
	// NameRejected: the store cannot hold this path.
	NameRejected Kind = "NAME_REJECTED"
	// TooLarge: the store cannot hold a file of this size.
	TooLarge Kind = "TOO_LARGE"
	// Unsupported: this store cannot do that; the message says why.
	Unsupported Kind = "UNSUPPORTED"
	// Invalid: a setting is missing or wrong; Error.Field names it.
	Invalid Kind = "INVALID"
	// SessionExpired: the store forgot an upload session; begin anew.
	SessionExpired Kind = "SESSION_EXPIRED"
	// CursorReset: a change cursor is no longer good; list everything.
	CursorReset Kind = "CURSOR_RESET"
	// Corrupt: bytes arrived or were stored other than they were sent.
	Corrupt Kind = "CORRUPT"
	// Transient: worth trying again (network, 5xx).
	Transient Kind = "TRANSIENT"
	// Permanent: trying again will not help; also every unclassified error.
	Permanent Kind = "PERMANENT"
)

// Error is every error that crosses the connectors border.
type Error struct {
	Kind Kind
	// Op is the role method that failed, in lower case ("list", "write").
	Op string
	// Path is the file concerned, if one is.
	Path string
	// Field is the setting concerned, with Kind Invalid.
	Field string
	// After is how long the vendor asked to wait; 0 if it did not say.
	After time.Duration
	// Err is the cause. Its text must hold no secret.
	Err error
}

func (e *Error) Error() string {
	where := e.Op
	if e.Path != "" {
		where = fmt.Sprintf("%s %q", e.Op, e.Path)
	}
	if e.Err == nil {
		return fmt.Sprintf("%s: %s", where, e.Kind)
	}
	return fmt.Sprintf("%s: %v", where, e.Err)
}

func (e *Error) Unwrap() error { return e.Err }

// KindOf tells what err means: the Kind of the outermost Error in its chain,
// Transient for a passed deadline, Permanent for anything unknown, "" for nil.
// A cancelled context is not a failure of the store: test for it first.
func KindOf(err error) Kind {
	if err == nil {
		return ""
	}
	var e *Error
	if errors.As(err, &e) {
		return e.Kind
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return Transient
	}
	return Permanent
}

// Is reports whether err means kind.
func Is(err error, kind Kind) bool { return KindOf(err) == kind }
