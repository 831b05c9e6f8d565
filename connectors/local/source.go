package local

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path"

	"github.com/wedsync/wedsync/connectors"
)

// Stat implements connectors.Source.
func (c *connection) Stat(ctx context.Context, name string) (connectors.Object, error) {
	if err := ctx.Err(); err != nil {
		return connectors.Object{}, err
	}
	info, err := c.lstat("stat", name)
	if err != nil {
		return connectors.Object{}, err
	}
	return describe(name, info), nil
}

// Open implements connectors.Source.
func (c *connection) Open(ctx context.Context, name string, offset int64, rev string) (io.ReadCloser, connectors.Object, error) {
	if err := ctx.Err(); err != nil {
		return nil, connectors.Object{}, err
	}
	f, info, err := c.openFile("open", name, connectors.Expect{Revision: rev})
	if err != nil {
		return nil, connectors.Object{}, err
	}
	if offset < 0 || offset > info.Size() {
		return nil, connectors.Object{}, errors.Join(fail(connectors.Invalid, "open", name, "the offset is outside the file"), f.Close())
	}
	if _, err := f.Seek(offset, io.SeekStart); err != nil {
		return nil, connectors.Object{}, errors.Join(classify("open", name, err), f.Close())
	}
	obj := describe(name, info)
	return &reader{ctx: ctx, f: f, object: obj, left: obj.Size - offset}, obj, nil
}

// openFile opens a regular file that meets the precondition and describes what
// was opened.
func (c *connection) openFile(op, name string, e connectors.Expect) (*os.File, fs.FileInfo, error) {
	seen, err := c.expected(op, name, e)
	if err != nil {
		return nil, nil, err
	}
	dir, err := c.openFolder(path.Dir(name))
	if err != nil {
		return nil, nil, classify(op, name, err)
	}
	defer dir.Close()
	f, err := dir.Open(path.Base(name))
	if err != nil {
		return nil, nil, classify(op, name, err)
	}
	info, err := f.Stat()
	if err == nil && revision(info) != revision(seen) {
		err = fail(connectors.Conflict, op, name, "the file was changed at this moment")
	}
	if err != nil {
		return nil, nil, errors.Join(classify(op, name, err), f.Close())
	}
	return f, info, nil
}

// reader reads just the content that was described at Open. It hands out the last
// byte only after it made sure that nothing changed since, so that whoever reads
// Size bytes has one content and no mixture.
type reader struct {
	ctx    context.Context
	f      *os.File
	object connectors.Object
	left   int64
}

func (r *reader) Read(p []byte) (int, error) {
	if err := r.ctx.Err(); err != nil {
		return 0, err
	}
	if r.left == 0 {
		if err := r.unchanged(); err != nil {
			return 0, err
		}
		return 0, io.EOF
	}
	n, err := r.f.Read(p[:min(int64(len(p)), r.left)])
	if errors.Is(err, io.EOF) {
		return n, r.conflict() // shorter than it was
	}
	if err != nil {
		return n, classify("read", r.object.Path, err)
	}
	if r.left -= int64(n); r.left == 0 {
		if err := r.unchanged(); err != nil {
			return 0, err
		}
	}
	return n, nil
}

func (r *reader) unchanged() error {
	info, err := r.f.Stat()
	if err != nil {
		return classify("read", r.object.Path, err)
	}
	if revision(info) != r.object.Revision {
		return r.conflict()
	}
	return nil
}

func (r *reader) conflict() error {
	return fail(connectors.Conflict, "read", r.object.Path, "the file was changed while it was read")
}

func (r *reader) Close() error { return classify("read", r.object.Path, r.f.Close()) }
