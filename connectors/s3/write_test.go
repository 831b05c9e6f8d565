package s3_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"

	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/wedsync/wedsync/connectors"
	"github.com/wedsync/wedsync/connectors/connectortest"
	"github.com/wedsync/wedsync/connectors/s3"
	"github.com/wedsync/wedsync/connectors/s3/s3test"
)

// TestAmazon runs the suite on the sandbox under Amazon's own address, over TLS:
// there the connector relies on what is documented and tries nothing out.
func TestAmazon(t *testing.T) {
	t.Parallel()
	server, err := s3test.New(s3test.Options{
		AccessKey: accessKey, SecretKey: secretKey, PageSize: 7, Dir: t.TempDir(),
		Region: "eu-west-1", Domain: "s3.eu-west-1.amazonaws.com", OpaqueETags: true,
	})
	if err != nil {
		t.Fatal(err)
	}
	listener := httptest.NewUnstartedServer(server)
	// Connections that are dialed and not needed break off in the handshake.
	listener.Config.ErrorLog = log.New(io.Discard, "", 0)
	listener.StartTLS()
	t.Cleanup(listener.Close)
	pool := listener.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs
	var dialer net.Dialer
	client := &http.Client{Transport: &http.Transport{
		DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
			return dialer.DialContext(ctx, network, listener.Listener.Addr().String())
		},
		TLSClientConfig: &tls.Config{RootCAs: pool, ServerName: "example.com"},
	}}
	t.Cleanup(client.CloseIdleConnections)
	var serial atomic.Int64
	connectortest.Run(t, harness(s3.WithLimits(6*mib, 0), 25, func(t *testing.T) store {
		name := fmt.Sprintf("amazon-%d", serial.Add(1))
		if err := server.CreateBucket(name, true); err != nil {
			t.Fatal(err)
		}
		return store{bucket: name, client: client, settings: map[string]string{"region": "eu-west-1"}}
	}))
	t.Cleanup(func() {
		if server.Stats("UploadPart").Requests == 0 || server.Stats("CompleteMultipartUpload").Requests == 0 {
			t.Error("nothing was sent in parts")
		}
	})
}

