package local

import (
	"context"
	"errors"
	"io/fs"
	"syscall"

	"github.com/wedsync/wedsync/connectors"
)

// kinds maps what the system says to what it means.
func kinds() []struct {
	err  error
	kind connectors.Kind
} {
	return []struct {
		err  error
		kind connectors.Kind
	}{
		{syscall.ENOTDIR, connectors.NotFound},
		{fs.ErrNotExist, connectors.NotFound},
		{syscall.EISDIR, connectors.Exists},
		{syscall.ENOTEMPTY, connectors.Exists},
		{fs.ErrExist, connectors.Exists},
		{syscall.EROFS, connectors.ScopeMissing},
		{fs.ErrPermission, connectors.ScopeMissing},
		{syscall.ENOSPC, connectors.QuotaFull},
		{syscall.EDQUOT, connectors.QuotaFull},
		{syscall.EFBIG, connectors.TooLarge},
		{syscall.ENAMETOOLONG, connectors.NameRejected},
		{syscall.EILSEQ, connectors.NameRejected},
		{syscall.EIO, connectors.Transient},
		{syscall.ESTALE, connectors.Transient},
		{syscall.EBUSY, connectors.Transient},
		{syscall.EAGAIN, connectors.Transient},
		{syscall.ETIMEDOUT, connectors.Transient},
		{syscall.EMFILE, connectors.Transient},
		{syscall.ENFILE, connectors.Transient},
	}
}

// classify gives an error of the system its Kind. Errors that have one, and
// those of a context, stay as they are.
func classify(op, path string, err error) error {
	var known *connectors.Error
	switch {
	case err == nil:
		return nil
	case errors.As(err, &known), errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return err
	}
	kind := connectors.Permanent
	for _, k := range kinds() {
		if errors.Is(err, k.err) {
			kind = k.kind
			break
		}
	}
	// A PathError would repeat the path, and tell of names inside HubFolder.
	var pathErr *fs.PathError
	if errors.As(err, &pathErr) {
		err = pathErr.Err
	}
	return &connectors.Error{Kind: kind, Op: op, Path: path, Err: err}
}

func fail(kind connectors.Kind, op, path, why string) error {
	return &connectors.Error{Kind: kind, Op: op, Path: path, Err: errors.New(why)}
}
