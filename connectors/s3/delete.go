package s3

import (
	"context"

	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/wedsync/wedsync/connectors"
)

// Delete implements connectors.Deleter. S3 does not tell whether there was
// anything to delete, so it looks first; a store that checks conditions on
// deletes closes the gap in between.
func (c *conn) Delete(ctx context.Context, path string, expect connectors.Expect) error {
	f, err := c.head(ctx, "delete", path)
	if err != nil {
		return err
	}
	if !meets(f, expect) {
		return changed("delete", path)
	}
	in := &awss3.DeleteObjectInput{Bucket: &c.bucket, Key: ptr(c.root + path)}
	if expect.Revision != "" {
		in.IfMatch = quoted(expect.Revision)
	}
	return c.remove(ctx, "delete", path, in)
}

// meets reports whether what is there is what was expected.
func meets(f facts, expect connectors.Expect) bool {
	return !expect.Absent && (expect.Revision == "" || revision(f.etag) == expect.Revision)
}

// remove deletes, without the condition where the store does not know it.
func (c *conn) remove(ctx context.Context, op, path string, in *awss3.DeleteObjectInput) error {
	_, err := c.api.DeleteObject(ctx, in)
	if err == nil {
		return nil
	}
	failed := c.fail(op, path, err)
	if failed.Kind != connectors.Unsupported || in.IfMatch == nil {
		return failed
	}
	plain := *in
	plain.IfMatch = nil
	if _, err := c.api.DeleteObject(ctx, &plain); err != nil {
		return c.fail(op, path, err)
	}
	return nil
}
