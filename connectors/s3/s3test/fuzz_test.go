package s3test

import (
	"bufio"
	"bytes"
	"io"
	"strings"
	"testing"
)

func FuzzAuthorization(f *testing.F) {
	f.Add("AWS4-HMAC-SHA256 Credential=AK/20260101/us-east-1/s3/aws4_request, SignedHeaders=host;x-amz-date, Signature=" + strings.Repeat("0", 64))
	f.Add("AWS4-HMAC-SHA256 Credential=a/b/20260101/us-east-1/s3/aws4_request,SignedHeaders=host,Signature=")
	f.Add("AWS AK:signature")
	f.Fuzz(func(t *testing.T, header string) {
		a, ok := parseAuthorization(header)
		if ok && (a.accessKey == "" || len(a.signature) != 64 || len(a.signedHeaders) == 0) {
			t.Errorf("%q is accepted as %+v", header, a)
		}
	})
}

func FuzzCopySource(f *testing.F) {
	for _, s := range []string{"bucket/key", "/bucket/a%20b+c?versionId=x", "bucket", "/", "%zz", "bucket/" + strings.Repeat("k", 2000), "b/../c"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, header string) {
		src, ok := parseCopySource(header)
		if !ok {
			return
		}
		if !validBucket(src.bucket) || src.key == "" || len(src.key) > maxKeyBytes {
			t.Fatalf("%q is accepted as %+v", header, src)
		}
		again, ok := parseCopySource("/" + src.bucket + "/" + uriEncode(src.key, true))
		if !ok || again.key != src.key {
			t.Errorf("%q is read as %q and then as %q", header, src.key, again.key)
		}
	})
}

func FuzzRange(f *testing.F) {
	for _, s := range []string{"bytes=0-", "bytes=5-2", "bytes=-5", "bytes=0-9223372036854775807", "bytes=1-2,4-5", "bytes=+1-2", ""} {
		f.Add(s, int64(10))
	}
	f.Fuzz(func(t *testing.T, header string, size int64) {
		if size < 0 {
			return
		}
		offset, n, partial, err := parseRange(header, size)
		if offset < 0 || n < 0 || offset > size || n > size-offset || (!partial && err == nil && n != size) {
			t.Errorf("parseRange(%q, %d) = %d, %d, %t", header, size, offset, n, partial)
		}
		offset, n, ok := parseCopyRange(header, size)
		if ok && (offset < 0 || n < 1 || n > size-offset) {
			t.Errorf("parseCopyRange(%q, %d) = %d, %d", header, size, offset, n)
		}
	})
}

func FuzzChunks(f *testing.F) {
	f.Add([]byte("5\r\nprobe\r\n0\r\nx-amz-checksum-crc32c:AAAAAA==\r\n\r\n"))
	f.Add([]byte("ffffffffffffffff\r\n"))
	f.Add([]byte("-1\r\n"))
	f.Add([]byte("0\r\n\r\n"))
	f.Fuzz(func(t *testing.T, encoded []byte) {
		r := &chunkReader{r: bufio.NewReader(bytes.NewReader(encoded))}
		body, err := io.ReadAll(r)
		if len(body) > len(encoded) {
			t.Errorf("%d bytes came of %d", len(body), len(encoded))
		}
		if err == nil && !r.done {
			t.Error("a body without an end is accepted")
		}
	})
}
