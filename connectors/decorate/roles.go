package decorate

import (
	"context"
	"io"

	"github.com/wedsync/wedsync/connectors"
)

// conn decorates what every connection has.
type conn struct {
	d  Decorator
	in connectors.Connection
}

func (c *conn) Names() connectors.NameRules { return c.in.Names() }

func (c *conn) Close() error {
	if c.d.Close != nil {
		return c.d.Close()
	}
	return c.in.Close()
}

func (c *conn) Check(ctx context.Context) error { return c.d.around(ctx, OpCheck, "", c.in.Check) }

type source struct {
	d  Decorator
	in connectors.Source
}

func (s source) List(ctx context.Context, prefix, cursor string) (page connectors.Page, err error) {
	err = s.d.around(ctx, OpList, prefix, func(ctx context.Context) error {
		page, err = s.in.List(ctx, prefix, cursor)
		return err
	})
	return page, err
}

func (s source) Stat(ctx context.Context, path string) (obj connectors.Object, err error) {
	err = s.d.around(ctx, OpStat, path, func(ctx context.Context) error {
		obj, err = s.in.Stat(ctx, path)
		return err
	})
	return obj, err
}

func (s source) Open(ctx context.Context, path string, offset int64, revision string) (io.ReadCloser, connectors.Object, error) {
	var body io.ReadCloser
	var obj connectors.Object
	var passed context.Context
	err := s.d.around(ctx, OpOpen, path, func(ctx context.Context) (err error) {
		passed = ctx
		body, obj, err = s.in.Open(ctx, path, offset, revision)
		return err
	})
	if err != nil {
		return nil, connectors.Object{}, closed(body, err)
	}
	return s.d.content(passed, Content{
		Call: Call{Op: OpOpen, Path: path}, Object: obj, Offset: offset, Body: body,
		Reopen: func(ctx context.Context, offset int64) (io.ReadCloser, error) {
			body, _, err := s.in.Open(ctx, path, offset, obj.Revision)
			return body, err
		},
	}), obj, nil
}

func (d Decorator) content(ctx context.Context, c Content) io.ReadCloser {
	if d.Content == nil {
		return c.Body
	}
	return d.Content(ctx, c)
}

// closed gives up a body that was opened although the call failed in the end.
func closed(body io.ReadCloser, err error) error {
	if body != nil {
		// The call's own failure is what counts.
		_ = body.Close()
	}
	return err
}

type deleter struct {
	d  Decorator
	in connectors.Deleter
}

func (s deleter) Delete(ctx context.Context, path string, expect connectors.Expect) error {
	return s.d.around(ctx, OpDelete, path, func(ctx context.Context) error {
		return s.in.Delete(ctx, path, expect)
	})
}

type mover struct {
	d  Decorator
	in connectors.Mover
}

func (s mover) Move(ctx context.Context, from, to string, expect connectors.Expect) (obj connectors.Object, err error) {
	err = s.d.around(ctx, OpMove, from, func(ctx context.Context) error {
		obj, err = s.in.Move(ctx, from, to, expect)
		return err
	})
	return obj, err
}

type copier struct {
	d  Decorator
	in connectors.Copier
}

func (s copier) Copy(ctx context.Context, from, to string, expect connectors.Expect) (obj connectors.Object, err error) {
	err = s.d.around(ctx, OpCopy, from, func(ctx context.Context) error {
		obj, err = s.in.Copy(ctx, from, to, expect)
		return err
	})
	return obj, err
}

type versioner struct {
	d  Decorator
	in connectors.Versioner
}

func (s versioner) Versions(ctx context.Context, path string) (all []connectors.Object, err error) {
	err = s.d.around(ctx, OpVersions, path, func(ctx context.Context) error {
		all, err = s.in.Versions(ctx, path)
		return err
	})
	return all, err
}

func (s versioner) OpenVersion(ctx context.Context, path, version string) (io.ReadCloser, connectors.Object, error) {
	var body io.ReadCloser
	var obj connectors.Object
	var passed context.Context
	err := s.d.around(ctx, OpOpenVersion, path, func(ctx context.Context) (err error) {
		passed = ctx
		body, obj, err = s.in.OpenVersion(ctx, path, version)
		return err
	})
	if err != nil {
		return nil, connectors.Object{}, closed(body, err)
	}
	return s.d.content(passed, Content{Call: Call{Op: OpOpenVersion, Path: path}, Object: obj, Body: body}), obj, nil
}

type changeFeed struct {
	d  Decorator
	in connectors.ChangeFeed
}

func (s changeFeed) Latest(ctx context.Context) (cursor string, err error) {
	err = s.d.around(ctx, OpLatest, "", func(ctx context.Context) error {
		cursor, err = s.in.Latest(ctx)
		return err
	})
	return cursor, err
}

func (s changeFeed) Changes(ctx context.Context, cursor string) (changes connectors.Changes, err error) {
	err = s.d.around(ctx, OpChanges, "", func(ctx context.Context) error {
		changes, err = s.in.Changes(ctx, cursor)
		return err
	})
	return changes, err
}

func (s changeFeed) Wait(ctx context.Context, cursor string) error {
	return s.d.around(ctx, OpWait, "", func(ctx context.Context) error { return s.in.Wait(ctx, cursor) })
}
