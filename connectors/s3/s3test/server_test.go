package s3test_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/credentials"
	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/smithy-go"
	"pgregory.net/rapid"

	"github.com/wedsync/wedsync/connectors/s3/s3test"
)

const (
	accessKey = "AKIDEXAMPLE"
	secretKey = "wJalrXUtnFEMI+EXAMPLEKEY"
	mib       = 1 << 20
)

var album = aws.String("album")

func options() s3test.Options {
	return s3test.Options{AccessKey: accessKey, SecretKey: secretKey, Buckets: []string{*album}}
}

// start serves a sandbox; the SDK with its own defaults judges it.
func start(t *testing.T, o s3test.Options) (*s3test.Server, *awss3.Client, string) {
	t.Helper()
	server, endpoint := s3test.Start(t, o)
	return server, awss3.New(awss3.Options{
		Region: "us-east-1", BaseEndpoint: &endpoint, UsePathStyle: true, Retryer: aws.NopRetryer{},
		RequestChecksumCalculation: aws.RequestChecksumCalculationWhenSupported,
		Credentials:                credentials.NewStaticCredentialsProvider(accessKey, secretKey, ""),
	}), endpoint
}

func wantCode(t *testing.T, what string, err error, code string) {
	t.Helper()
	var api smithy.APIError
	if !errors.As(err, &api) || api.ErrorCode() != code {
		t.Errorf("%s: %v, want %s", what, err, code)
	}
}

func put(t *testing.T, client *awss3.Client, key, body string) *awss3.PutObjectOutput {
	t.Helper()
	out, err := client.PutObject(t.Context(), &awss3.PutObjectInput{Bucket: album, Key: &key, Body: strings.NewReader(body)})
	if err != nil {
		t.Fatalf("put %q: %v", key, err)
	}
	return out
}

func get(t *testing.T, client *awss3.Client, in *awss3.GetObjectInput) (string, error) {
	t.Helper()
	in.Bucket = album
	out, err := client.GetObject(t.Context(), in)
	if err != nil {
		return "", err
	}
	body, err := io.ReadAll(out.Body)
	return string(body), errors.Join(err, out.Body.Close())
}

// TestSignatures: a request that differs in anything from what was signed is
// refused.
func TestSignatures(t *testing.T) {
	t.Parallel()
	_, _, endpoint := start(t, options())
	for name, c := range map[string]struct {
		change func(*http.Request)
		status int
		code   string
	}{
		"Untouched":      {func(*http.Request) {}, 200, ""},
		"OtherPath":      {func(r *http.Request) { r.URL.Path = "/album/b.jpg" }, 403, "SignatureDoesNotMatch"},
		"OtherQuery":     {func(r *http.Request) { r.URL.RawQuery = "x-id=other" }, 403, "SignatureDoesNotMatch"},
		"OtherMethod":    {func(r *http.Request) { r.Method = http.MethodPost }, 403, "SignatureDoesNotMatch"},
		"OtherBody":      {func(r *http.Request) { r.Body = io.NopCloser(strings.NewReader("CONTENT")) }, 400, "XAmzContentSHA256Mismatch"},
		"OtherHeader":    {func(r *http.Request) { r.Header.Set("X-Amz-Meta-By", "somebody else") }, 403, "SignatureDoesNotMatch"},
		"MoreHeaders":    {func(r *http.Request) { r.Header.Set("X-Amz-Acl", "public-read") }, 403, "AccessDenied"},
		"NoHost":         {func(r *http.Request) { r.Host = "elsewhere" }, 403, "SignatureDoesNotMatch"},
		"NoSignature":    {func(r *http.Request) { r.Header.Del("Authorization") }, 403, "AccessDenied"},
		"NoHash":         {func(r *http.Request) { r.Header.Del("X-Amz-Content-Sha256") }, 400, "InvalidRequest"},
		"NoDate":         {func(r *http.Request) { r.Header.Del("X-Amz-Date") }, 403, "AccessDenied"},
		"OldFormat":      {func(r *http.Request) { r.Header.Set("Authorization", "AWS "+accessKey+":sig") }, 400, "AuthorizationHeaderMalformed"},
		"StrangeToken":   {func(r *http.Request) { r.Header.Set("X-Amz-Security-Token", "t") }, 403, "AccessDenied"},
		"UnknownStreams": {func(r *http.Request) { r.Header.Set("X-Amz-Content-Sha256", "STREAMING-OF-A-KIND") }, 403, "SignatureDoesNotMatch"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			request, err := http.NewRequestWithContext(t.Context(), http.MethodPut, endpoint+"/album/a.jpg?x-id=PutObject", strings.NewReader("content"))
			if err != nil {
				t.Fatal(err)
			}
			// The SHA-256 of "content".
			const digest = "ed7002b439e9ac845f22357d822bac1444730fbdb6016d3ec9432297b9ec9f73"
			request.Header.Set("X-Amz-Content-Sha256", digest)
			request.Header.Set("X-Amz-Meta-By", "somebody   with  spaces")
			who := aws.Credentials{AccessKeyID: accessKey, SecretAccessKey: secretKey}
			if err := v4.NewSigner().SignHTTP(t.Context(), who, request, digest, "s3", "us-east-1", time.Now()); err != nil {
				t.Fatal(err)
			}
			c.change(request)
			response, err := http.DefaultClient.Do(request)
			if err != nil {
				t.Fatal(err)
			}
			body, err := io.ReadAll(response.Body)
			if err := errors.Join(err, response.Body.Close()); err != nil {
				t.Fatal(err)
			}
			if response.StatusCode != c.status || !strings.Contains(string(body), c.code) {
				t.Errorf("got %d %s, want %d %s", response.StatusCode, body, c.status, c.code)
			}
		})
	}
}

