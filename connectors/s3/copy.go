package s3

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"strings"
	"time"

	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/wedsync/wedsync/connectors"
)

// cleanUpTime bounds the removal of what a failed copy left behind.
const cleanUpTime = 30 * time.Second

// Copy implements connectors.Copier.
func (c *conn) Copy(ctx context.Context, from, to string, expect connectors.Expect) (connectors.Object, error) {
	o, _, err := c.duplicate(ctx, "copy", from, to, expect)
	return o, err
}

// Move implements connectors.Mover as a copy and then a delete of exactly the
// content that was copied: S3 cannot rename.
func (c *conn) Move(ctx context.Context, from, to string, expect connectors.Expect) (connectors.Object, error) {
	o, source, err := c.duplicate(ctx, "move", from, to, expect)
	if err != nil {
		return connectors.Object{}, err
	}
	err = c.remove(ctx, "move", from, &awss3.DeleteObjectInput{
		Bucket: &c.bucket, Key: ptr(c.root + from), IfMatch: source.ETag,
	})
	switch kind := connectors.KindOf(err); {
	case err == nil, kind == connectors.NotFound:
		return o, nil
	case kind == connectors.Conflict:
		// The store refused: from holds newer content. Undo the copy of the older.
		return connectors.Object{}, errors.Join(changed("move", from), c.undo(ctx, "move", to, o.Revision))
	}
	// Whether from is gone is not known, so to must stay.
	return connectors.Object{}, err
}

// duplicate copies from to to within the store and checks the outcome. It also
// returns what was copied.
func (c *conn) duplicate(ctx context.Context, op, from, to string, expect connectors.Expect) (connectors.Object, *awss3.HeadObjectOutput, error) {
	none := connectors.Object{}
	source, err := c.copyable(ctx, op, from, to, expect)
	if err != nil {
		return none, nil, err
	}
	size := value(source.ContentLength)
	job := copying{c: c, op: op, from: from, to: to, source: source}
	if size <= c.limits.copyAtOnce {
		err = job.atOnce(ctx)
	} else {
		err = job.inParts(ctx, size)
	}
	if err != nil {
		return none, nil, err
	}
	made, err := c.head(ctx, op, to)
	if err != nil {
		return none, nil, err
	}
	o := c.object(to, made)
	if equal, known := o.Hashes.Match(c.object(from, headFacts(source)).Hashes); o.Size != size || known && !equal {
		wrong := &connectors.Error{Kind: connectors.Corrupt, Op: op, Path: to, Err: errors.New("the store's copy differs from the original")}
		return none, nil, errors.Join(wrong, c.undo(ctx, op, to, o.Revision))
	}
	return o, source, nil
}

// copyable checks the preconditions of a copy and describes its source.
func (c *conn) copyable(ctx context.Context, op, from, to string, expect connectors.Expect) (*awss3.HeadObjectOutput, error) {
	key, err := c.key(op, from)
	if err != nil {
		return nil, err
	}
	source, err := c.api.HeadObject(ctx, &awss3.HeadObjectInput{Bucket: &c.bucket, Key: &key, ChecksumMode: types.ChecksumModeEnabled})
	if err != nil {
		return nil, c.explain(ctx, c.fail(op, from, err))
	}
	if !meets(headFacts(source), expect) {
		return nil, changed(op, from)
	}
	switch _, err := c.head(ctx, op, to); {
	case err == nil:
		return nil, occupied(op, to)
	case !connectors.Is(err, connectors.NotFound):
		return nil, err
	}
	return source, nil
}

// undo removes a copy, if it is still the one that was made.
func (c *conn) undo(ctx context.Context, op, path, revision string) error {
	return c.remove(ctx, op, path, &awss3.DeleteObjectInput{
		Bucket: &c.bucket, Key: ptr(c.root + path), IfMatch: quoted(revision),
	})
}

// copying is one copy within the store.
type copying struct {
	c        *conn
	op       string
	from, to string
	source   *awss3.HeadObjectOutput
}

func (j copying) atOnce(ctx context.Context) error {
	in := &awss3.CopyObjectInput{
		Bucket: &j.c.bucket, Key: ptr(j.c.root + j.to),
		CopySource: j.copySource(), CopySourceIfMatch: j.source.ETag,
		IfNoneMatch: ptr("*"), StorageClass: j.source.StorageClass,
	}
	if j.source.Metadata[metaModTime] == "" {
		// The copy gets a new date from the store; keep the original's.
		in.MetadataDirective, in.Metadata = types.MetadataDirectiveReplace, j.metadata()
		in.ContentType, in.ContentEncoding = j.source.ContentType, j.source.ContentEncoding
		in.ContentDisposition, in.ContentLanguage = j.source.ContentDisposition, j.source.ContentLanguage
		in.CacheControl = j.source.CacheControl
	}
	_, err := j.c.api.CopyObject(ctx, in)
	if err == nil {
		return nil
	}
	failed := j.c.fail(j.op, j.from, err)
	if failed.Kind == connectors.Unsupported {
		in.IfNoneMatch = nil
		if _, err = j.c.api.CopyObject(ctx, in); err == nil {
			return nil
		}
		failed = j.c.fail(j.op, j.from, err)
	}
	return j.refused(ctx, failed)
}

