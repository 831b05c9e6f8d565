package s3

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"unicode/utf8"

	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/wedsync/wedsync/connectors"
)

// List implements connectors.Source. The hub's own folder is listed only when
// the prefix leads into it.
func (c *conn) List(ctx context.Context, prefix, cursor string) (connectors.Page, error) {
	below := c.root
	if prefix != "" {
		key, err := c.key("list", prefix)
		if err != nil {
			return connectors.Page{}, err
		}
		below = key + "/"
	}
	in := &awss3.ListObjectsV2Input{Bucket: &c.bucket, Prefix: &below, EncodingType: types.EncodingTypeUrl}
	if cursor != "" {
		in.ContinuationToken = &cursor
	}
	out, err := c.api.ListObjectsV2(ctx, in)
	if err != nil {
		return connectors.Page{}, c.fail("list", prefix, err)
	}
	var page connectors.Page
	for _, entry := range out.Contents {
		c.listed(&page, entry, out.EncodingType, connectors.InHubFolder(prefix))
	}
	if value(out.IsTruncated) {
		page.Next = value(out.NextContinuationToken)
		if page.Next == "" || page.Next == cursor {
			return connectors.Page{}, &connectors.Error{Kind: connectors.Permanent, Op: "list", Path: prefix,
				Err: errors.New("the store says that there is more and does not say where")}
		}
	}
	return page, nil
}

// listed adds one entry of a listing to the page.
func (c *conn) listed(page *connectors.Page, entry types.Object, encoding types.EncodingType, hubFolder bool) {
	key, why := decodeKey(value(entry.Key), encoding)
	path, inside := strings.CutPrefix(key, c.root)
	switch {
	case inside && path == "" && value(entry.Size) == 0:
		// The marker of the root folder itself.
		return
	case inside && connectors.InHubFolder(path) && !hubFolder:
		return
	case why != "":
	case !inside:
		why = "the store listed a key that was not asked for"
	case value(entry.Size) < 0:
		why = "the store gave no possible size"
	default:
		why = c.unusable(path)
	}
	if why != "" {
		page.Skipped = append(page.Skipped, connectors.Skipped{Path: strings.ToValidUTF8(path, "\uFFFD"), Reason: why})
		return
	}
	page.Objects = append(page.Objects, connectors.Object{
		Path:     path,
		Size:     value(entry.Size),
		ModTime:  value(entry.LastModified),
		Revision: revision(entry.ETag),
	})
}

// unusable returns why a key below the root is no path of a file, or "".
func (c *conn) unusable(path string) string {
	if strings.HasSuffix(path, "/") {
		return "the key ends in a slash: it marks a folder and is no file"
	}
	return c.names.Check(path)
}

// decodeKey undoes the encoding that the listing was asked to use. Stores that
// do not know it answer with plain keys, in which XML cannot carry everything.
func decodeKey(raw string, encoding types.EncodingType) (key, why string) {
	if encoding == types.EncodingTypeUrl {
		key, err := url.QueryUnescape(raw)
		if err != nil {
			return raw, fmt.Sprintf("the store spelled the key %.60q, which cannot be decoded", raw)
		}
		return key, ""
	}
	if strings.ContainsRune(raw, utf8.RuneError) {
		return raw, "the store could not spell the key"
	}
	return raw, ""
}