// TestListing compares listings with a model of them.
func TestListing(t *testing.T) {
	t.Parallel()
	_, client, _ := start(t, options())
	var serial atomic.Int64
	rapid.Check(t, func(rt *rapid.T) {
		name := fmt.Sprintf("bucket-%d", serial.Add(1))
		if _, err := client.CreateBucket(t.Context(), &awss3.CreateBucketInput{Bucket: &name}); err != nil {
			rt.Fatal(err)
		}
		key := rapid.StringMatching(`[a-c/+ é\x01]{1,5}`)
		keys := rapid.SliceOfNDistinct(key, 0, 12, rapid.ID[string]).Draw(rt, "keys")
		for _, k := range keys {
			if _, err := client.PutObject(t.Context(), &awss3.PutObjectInput{Bucket: &name, Key: &k, Body: strings.NewReader("")}); err != nil {
				rt.Fatal(err)
			}
		}
		prefix := rapid.StringMatching(`[a-c/]{0,2}`).Draw(rt, "prefix")
		delimiter := rapid.SampledFrom([]string{"", "/", "b"}).Draw(rt, "delimiter")
		in := &awss3.ListObjectsV2Input{
			Bucket: &name, Prefix: &prefix, MaxKeys: aws.Int32(int32(rapid.IntRange(1, 5).Draw(rt, "max"))),
		}
		if delimiter != "" {
			in.Delimiter = &delimiter
		}
		var got []string
		for pages := awss3.NewListObjectsV2Paginator(client, in); pages.HasMorePages(); {
			page, err := pages.NextPage(t.Context())
			if err != nil {
				rt.Fatal(err)
			}
			if n := len(page.Contents) + len(page.CommonPrefixes); n > int(*in.MaxKeys) || n != int(*page.KeyCount) {
				rt.Fatalf("a page of %d entries says %d, at most %d were asked for", n, *page.KeyCount, *in.MaxKeys)
			}
			for _, o := range page.Contents {
				got = append(got, *o.Key)
			}
			for _, p := range page.CommonPrefixes {
				got = append(got, *p.Prefix)
			}
		}
		want := modelListing(keys, prefix, delimiter)
		slices.Sort(got)
		// Without encoding-type=url, XML has no place for control characters.
		for i := range want {
			want[i] = strings.ReplaceAll(want[i], "\x01", "\uFFFD")
		}
		slices.Sort(want)
		if !slices.Equal(got, want) {
			rt.Fatalf("got %q, want %q", got, want)
		}
	})
}

