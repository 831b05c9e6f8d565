package s3

import (
	"context"
	"strings"

	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/wedsync/wedsync/connectors"
)

// unspeakable are the runes that a listing without URL encoding cannot carry:
// XML has no place for them, or does not keep them as they are.
const unspeakable = "\x01\x02\x03\x04\x05\x06\x07\x08\x0b\x0c\r\x0e\x0f\x10\x11\x12\x13\x14\x15\x16\x17" +
	"\x18\x19\x1a\x1b\x1c\x1d\x1e\x1f\uFFFD\uFFFE\uFFFF"

// survey finds out which names the store can hold. Amazon's rules are known; of
// others, the answer to a listing of one key tells enough.
func (c *conn) survey(ctx context.Context) error {
	c.names = connectors.NameRules{MaxPathBytes: maxKeyBytes - len(c.root)}
	if c.amazon {
		return nil
	}
	out, err := c.api.ListObjectsV2(ctx, &awss3.ListObjectsV2Input{
		Bucket: &c.bucket, Prefix: &c.root, MaxKeys: ptr(int32(1)), EncodingType: types.EncodingTypeUrl,
	})
	if err != nil {
		failed := c.fail("open", "", err)
		if failed.Kind == connectors.ScopeMissing {
			// A credential that may only write is of use too.
			return nil
		}
		return failed
	}
	if out.EncodingType != types.EncodingTypeUrl {
		c.names.Forbidden = unspeakable
	}
	if response, ok := awsmiddleware.GetRawResponse(out.ResultMetadata).(*smithyhttp.Response); ok {
		switch strings.ToLower(response.Header.Get("Server")) {
		case "versitygw", "minio":
			// They keep objects as files.
			c.names.MaxNameBytes = 255
		}
	}
	return nil
}