// TestStoresWithoutConditions: what is there is not overwritten even by stores
// that would let it happen.
func TestStoresWithoutConditions(t *testing.T) {
	t.Parallel()
	for name, o := range map[string]s3test.Options{
		"Ignore": {IgnoreConditions: true, NoTrailers: true},
		"Reject": {RejectConditions: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, s := sandbox(t, o)
			conn := s.open(t)
			absent := connectors.Expect{Absent: true}
			for _, size := range []int{0, 1000, 12 * mib} {
				path := fmt.Sprintf("%d.jpg", size)
				first, err := upload(t, conn, connectors.Upload{Path: path, Expect: absent}, content(1, size))
				if err != nil {
					t.Fatalf("%s: %v", path, err)
				}
				_, err = upload(t, conn, connectors.Upload{Path: path, Expect: absent}, content(2, size))
				wantKind(t, "overwrite of "+path, err, connectors.Exists)
				_, err = upload(t, conn, connectors.Upload{Path: path, Expect: connectors.Expect{Revision: "other"}}, content(2, size))
				wantKind(t, "overwrite of another revision of "+path, err, connectors.Conflict)
				wantContent(t, conn, path, content(1, size))
				if _, err := upload(t, conn, connectors.Upload{Path: path, Expect: connectors.Expect{Revision: first.Revision}}, content(3, size)); err != nil {
					t.Errorf("overwrite of the expected revision of %s: %v", path, err)
				}
			}
			now, err := conn.Stat(t.Context(), "1000.jpg")
			if err != nil {
				t.Fatal(err)
			}
			wantKind(t, "delete", conn.Delete(t.Context(), "1000.jpg", connectors.Expect{Revision: "other"}), connectors.Conflict)
			if _, err := conn.Move(t.Context(), "1000.jpg", "moved.jpg", connectors.Expect{Revision: now.Revision}); err != nil {
				t.Error(err)
			}
			if err := conn.Delete(t.Context(), "moved.jpg", connectors.Expect{Revision: now.Revision}); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestProbeLeavesNothing: what is tried out is cleaned up, versions included, and
// tried out once.
func TestProbeLeavesNothing(t *testing.T) {
	t.Parallel()
	server, s := versionedSandbox(t)
	conn := s.open(t)
	for i := range 5 {
		mustUpload(t, conn, fmt.Sprintf("%d.jpg", i), content(byte(i), 100))
	}
	if n := server.Stats("PutObject").Requests; n != 5+3 {
		t.Errorf("%d PUTs were sent for 5 files", n)
	}
	out, err := sdk(s).ListObjectVersions(t.Context(), &awss3.ListObjectVersionsInput{Bucket: &s.bucket})
	if err != nil || len(out.Versions) != 5 || len(out.DeleteMarkers) != 0 {
		t.Errorf("the bucket holds %d versions and %d marks, %v", len(out.Versions), len(out.DeleteMarkers), err)
	}
}

// TestOneRequestPerFile: a small file costs one request and nothing more.
func TestOneRequestPerFile(t *testing.T) {
	t.Parallel()
	server, s := sandbox(t, s3test.Options{})
	conn := s.open(t)
	mustUpload(t, conn, "first.jpg", content(1, 100))
	before := server.Stats("PutObject").Requests
	heads := server.Stats("HeadObject").Requests
	if _, err := upload(t, conn, connectors.Upload{Path: "a.jpg", ModTime: shot(), Expect: connectors.Expect{Absent: true}}, content(2, 100)); err != nil {
		t.Fatal(err)
	}
	if puts, looks := server.Stats("PutObject").Requests-before, server.Stats("HeadObject").Requests-heads; puts != 1 || looks != 0 {
		t.Errorf("%d PUTs and %d HEADs were sent", puts, looks)
	}
}

// TestCopyInParts: what is too large for one copy keeps its content and its
// description.
func TestCopyInParts(t *testing.T) {
	t.Parallel()
	server, s := sandbox(t, s3test.Options{MaxCopy: 6 * mib})
	s.vendor = s3.WithLimits(6*mib, 5*mib)
	conn := s.open(t)
	body := content(1, 12*mib)
	from := mustUpload(t, conn, "a b+é.CR3", body)
	for _, relocate := range []func(context.Context, string, string, connectors.Expect) (connectors.Object, error){conn.Copy, conn.Move} {
		to := fmt.Sprintf("copy-%d.CR3", server.Stats("UploadPartCopy").Requests)
		o, err := relocate(t.Context(), "a b+é.CR3", to, connectors.Expect{Revision: from.Revision})
		if err != nil {
			t.Fatal(err)
		}
		wantContent(t, conn, to, body)
		if !o.ModTime.Equal(from.ModTime) {
			t.Errorf("ModTime became %v, was %v", o.ModTime, from.ModTime)
		}
	}
	wantAbsent(t, conn, "a b+é.CR3")
	if n := server.Stats("UploadPartCopy").Requests; n != 6 {
		t.Errorf("%d parts were copied, want 6", n)
	}

	server.Inject(s3test.Fault{Op: "UploadPartCopy", Skip: 1, Status: 500, Code: "InternalError"})
	_, err := conn.Copy(t.Context(), "copy-0.CR3", "never.CR3", connectors.Expect{})
	wantKind(t, "a copy that fails", err, connectors.Transient)
	wantAbsent(t, conn, "never.CR3")
	if n := server.Uploads(bucket); n != 0 {
		t.Errorf("%d uploads are left over", n)
	}
}

// TestMoveKeepsForeignTime: the store gives a copy a new date; the file keeps the
// one it had.
func TestMoveKeepsForeignTime(t *testing.T) {
	t.Parallel()
	_, s := sandbox(t, s3test.Options{})
	kind, key := "image/png", "a.png"
	_, err := sdk(s).PutObject(t.Context(), &awss3.PutObjectInput{
		Bucket: &s.bucket, Key: &key, Body: bytes.NewReader([]byte("x")), ContentType: &kind, Metadata: map[string]string{"by": "somebody"},
	})
	if err != nil {
		t.Fatal(err)
	}
	conn := s.open(t)
	before, err := conn.Stat(t.Context(), key)
	if err != nil {
		t.Fatal(err)
	}
	after, err := conn.Move(t.Context(), key, "b.png", connectors.Expect{})
	if err != nil || !after.ModTime.Equal(before.ModTime) {
		t.Errorf("moved to %+v, %v; was %+v", after, err, before)
	}
	key = "b.png"
	out, err := sdk(s).HeadObject(t.Context(), &awss3.HeadObjectInput{Bucket: &s.bucket, Key: &key})
	if err != nil || *out.ContentType != kind || out.Metadata["by"] != "somebody" {
		t.Errorf("metadata %v, type %v, %v", out.Metadata, out.ContentType, err)
	}
}

// TestMoveOfWhatChanges: content that is written between the copy and the delete
// of a move is not lost.
func TestMoveOfWhatChanges(t *testing.T) {
	t.Parallel()
	server, s := sandbox(t, s3test.Options{})
	conn := s.open(t)
	mustUpload(t, conn, "a.jpg", content(1, 100))
	server.Inject(s3test.Fault{Op: "DeleteObject", Status: 412, Code: "PreconditionFailed"})
	_, err := conn.Move(t.Context(), "a.jpg", "b.jpg", connectors.Expect{})
	wantKind(t, "move", err, connectors.Conflict)
	wantContent(t, conn, "a.jpg", content(1, 100))
	wantAbsent(t, conn, "b.jpg")

	// Where the outcome is not known, both stay.
	server.Inject(s3test.Fault{Op: "DeleteObject", Status: 500, Code: "InternalError"})
	_, err = conn.Move(t.Context(), "a.jpg", "b.jpg", connectors.Expect{})
	wantKind(t, "move", err, connectors.Transient)
	wantContent(t, conn, "a.jpg", content(1, 100))
	wantContent(t, conn, "b.jpg", content(1, 100))
}

// TestHugeFiles: the part size grows so that no file has too many parts.
func TestHugeFiles(t *testing.T) {
	t.Parallel()
	_, s := sandbox(t, s3test.Options{})
	conn := s.open(t)
	for _, size := range []int64{65 * mib, 49 << 30, 1 << 40, 5 << 40} {
		session, err := conn.Begin(t.Context(), connectors.Upload{Path: "film.mov", Size: size})
		if err != nil {
			t.Fatal(err)
		}
		n := session.PartSize()
		if parts := (size + n - 1) / n; parts > 10_000 || n < 5*mib || n > 5<<30 {
			t.Errorf("%d bytes would travel in %d parts of %d", size, parts, n)
		}
		if err := session.Abort(t.Context()); err != nil {
			t.Error(err)
		}
	}
}
