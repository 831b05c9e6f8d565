package decorate

import (
	"context"
	"io"

	"github.com/wedsync/wedsync/connectors"
)

type sink struct {
	d  Decorator
	in connectors.Sink
}

func (s sink) Begin(ctx context.Context, up connectors.Upload) (connectors.Session, error) {
	return s.session(ctx, OpBegin, up, func(ctx context.Context) (connectors.Session, error) {
		return s.in.Begin(ctx, up)
	})
}

func (s sink) Resume(ctx context.Context, up connectors.Upload, checkpoint []byte) (connectors.Session, error) {
	return s.session(ctx, OpResume, up, func(ctx context.Context) (connectors.Session, error) {
		return s.in.Resume(ctx, up, checkpoint)
	})
}

func (s sink) session(ctx context.Context, op Op, up connectors.Upload, open func(context.Context) (connectors.Session, error)) (connectors.Session, error) {
	var in connectors.Session
	err := s.d.around(ctx, op, up.Path, func(ctx context.Context) (err error) {
		in, err = open(ctx)
		return err
	})
	if err != nil {
		return nil, err
	}
	return &session{d: s.d, Session: in, path: up.Path}, nil
}

// session decorates an upload; what only tells its state passes through.
type session struct {
	connectors.Session
	d    Decorator
	path string
}

func (s *session) Write(ctx context.Context, r io.Reader, n int64) error {
	call := Call{Op: OpWrite, Path: s.path, Again: rewind(r)}
	return s.d.call(ctx, call, func(ctx context.Context) error {
		if s.d.Body != nil {
			return s.Session.Write(ctx, s.d.Body(ctx, call, r), n)
		}
		return s.Session.Write(ctx, r, n)
	})
}

func (s *session) Commit(ctx context.Context) (obj connectors.Object, err error) {
	err = s.d.around(ctx, OpCommit, s.path, func(ctx context.Context) error {
		obj, err = s.Session.Commit(ctx)
		return err
	})
	return obj, err
}

func (s *session) Abort(ctx context.Context) error {
	return s.d.around(ctx, OpAbort, s.path, s.Session.Abort)
}
