package retry

import (
	"context"
	"io"

	"github.com/wedsync/wedsync/connectors"
	"github.com/wedsync/wedsync/connectors/decorate"
)

// content makes reading go on after a break, where the role can open at an
// offset.
func (p Policy) content(ctx context.Context, c decorate.Content) io.ReadCloser {
	if c.Reopen == nil {
		return c.Body
	}
	return &reader{ctx: ctx, policy: p, content: c, body: c.Body, at: c.Offset}
}

// reader is one reader of the same content at the same revision, however often it
// is opened.
type reader struct {
	ctx     context.Context
	policy  Policy
	content decorate.Content
	body    io.ReadCloser
	at      int64
	failed  error // what the body broke with; nil while it works
	tries   *tries
}

func (r *reader) Read(p []byte) (int, error) {
	for {
		if r.failed != nil {
			if err := r.reopen(); err != nil {
				return 0, err
			}
		}
		n, err := r.body.Read(p)
		r.at += int64(n)
		if n > 0 {
			r.tries = nil // progress: patience starts anew
		}
		if kind := connectors.KindOf(err); kind != connectors.Transient && kind != connectors.RateLimited {
			return n, err
		}
		r.failed = err
		if n > 0 {
			return n, nil
		}
	}
}

// reopen opens the content where reading broke off, or returns why it cannot.
func (r *reader) reopen() error {
	for {
		if r.tries == nil {
			r.tries = r.policy.begin()
		}
		if !r.tries.pause(r.ctx, r.failed) {
			return r.failed
		}
		body, err := r.content.Reopen(r.ctx, r.at)
		if err == nil {
			// The broken body has nothing more to say.
			_ = r.body.Close()
			r.body, r.failed = body, nil
			return nil
		}
		r.failed = err
	}
}

func (r *reader) Close() error { return r.body.Close() }