func modelListing(keys []string, prefix, delimiter string) []string {
	seen := map[string]bool{}
	for _, k := range keys {
		rest, ok := strings.CutPrefix(k, prefix)
		if !ok {
			continue
		}
		if i := strings.Index(rest, delimiter); delimiter != "" && i >= 0 {
			k = prefix + rest[:i+len(delimiter)]
		}
		seen[k] = true
	}
	var want []string
	for k := range seen {
		want = append(want, k)
	}
	return want
}

// TestMultipartRules: what S3 documents of parts, and the SDK's default
// checksums on them.
func TestMultipartRules(t *testing.T) {
	t.Parallel()
	server, client, _ := start(t, options())
	key := aws.String("a.CR3")
	begun, err := client.CreateMultipartUpload(t.Context(), &awss3.CreateMultipartUploadInput{
		Bucket: album, Key: key, ChecksumAlgorithm: types.ChecksumAlgorithmCrc32,
	})
	if err != nil {
		t.Fatal(err)
	}
	body := bytes.Repeat([]byte("x"), 5*mib)
	parts := map[int32]types.CompletedPart{}
	for number, content := range map[int32][]byte{1: body, 2: []byte("small"), 3: []byte("last")} {
		out, err := client.UploadPart(t.Context(), &awss3.UploadPartInput{
			Bucket: album, Key: key, UploadId: begun.UploadId, PartNumber: &number, Body: bytes.NewReader(content),
		})
		if err != nil {
			t.Fatal(err)
		}
		parts[number] = types.CompletedPart{PartNumber: &number, ETag: out.ETag, ChecksumCRC32: out.ChecksumCRC32}
	}
	complete := func(list ...types.CompletedPart) error {
		_, err := client.CompleteMultipartUpload(t.Context(), &awss3.CompleteMultipartUploadInput{
			Bucket: album, Key: key, UploadId: begun.UploadId, MultipartUpload: &types.CompletedMultipartUpload{Parts: list},
		})
		return err
	}
	wantCode(t, "no parts", complete(), "MalformedXML")
	wantCode(t, "a small part in the middle", complete(parts[1], parts[2], parts[3]), "EntityTooSmall")
	wantCode(t, "the wrong order", complete(parts[3], parts[1]), "InvalidPartOrder")
	wantCode(t, "a part twice", complete(parts[1], parts[1]), "InvalidPartOrder")
	wantCode(t, "an unknown part", complete(parts[1], types.CompletedPart{PartNumber: aws.Int32(9), ETag: parts[1].ETag}), "InvalidPart")
	wantCode(t, "another ETag", complete(types.CompletedPart{PartNumber: aws.Int32(1), ETag: parts[3].ETag}), "InvalidPart")
	_, err = client.UploadPart(t.Context(), &awss3.UploadPartInput{
		Bucket: album, Key: key, UploadId: begun.UploadId, PartNumber: aws.Int32(10_001), Body: bytes.NewReader(nil),
	})
	wantCode(t, "part 10,001", err, "InvalidArgument")
	wantCode(t, "a part without its checksum", complete(parts[1], types.CompletedPart{PartNumber: aws.Int32(3), ETag: parts[3].ETag}), "InvalidRequest")
	if err := complete(parts[1], parts[3]); err != nil {
		t.Fatal(err)
	}
	wantCode(t, "completing again", complete(parts[1], parts[3]), "NoSuchUpload")
	got, err := get(t, client, &awss3.GetObjectInput{Key: key, Range: aws.String("bytes=5242878-")})
	if err != nil || got != "xxlast" {
		t.Errorf("the end reads %q, %v", got, err)
	}
	head, err := client.HeadObject(t.Context(), &awss3.HeadObjectInput{Bucket: album, Key: key, ChecksumMode: types.ChecksumModeEnabled})
	if err != nil || !strings.HasSuffix(*head.ETag, `-2"`) || head.ChecksumType != types.ChecksumTypeComposite {
		t.Errorf("ETag %v, checksum of type %v, %v", head.ETag, head.ChecksumType, err)
	}
	if server.Uploads(*album) != 0 {
		t.Error("the upload is still there")
	}
}

