package s3_test

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"testing"
	"time"

	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/wedsync/wedsync/connectors"
	"github.com/wedsync/wedsync/connectors/s3"
	"github.com/wedsync/wedsync/connectors/s3/s3test"
)

const bucket = "album"

// sandbox returns a server with one bucket and how to reach that.
func sandbox(t *testing.T, o s3test.Options) (*s3test.Server, store) {
	t.Helper()
	o.AccessKey, o.SecretKey = accessKey, secretKey
	server, endpoint := s3test.Start(t, o)
	if err := server.CreateBucket(bucket, false); err != nil {
		t.Fatal(err)
	}
	return server, store{vendor: s3.WithLimits(6*mib, 0), endpoint: endpoint, bucket: bucket}
}

// versionedSandbox is a sandbox whose bucket keeps versions.
func versionedSandbox(t *testing.T) (*s3test.Server, store) {
	t.Helper()
	server, s := sandbox(t, s3test.Options{})
	s.bucket = "versioned"
	if err := server.CreateBucket(s.bucket, true); err != nil {
		t.Fatal(err)
	}
	return server, s
}

// content returns n bytes that no other seed gives.
func content(seed byte, n int) []byte {
	b := make([]byte, n)
	// ChaCha8.Read never fails.
	_, _ = rand.NewChaCha8([32]byte{seed}).Read(b)
	return b
}

// upload writes a file and gives up cleanly on the first error.
func upload(t *testing.T, sink connectors.Sink, up connectors.Upload, body []byte) (connectors.Object, error) {
	t.Helper()
	up.Size = int64(len(body))
	session, err := sink.Begin(t.Context(), up)
	if err != nil {
		return connectors.Object{}, err
	}
	o, err := finish(t, session, body)
	if err != nil {
		return connectors.Object{}, errors.Join(err, session.Abort(t.Context()))
	}
	return o, nil
}

// finish sends what the session lacks and commits it.
func finish(t *testing.T, s connectors.Session, body []byte) (connectors.Object, error) {
	t.Helper()
	for s.Offset() < int64(len(body)) {
		if err := writeNext(t, s, body); err != nil {
			return connectors.Object{}, err
		}
	}
	return s.Commit(t.Context())
}

func writeNext(t *testing.T, s connectors.Session, body []byte) error {
	t.Helper()
	rest := body[s.Offset():]
	n := min(s.PartSize(), int64(len(rest)))
	// A plain reader: nothing may depend on seeking.
	return s.Write(t.Context(), struct{ io.Reader }{bytes.NewReader(rest[:n])}, n)
}

func mustUpload(t *testing.T, sink connectors.Sink, path string, body []byte) connectors.Object {
	t.Helper()
	o, err := upload(t, sink, connectors.Upload{Path: path, ModTime: shot()}, body)
	if err != nil {
		t.Fatalf("upload %q: %v", path, err)
	}
	return o
}

func shot() time.Time { return time.Date(2024, 6, 15, 14, 30, 12, 345678900, time.UTC) }

func wantKind(t *testing.T, what string, err error, kind connectors.Kind) *connectors.Error {
	t.Helper()
	var e *connectors.Error
	if !errors.As(err, &e) || e.Kind != kind {
		t.Fatalf("%s: %v (%s), want %s", what, err, connectors.KindOf(err), kind)
	}
	return e
}

func wantContent(t *testing.T, source connectors.Source, path string, body []byte) {
	t.Helper()
	r, o, err := source.Open(t.Context(), path, 0, "")
	if err != nil {
		t.Fatalf("open %q: %v", path, err)
	}
	got, err := io.ReadAll(r)
	if err := errors.Join(err, r.Close()); err != nil {
		t.Fatalf("read %q: %v", path, err)
	}
	if !bytes.Equal(got, body) || o.Size != int64(len(body)) {
		t.Fatalf("%q holds %d other bytes (size %d), want %d", path, len(got), o.Size, len(body))
	}
}

func wantAbsent(t *testing.T, source connectors.Source, path string) {
	t.Helper()
	_, err := source.Stat(t.Context(), path)
	wantKind(t, "stat of "+path, err, connectors.NotFound)
}

// putRaw writes an object without the connector.
func putRaw(t *testing.T, s store, key string, body []byte) {
	t.Helper()
	_, err := sdk(s).PutObject(t.Context(), &awss3.PutObjectInput{Bucket: &s.bucket, Key: &key, Body: bytes.NewReader(body)})
	if err != nil {
		t.Fatalf("put %q: %v", key, err)
	}
}

func keysOf(page connectors.Page) (paths []string) {
	for _, o := range page.Objects {
		paths = append(paths, o.Path)
	}
	return paths
}
