package s3

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/wedsync/wedsync/connectors"
)

// Stat implements connectors.Source.
func (c *conn) Stat(ctx context.Context, path string) (connectors.Object, error) {
	f, err := c.head(ctx, "stat", path)
	if err != nil {
		return connectors.Object{}, err
	}
	return c.object(path, f), nil
}

// head asks for everything that is known of the object at path.
func (c *conn) head(ctx context.Context, op, path string) (facts, error) {
	key, err := c.key(op, path)
	if err != nil {
		return facts{}, err
	}
	out, err := c.api.HeadObject(ctx, &awss3.HeadObjectInput{
		Bucket: &c.bucket, Key: &key, ChecksumMode: types.ChecksumModeEnabled,
	})
	if err != nil {
		return facts{}, c.explain(ctx, c.fail(op, path, err))
	}
	return headFacts(out), nil
}

func headFacts(out *awss3.HeadObjectOutput) facts {
	return facts{
		etag: out.ETag, version: out.VersionId,
		size: value(out.ContentLength), modified: out.LastModified,
		encryption: out.ServerSideEncryption, customerKey: out.SSECustomerAlgorithm,
		metadata: out.Metadata, checksumType: out.ChecksumType,
		sha256: out.ChecksumSHA256, crc32c: out.ChecksumCRC32C,
	}
}

// explain finds the reason behind a refused HEAD, whose answer has no body: a
// void key and a missing permission look the same there.
func (c *conn) explain(ctx context.Context, refused *connectors.Error) error {
	if refused.Kind != connectors.ScopeMissing && refused.Kind != connectors.Permanent {
		return refused
	}
	var reason *connectors.Error
	if !errors.As(c.Check(ctx), &reason) || ctx.Err() != nil {
		return refused
	}
	reason.Op, reason.Path = refused.Op, refused.Path
	return reason
}

// Open implements connectors.Source. The store answers one GET from one version
// of the object, so content is never mixed.
func (c *conn) Open(ctx context.Context, path string, offset int64, revision string) (io.ReadCloser, connectors.Object, error) {
	key, err := c.key("open", path)
	if err != nil {
		return nil, connectors.Object{}, err
	}
	if offset < 0 {
		return nil, connectors.Object{}, &connectors.Error{
			Kind: connectors.Invalid, Op: "open", Path: path, Err: fmt.Errorf("offset %d is negative", offset),
		}
	}
	in := &awss3.GetObjectInput{Bucket: &c.bucket, Key: &key}
	if offset > 0 {
		in.Range = ptr(fmt.Sprintf("bytes=%d-", offset))
	} else {
		// Makes the SDK check the content against the checksum that the store keeps.
		in.ChecksumMode = types.ChecksumModeEnabled
	}
	if revision != "" {
		in.IfMatch = quoted(revision)
	}
	out, err := c.api.GetObject(ctx, in)
	if err != nil {
		failed := c.fail("open", path, err)
		if codeOf(failed) == "InvalidRange" || codeOf(failed) == "RequestedRangeNotSatisfiable" {
			return c.openAtEnd(ctx, path, offset, revision)
		}
		return nil, connectors.Object{}, failed
	}
	return c.opened("open", path, offset, out)
}

// openAtEnd answers a read that begins where the file ends, which S3 refuses.
func (c *conn) openAtEnd(ctx context.Context, path string, offset int64, revision string) (io.ReadCloser, connectors.Object, error) {
	f, err := c.head(ctx, "open", path)
	if err != nil {
		return nil, connectors.Object{}, err
	}
	o := c.object(path, f)
	switch {
	case revision != "" && o.Revision != revision:
		err = changed("open", path)
	case offset != o.Size:
		err = &connectors.Error{Kind: connectors.Invalid, Op: "open", Path: path,
			Err: fmt.Errorf("offset %d is beyond the end at %d", offset, o.Size)}
	default:
		return io.NopCloser(strings.NewReader("")), o, nil
	}
	return nil, connectors.Object{}, err
}

// opened checks that the answer is the range that was asked for and wraps its
// body.
func (c *conn) opened(op, path string, offset int64, out *awss3.GetObjectOutput) (io.ReadCloser, connectors.Object, error) {
	size, start := value(out.ContentLength), int64(0)
	if out.ContentRange != nil {
		var ok bool
		if start, size, ok = parseContentRange(*out.ContentRange); !ok {
			start = -1
		}
	}
	if start != offset {
		return nil, connectors.Object{}, errors.Join(&connectors.Error{
			Kind: connectors.Permanent, Op: op, Path: path, Err: errors.New("the store did not answer with the range that was asked for"),
		}, out.Body.Close())
	}
	o := c.object(path, facts{
		etag: out.ETag, version: out.VersionId, size: size, modified: out.LastModified,
		encryption: out.ServerSideEncryption, customerKey: out.SSECustomerAlgorithm,
		metadata: out.Metadata, checksumType: out.ChecksumType,
		sha256: out.ChecksumSHA256, crc32c: out.ChecksumCRC32C,
	})
	return &download{body: out.Body, left: size - offset, fail: func(err error) *connectors.Error { return c.fail("read", path, err) }}, o, nil
}

// parseContentRange reads "bytes 10-99/100".
func parseContentRange(s string) (start, total int64, ok bool) {
	span, all, ok1 := strings.Cut(strings.TrimPrefix(s, "bytes "), "/")
	first, _, ok2 := strings.Cut(span, "-")
	start, err1 := strconv.ParseInt(first, 10, 64)
	total, err2 := strconv.ParseInt(all, 10, 64)
	return start, total, ok1 && ok2 && err1 == nil && err2 == nil && start >= 0 && total > start
}

// download reads an object's content and gives its failures their meaning. It
// ends well only after the whole length.
type download struct {
	body io.ReadCloser
	left int64
	fail func(error) *connectors.Error
}

func (d *download) Read(p []byte) (int, error) {
	n, err := d.body.Read(p)
	d.left -= int64(n)
	switch {
	case err == nil:
		return n, nil
	case err == io.EOF && d.left == 0:
		return n, io.EOF
	case err == io.EOF:
		err = io.ErrUnexpectedEOF
	}
	failed := d.fail(err)
	if d.left == 0 && failed.Kind == connectors.Permanent {
		// Everything arrived, so this is the SDK's verdict on the checksum. Its error
		// type is not exported.
		failed.Kind = connectors.Corrupt
	}
	return n, failed
}

func (d *download) Close() error { return d.body.Close() }

// changed is the failure of a precondition on what is at path.
func changed(op, path string) *connectors.Error {
	return &connectors.Error{Kind: connectors.Conflict, Op: op, Path: path,
		Err: errors.New("the store holds another revision than expected")}
}

// occupied is the failure of a write that needed a free path.
func occupied(op, path string) *connectors.Error {
	return &connectors.Error{Kind: connectors.Exists, Op: op, Path: path,
		Err: errors.New("something is there already")}
}