func TestVersions(t *testing.T) {
	t.Parallel()
	_, client, _ := start(t, options())
	status := func(s types.BucketVersioningStatus) {
		t.Helper()
		_, err := client.PutBucketVersioning(t.Context(), &awss3.PutBucketVersioningInput{
			Bucket: album, VersioningConfiguration: &types.VersioningConfiguration{Status: s},
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	put(t, client, "a", "before")
	status(types.BucketVersioningStatusEnabled)
	second := put(t, client, "a", "second")
	removed, err := client.DeleteObject(t.Context(), &awss3.DeleteObjectInput{Bucket: album, Key: aws.String("a")})
	if err != nil || !*removed.DeleteMarker {
		t.Fatalf("delete: %+v, %v", removed, err)
	}
	_, err = get(t, client, &awss3.GetObjectInput{Key: aws.String("a")})
	wantCode(t, "get of what is deleted", err, "NoSuchKey")
	_, err = get(t, client, &awss3.GetObjectInput{Key: aws.String("a"), VersionId: removed.VersionId})
	wantCode(t, "get of a mark", err, "MethodNotAllowed")
	for id, want := range map[string]string{"null": "before", *second.VersionId: "second"} {
		if got, err := get(t, client, &awss3.GetObjectInput{Key: aws.String("a"), VersionId: &id}); err != nil || got != want {
			t.Errorf("version %s reads %q, %v", id, got, err)
		}
	}
	status(types.BucketVersioningStatusSuspended)
	put(t, client, "a", "after")
	out, err := client.ListObjectVersions(t.Context(), &awss3.ListObjectVersionsInput{Bucket: album})
	if err != nil || len(out.Versions) != 2 || *out.Versions[0].VersionId != "null" || !*out.Versions[0].IsLatest || len(out.DeleteMarkers) != 1 {
		t.Fatalf("versions %+v, marks %+v, %v", out.Versions, out.DeleteMarkers, err)
	}
	for _, id := range []string{"null", *removed.VersionId} {
		if _, err := client.DeleteObject(t.Context(), &awss3.DeleteObjectInput{Bucket: album, Key: aws.String("a"), VersionId: &id}); err != nil {
			t.Fatal(err)
		}
	}
	if got, err := get(t, client, &awss3.GetObjectInput{Key: aws.String("a")}); err != nil || got != "second" {
		t.Errorf("after the mark is deleted: %q, %v", got, err)
	}
}

// TestNothingLeaks: contents go away with the last object that has them.
func TestNothingLeaks(t *testing.T) {
	t.Parallel()
	o := options()
	o.Dir, o.Capacity = t.TempDir(), 1000
	_, client, _ := start(t, o)
	for range 50 {
		put(t, client, "a", strings.Repeat("x", 200))
		for _, to := range []string{"b", "c"} {
			_, err := client.CopyObject(t.Context(), &awss3.CopyObjectInput{Bucket: album, Key: &to, CopySource: aws.String("album/a")})
			if err != nil {
				t.Fatal(err)
			}
		}
		begun, err := client.CreateMultipartUpload(t.Context(), &awss3.CreateMultipartUploadInput{Bucket: album, Key: aws.String("d")})
		if err != nil {
			t.Fatal(err)
		}
		part := &awss3.UploadPartInput{Bucket: album, Key: aws.String("d"), UploadId: begun.UploadId, PartNumber: aws.Int32(1)}
		for range 2 {
			part.Body = strings.NewReader(strings.Repeat("y", 100))
			if _, err := client.UploadPart(t.Context(), part); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := client.AbortMultipartUpload(t.Context(), &awss3.AbortMultipartUploadInput{Bucket: album, Key: aws.String("d"), UploadId: begun.UploadId}); err != nil {
			t.Fatal(err)
		}
	}
	_, err := client.PutObject(t.Context(), &awss3.PutObjectInput{Bucket: album, Key: aws.String("e"), Body: strings.NewReader(strings.Repeat("z", 500))})
	wantCode(t, "more than fits", err, "InsufficientStorage")
	removed, err := client.DeleteObjects(t.Context(), &awss3.DeleteObjectsInput{Bucket: album, Delete: &types.Delete{
		Objects: []types.ObjectIdentifier{{Key: aws.String("a")}, {Key: aws.String("b")}, {Key: aws.String("c")}, {Key: aws.String("never")}},
	}})
	if err != nil || len(removed.Deleted) != 4 || len(removed.Errors) != 0 {
		t.Fatalf("delete: %+v, %v", removed, err)
	}
	left, err := os.ReadDir(o.Dir)
	if err != nil || len(left) != 0 {
		t.Errorf("%d files are left over, %v", len(left), err)
	}
}

func TestDiscard(t *testing.T) {
	t.Parallel()
	o := options()
	o.Discard = true
	_, client, _ := start(t, o)
	put(t, client, "a", "content")
	head, err := client.HeadObject(t.Context(), &awss3.HeadObjectInput{Bucket: album, Key: aws.String("a")})
	if err != nil || *head.ContentLength != 7 || *head.ETag != `"9a0364b9e99bb480dd25e1f0284c8555"` {
		t.Errorf("got %+v, %v", head, err)
	}
}

// TestRules pins single answers that S3 documents.
func TestRules(t *testing.T) {
	t.Parallel()
	_, client, _ := start(t, options())
	put(t, client, "a", "content")
	long := strings.Repeat("k", 1025)
	_, err := client.PutObject(t.Context(), &awss3.PutObjectInput{Bucket: album, Key: &long, Body: strings.NewReader("")})
	wantCode(t, "a long key", err, "KeyTooLongError")
	_, err = client.PutObject(t.Context(), &awss3.PutObjectInput{
		Bucket: album, Key: aws.String("b"), Body: strings.NewReader(""), Metadata: map[string]string{"m": strings.Repeat("x", 2049)},
	})
	wantCode(t, "much metadata", err, "MetadataTooLarge")
	_, err = client.PutObject(t.Context(), &awss3.PutObjectInput{
		Bucket: album, Key: aws.String("b"), Body: strings.NewReader("x"), ContentMD5: aws.String("1B2M2Y8AsgTpgAmY7PhCfg=="),
	})
	wantCode(t, "another MD5", err, "BadDigest")
	_, err = client.PutObject(t.Context(), &awss3.PutObjectInput{
		Bucket: album, Key: aws.String("b"), Body: strings.NewReader("x"), ChecksumSHA256: aws.String("47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="),
	})
	wantCode(t, "another SHA-256", err, "XAmzContentChecksumMismatch")
	_, err = client.CopyObject(t.Context(), &awss3.CopyObjectInput{Bucket: album, Key: aws.String("a"), CopySource: aws.String("album/a")})
	wantCode(t, "a copy onto itself", err, "InvalidRequest")
	_, err = client.DeleteBucket(t.Context(), &awss3.DeleteBucketInput{Bucket: album})
	wantCode(t, "deleting a bucket with objects", err, "BucketNotEmpty")
	_, err = client.GetObjectTagging(t.Context(), &awss3.GetObjectTaggingInput{Bucket: album, Key: aws.String("a")})
	wantCode(t, "what there is not here", err, "NotImplemented")
	for asked, want := range map[string]string{
		"bytes=0-2": "con", "bytes=4-": "ent", "bytes=-2": "nt", "bytes=0-99": "content", "bytes=6-6": "t",
		"bytes=5-2": "content", "bytes=0-1,3-4": "content", "lines=1-2": "content",
	} {
		if got, err := get(t, client, &awss3.GetObjectInput{Key: aws.String("a"), Range: &asked}); err != nil || got != want {
			t.Errorf("%s reads %q, %v; want %q", asked, got, err, want)
		}
	}
	_, err = get(t, client, &awss3.GetObjectInput{Key: aws.String("a"), Range: aws.String("bytes=7-")})
	wantCode(t, "a range beyond the end", err, "InvalidRange")
}
