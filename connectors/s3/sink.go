package s3

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"

	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/wedsync/wedsync/connectors"
)

// Begin implements connectors.Sink: files up to the single-request limit are
// sent by one PUT, larger ones in parts.
func (c *conn) Begin(ctx context.Context, up connectors.Upload) (connectors.Session, error) {
	key, err := c.accepts("begin", up)
	if err != nil {
		return nil, err
	}
	w := writing{c: c, up: up, key: key, id: rand.Text()}
	if up.Size <= c.limits.single {
		return &single{writing: w}, nil
	}
	// So many bytes should not travel only to be refused.
	if err := w.look(ctx, "begin"); err != nil {
		return nil, err
	}
	return c.beginParts(ctx, w)
}

// accepts checks what can be known before anything is sent.
func (c *conn) accepts(op string, up connectors.Upload) (string, error) {
	key, err := c.key(op, up.Path)
	switch {
	case err != nil:
		return "", err
	case up.Size < 0:
		return "", misuse(op, up.Path, "size %d is negative", up.Size)
	case up.Size > maxFileSize:
		return "", &connectors.Error{Kind: connectors.TooLarge, Op: op, Path: up.Path,
			Err: fmt.Errorf("%d bytes are more than the limit of %d", up.Size, int64(maxFileSize))}
	case up.Expect.Absent && up.Expect.Revision != "":
		return "", misuse(op, up.Path, "nothing and a revision cannot both be expected")
	}
	return key, nil
}

// writing is what both kinds of session share.
type writing struct {
	c   *conn
	up  connectors.Upload
	key string
	// id is stored with the object, so that the session recognizes its own work.
	id string
	// unsure: a request that may have made the file visible got no clear answer.
	unsure bool
	// unconditional: the store knows no preconditions.
	unconditional bool
}

// conditions are the precondition headers of the request that makes the file
// visible.
func (w *writing) conditions() (ifMatch, ifNoneMatch *string) {
	switch {
	case w.unconditional:
		return nil, nil
	case w.up.Expect.Absent:
		return nil, ptr("*")
	case w.up.Expect.Revision != "":
		return quoted(w.up.Expect.Revision), nil
	}
	return nil, nil
}

// guard prepares the request that makes the file visible: where the store does
// not check the precondition, it looks itself.
func (w *writing) guard(ctx context.Context, op string) error {
	if w.up.Expect == (connectors.Expect{}) {
		return nil
	}
	spoken, err := w.c.dialect(ctx)
	switch {
	case err != nil:
		return withPlace(err, op, w.up.Path)
	case spoken.conditions == conditionsEnforced:
		return nil
	}
	w.unconditional = spoken.conditions == conditionsIgnored
	return w.look(ctx, op)
}

// look compares what is at the path with what is expected there.
func (w *writing) look(ctx context.Context, op string) error {
	if w.up.Expect == (connectors.Expect{}) {
		return nil
	}
	f, err := w.c.head(ctx, op, w.up.Path)
	gone := connectors.Is(err, connectors.NotFound)
	switch {
	case err != nil && !gone:
		return err
	case w.up.Expect.Absent && !gone:
		return occupied(op, w.up.Path)
	case w.up.Expect.Revision != "" && (gone || revision(f.etag) != w.up.Expect.Revision):
		return changed(op, w.up.Path)
	}
	return nil
}

// refused gives the failure of the request that makes the file visible its
// meaning. mine is the object after all, if an earlier request whose answer was
// lost had done the work.
func (w *writing) refused(ctx context.Context, op string, cause error) (mine *facts, err error) {
	failed := w.c.fail(op, w.up.Path, cause)
	if w.unsure {
		f, err := w.c.head(ctx, op, w.up.Path)
		if err == nil && f.metadata[metaUpload] == w.id {
			return &f, nil
		}
	}
	w.unsure = w.unsure || unanswered(failed)
	return nil, w.meaning(op, failed)
}

// meaning tells a violated precondition from other failures.
func (w *writing) meaning(op string, failed *connectors.Error) error {
	expect := w.up.Expect
	switch {
	case failed.Kind == connectors.Conflict && expect.Absent:
		return occupied(op, w.up.Path)
	case failed.Kind == connectors.Conflict && expect.Revision != "":
		return changed(op, w.up.Path)
	case codeOf(failed) == "NoSuchKey" && expect.Revision != "":
		return changed(op, w.up.Path)
	}
	return failed
}

// described is the file as the session leaves it. f is as the store told or, for
// what it did not tell, as it was sent.
func (w *writing) described(f facts) connectors.Object {
	f.metadata = metadata(w.up, w.id)
	return w.c.object(w.up.Path, f)
}

// corrupt takes back what the store holds wrongly and reports it.
func (w *writing) corrupt(ctx context.Context, op, why string, version *string) error {
	out := &connectors.Error{Kind: connectors.Corrupt, Op: op, Path: w.up.Path, Err: errors.New(why)}
	if err := w.takeBack(ctx, version); err != nil {
		out.Err = fmt.Errorf("%s, and it could not be removed: %w", why, err)
	}
	return out
}

// takeBack removes exactly what this session made visible: by its version where
// there are versions, else only while it is still this session's.
func (w *writing) takeBack(ctx context.Context, version *string) error {
	if v := value(version); v != "" && v != nullVersion {
		err := w.removeOwn(ctx, &awss3.DeleteObjectInput{VersionId: version})
		// Deleting versions takes a permission of its own.
		if !connectors.Is(err, connectors.ScopeMissing) {
			return err
		}
	}
	f, err := w.c.head(ctx, "abort", w.up.Path)
	switch {
	case connectors.Is(err, connectors.NotFound):
		return nil
	case err != nil:
		return err
	case f.metadata[metaUpload] != w.id:
		return nil
	}
	return w.removeOwn(ctx, &awss3.DeleteObjectInput{IfMatch: quoted(revision(f.etag))})
}

func (w *writing) removeOwn(ctx context.Context, in *awss3.DeleteObjectInput) error {
	in.Bucket, in.Key = &w.c.bucket, &w.key
	return w.c.remove(ctx, "abort", w.up.Path, in)
}

// misuse is an error of the caller.
func misuse(op, path, format string, args ...any) error {
	return &connectors.Error{Kind: connectors.Invalid, Op: op, Path: path, Err: fmt.Errorf(format, args...)}
}

// broken reports that the caller's reader failed, or gave other than was
// announced.
func broken(op, path string, cause error) error {
	return &connectors.Error{Kind: connectors.KindOf(cause), Op: op, Path: path, Err: cause}
}

// withPlace says for which operation and path an inner request failed.
func withPlace(err error, op, path string) error {
	if inner := (*connectors.Error)(nil); errors.As(err, &inner) {
		out := *inner
		out.Op, out.Path = op, path
		return &out
	}
	return err
}
