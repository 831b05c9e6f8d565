package s3

import (
	"context"
	"errors"
	"io"

	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/wedsync/wedsync/connectors"
)

// maxVersions bounds the answer for one path; older ones are left out.
const maxVersions = 1000

// Versions implements connectors.Versioner. Each version is asked for one by one,
// since the list tells neither the author's time nor hashes.
func (c *conn) Versions(ctx context.Context, path string) ([]connectors.Object, error) {
	key, err := c.key("versions", path)
	if err != nil {
		return nil, err
	}
	if err := c.versioned(ctx, path); err != nil {
		return nil, err
	}
	ids, err := c.versionIDs(ctx, path, key)
	if err != nil {
		return nil, err
	}
	versions := make([]connectors.Object, 0, len(ids))
	for _, id := range ids {
		out, err := c.api.HeadObject(ctx, &awss3.HeadObjectInput{
			Bucket: &c.bucket, Key: &key, VersionId: &id, ChecksumMode: types.ChecksumModeEnabled,
		})
		if err != nil {
			failed := c.fail("versions", path, err)
			if failed.Kind == connectors.NotFound {
				// It has expired since.
				continue
			}
			return nil, c.explain(ctx, failed)
		}
		f := headFacts(out)
		f.version = &id
		versions = append(versions, c.object(path, f))
	}
	if len(versions) == 0 {
		return nil, &connectors.Error{Kind: connectors.NotFound, Op: "versions", Path: path, Err: errors.New("the store keeps no version of it")}
	}
	return versions, nil
}

// versionIDs lists the versions of exactly this key, newest first.
func (c *conn) versionIDs(ctx context.Context, path, key string) ([]string, error) {
	var ids []string
	in := &awss3.ListObjectVersionsInput{Bucket: &c.bucket, Prefix: &key, EncodingType: types.EncodingTypeUrl}
	for {
		out, err := c.api.ListObjectVersions(ctx, in)
		if err != nil {
			return nil, c.fail("versions", path, err)
		}
		for _, v := range out.Versions {
			// The prefix also matches longer keys.
			if k, why := decodeKey(value(v.Key), out.EncodingType); why == "" && k == key {
				ids = append(ids, value(v.VersionId))
			}
		}
		next, why := decodeKey(value(out.NextKeyMarker), out.EncodingType)
		switch {
		case !value(out.IsTruncated), why != "", next != key:
			// Keys are sorted: what follows is of other paths.
			return ids, nil
		case len(ids) >= maxVersions:
			return ids[:maxVersions], nil
		case value(out.NextVersionIdMarker) == value(in.VersionIdMarker):
			return nil, &connectors.Error{Kind: connectors.Permanent, Op: "versions", Path: path,
				Err: errors.New("the store says that there is more and does not say where")}
		}
		in.KeyMarker, in.VersionIdMarker = &next, out.NextVersionIdMarker
	}
}

// versioned fails unless the bucket keeps versions, or once did.
func (c *conn) versioned(ctx context.Context, path string) error {
	out, err := c.api.GetBucketVersioning(ctx, &awss3.GetBucketVersioningInput{Bucket: &c.bucket})
	if err != nil {
		failed := c.fail("versions", path, err)
		if codeOf(failed) != "VersioningNotConfigured" {
			return failed
		}
	} else if out.Status != "" {
		return nil
	}
	return &connectors.Error{Kind: connectors.Unsupported, Op: "versions", Path: path,
		Err: errors.New("versioning is off for this bucket; switch it on in the bucket's properties " +
			"(PutBucketVersioning, status Enabled) to keep what is overwritten or deleted from then on")}
}

// OpenVersion implements connectors.Versioner.
func (c *conn) OpenVersion(ctx context.Context, path, version string) (io.ReadCloser, connectors.Object, error) {
	key, err := c.key("openversion", path)
	if err != nil {
		return nil, connectors.Object{}, err
	}
	if version == "" {
		return nil, connectors.Object{}, &connectors.Error{Kind: connectors.NotFound, Op: "openversion", Path: path, Err: errors.New("no version was named")}
	}
	out, err := c.api.GetObject(ctx, &awss3.GetObjectInput{
		Bucket: &c.bucket, Key: &key, VersionId: &version, ChecksumMode: types.ChecksumModeEnabled,
	})
	if err != nil {
		failed := c.fail("openversion", path, err)
		if code := codeOf(failed); code == "MethodNotAllowed" || code == "InvalidArgument" || code == "InvalidVersionId" {
			// A mark that the file was deleted, or an id that was never one.
			failed.Kind = connectors.NotFound
		}
		return nil, connectors.Object{}, failed
	}
	return c.opened("openversion", path, 0, out)
}