// refused finds out which of a copy's two preconditions failed.
func (j copying) refused(ctx context.Context, failed *connectors.Error) error {
	if failed.Kind != connectors.Conflict {
		return failed
	}
	if _, err := j.c.head(ctx, j.op, j.to); err == nil {
		return occupied(j.op, j.to)
	}
	return changed(j.op, j.from)
}

// inParts copies an object that is too large for one request.
func (j copying) inParts(ctx context.Context, size int64) (err error) {
	begun, err := j.c.api.CreateMultipartUpload(ctx, &awss3.CreateMultipartUploadInput{
		Bucket: &j.c.bucket, Key: ptr(j.c.root + j.to), Metadata: j.metadata(), StorageClass: j.source.StorageClass,
		ContentType: j.source.ContentType, ContentEncoding: j.source.ContentEncoding,
		ContentDisposition: j.source.ContentDisposition, ContentLanguage: j.source.ContentLanguage,
		CacheControl: j.source.CacheControl,
	})
	if err != nil {
		return j.c.fail(j.op, j.to, err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, j.abort(ctx, begun.UploadId))
		}
	}()
	parts, err := j.parts(ctx, begun.UploadId, size)
	if err != nil {
		return err
	}
	_, err = j.c.api.CompleteMultipartUpload(ctx, &awss3.CompleteMultipartUploadInput{
		Bucket: &j.c.bucket, Key: ptr(j.c.root + j.to), UploadId: begun.UploadId,
		MultipartUpload: &types.CompletedMultipartUpload{Parts: parts}, IfNoneMatch: ptr("*"),
	})
	if err != nil {
		return j.refused(ctx, j.c.fail(j.op, j.to, err))
	}
	return nil
}

func (j copying) parts(ctx context.Context, upload *string, size int64) ([]types.CompletedPart, error) {
	step := partSizeFor(size, min(j.c.limits.copyAtOnce, 512*mib))
	var parts []types.CompletedPart
	for start := int64(0); start < size; start += step {
		number := ptr(int32(len(parts) + 1))
		out, err := j.c.api.UploadPartCopy(ctx, &awss3.UploadPartCopyInput{
			Bucket: &j.c.bucket, Key: ptr(j.c.root + j.to), UploadId: upload, PartNumber: number,
			CopySource: j.copySource(), CopySourceIfMatch: j.source.ETag,
			CopySourceRange: ptr(fmt.Sprintf("bytes=%d-%d", start, min(start+step, size)-1)),
		})
		if err != nil {
			return nil, j.refused(ctx, j.c.fail(j.op, j.from, err))
		}
		if out.CopyPartResult == nil {
			return nil, &connectors.Error{Kind: connectors.Permanent, Op: j.op, Path: j.from, Err: errors.New("the store's answer names no part")}
		}
		parts = append(parts, types.CompletedPart{ETag: out.CopyPartResult.ETag, PartNumber: number})
	}
	return parts, nil
}

// abort gives the parts up, even if the copy failed because it was cancelled.
func (j copying) abort(ctx context.Context, upload *string) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), cleanUpTime)
	defer cancel()
	_, err := j.c.api.AbortMultipartUpload(ctx, &awss3.AbortMultipartUploadInput{
		Bucket: &j.c.bucket, Key: ptr(j.c.root + j.to), UploadId: upload,
	})
	if err == nil {
		return nil
	}
	if failed := j.c.fail(j.op, j.to, err); failed.Kind != connectors.SessionExpired {
		return failed
	}
	return nil
}

// metadata is the source's, with the time that the store would show for it.
func (j copying) metadata() map[string]string {
	m := maps.Clone(j.source.Metadata)
	if m == nil {
		m = map[string]string{}
	}
	if m[metaModTime] == "" && j.source.LastModified != nil {
		m[metaModTime] = formatModTime(*j.source.LastModified)
	}
	return m
}

func (j copying) copySource() *string {
	return ptr(escapePath(j.c.bucket + "/" + j.c.root + j.from))
}

// escapePath percent-encodes everything but slashes and what RFC 3986 never
// reserves. url.PathEscape leaves the plus sign, which stores read as a space.
func escapePath(s string) string {
	var b strings.Builder
	for _, c := range []byte(s) {
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', strings.IndexByte("-_.~/", c) >= 0:
			b.WriteByte(c)
		default:
			fmt.Fprintf(&b, "%%%02X", c)
		}
	}
	return b.String()
}
