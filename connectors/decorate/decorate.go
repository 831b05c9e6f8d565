package decorate

import (
	"context"
	"errors"
	"io"
	"slices"
	"time"

	"github.com/wedsync/wedsync/connectors"
)

// Op names a call by the method of its role, as connectors.Error.Op does.
type Op string

// The calls that pass a Decorator.
const (
	OpCheck       Op = "check"
	OpList        Op = "list"
	OpStat        Op = "stat"
	OpOpen        Op = "open"
	OpBegin       Op = "begin"
	OpResume      Op = "resume"
	OpWrite       Op = "write"
	OpCommit      Op = "commit"
	OpAbort       Op = "abort"
	OpDelete      Op = "delete"
	OpMove        Op = "move"
	OpCopy        Op = "copy"
	OpVersions    Op = "versions"
	OpOpenVersion Op = "openversion"
	OpLatest      Op = "latest"
	OpChanges     Op = "changes"
	OpWait        Op = "wait"
)

// Call is one call on its way to the vendor.
type Call struct {
	Op   Op
	Path string
	// Again makes the call ready to be made once more, or tells why it cannot be:
	// a body that was read from and does not rewind.
	Again func() error
}

// Content is a reader that a call has opened.
type Content struct {
	Call   Call
	Object connectors.Object
	Offset int64
	Body   io.ReadCloser
	// Reopen opens the same content from another offset of the file; nil where the
	// role cannot.
	Reopen func(ctx context.Context, offset int64) (io.ReadCloser, error)
}

// Decorator is what happens around calls. Nil fields change nothing.
type Decorator struct {
	// Around makes the call by calling next, as often as it sees fit.
	Around func(ctx context.Context, call Call, next func(context.Context) error) error
	// Content replaces the reader of opened content. ctx is the one that Around
	// passed on.
	Content func(ctx context.Context, c Content) io.ReadCloser
	// Body replaces the reader of a part that is written; ctx as with Content.
	Body func(ctx context.Context, call Call, r io.Reader) io.Reader
	// Close takes the place of closing the connection.
	Close func() error
}

// Wrap puts the decorators around the connection, the first one outermost.
func Wrap(c connectors.Connection, ds ...Decorator) connectors.Connection {
	for _, d := range slices.Backward(ds) {
		c = wrap(c, d, connectors.Roles())
	}
	return c
}

// Only returns the connection with no more than the given roles.
func Only(c connectors.Connection, roles ...connectors.Role) connectors.Connection {
	return wrap(c, Decorator{}, roles)
}

// wrap decorates the connection in those of the roles that it has.
func wrap(c connectors.Connection, d Decorator, roles []connectors.Role) connectors.Connection {
	p := parts{conn: &conn{d: d, in: c}}
	p.source.d, p.sink.d, p.deleter.d, p.mover.d, p.copier.d, p.versioner.d, p.changeFeed.d = d, d, d, d, d, d, d
	p.source.in, _ = c.(connectors.Source)
	p.sink.in, _ = c.(connectors.Sink)
	p.deleter.in, _ = c.(connectors.Deleter)
	p.mover.in, _ = c.(connectors.Mover)
	p.copier.in, _ = c.(connectors.Copier)
	p.versioner.in, _ = c.(connectors.Versioner)
	p.changeFeed.in, _ = c.(connectors.ChangeFeed)

	var set uint
	for i, r := range connectors.Roles() {
		if slices.Contains(roles, r) && connectors.Implements(c, r) {
			set |= 1 << i
		}
	}
	return p.compose(set)
}

// parts are the pieces a decorated connection is put together from.
type parts struct {
	conn       *conn
	source     source
	sink       sink
	deleter    deleter
	mover      mover
	copier     copier
	versioner  versioner
	changeFeed changeFeed
}

// around makes a call that can be repeated as it is.
func (d Decorator) around(ctx context.Context, op Op, path string, next func(context.Context) error) error {
	return d.call(ctx, Call{Op: op, Path: path, Again: func() error { return nil }}, next)
}

func (d Decorator) call(ctx context.Context, call Call, next func(context.Context) error) error {
	if d.Around == nil {
		return next(ctx)
	}
	return d.Around(ctx, call, next)
}

var errSpent = errors.New("the body cannot be rewound")

// rewind returns what makes r readable once more from where it is now.
func rewind(r io.Reader) func() error {
	spent := func() error { return errSpent }
	s, ok := r.(io.Seeker)
	if !ok {
		return spent
	}
	start, err := s.Seek(0, io.SeekCurrent)
	if err != nil {
		return spent
	}
	return func() error {
		_, err := s.Seek(start, io.SeekStart)
		return err
	}
}

// Sleep waits, or returns ctx's error as soon as there is one. Decorators that
// wait take it as the default of a function that tests replace.
func Sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}
