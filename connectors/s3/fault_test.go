package s3_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"testing"
	"time"

	"github.com/wedsync/wedsync/connectors"
	"github.com/wedsync/wedsync/connectors/s3/s3test"
)

// TestLyingETag: a store whose answer does not fit what was sent is not believed,
// and nothing stays visible.
func TestLyingETag(t *testing.T) {
	t.Parallel()
	server, s := sandbox(t, s3test.Options{})
	conn := s.open(t)
	mustUpload(t, conn, "first.jpg", content(1, 10)) // the connection is warm

	server.Inject(s3test.Fault{Op: "PutObject", LieAboutETag: true})
	_, err := upload(t, conn, connectors.Upload{Path: "a.jpg"}, content(2, 1000))
	wantKind(t, "a lying ETag", err, connectors.Corrupt)
	wantAbsent(t, conn, "a.jpg")
	mustUpload(t, conn, "a.jpg", content(2, 1000))
	wantContent(t, conn, "a.jpg", content(2, 1000))
}

// TestCorruptInTransit: a store that takes in other bytes than were sent.
func TestCorruptInTransit(t *testing.T) {
	t.Parallel()
	for name, o := range map[string]s3test.Options{
		"TheStoreNotices": {},
		"WeNotice":        {NoTrailers: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server, s := sandbox(t, o)
			conn := s.open(t)
			mustUpload(t, conn, "first.jpg", content(1, 10))
			server.Inject(s3test.Fault{Op: "PutObject", CorruptContent: true})
			_, err := upload(t, conn, connectors.Upload{Path: "a.jpg"}, content(2, 1000))
			if !connectors.Is(err, connectors.Corrupt) && name == "WeNotice" {
				t.Errorf("corrupted content: %v, want Corrupt", err)
			}
			if err == nil {
				t.Error("corrupted content passes")
			}
			wantAbsent(t, conn, "a.jpg")

			body := content(3, 12*mib)
			session, err := conn.Begin(t.Context(), connectors.Upload{Path: "b.CR3", Size: int64(len(body))})
			if err != nil {
				t.Fatal(err)
			}
			server.Inject(s3test.Fault{Op: "UploadPart", CorruptContent: true})
			wantKind(t, "a corrupted part", writeNext(t, session, body), connectors.Corrupt)
			if session.Offset() != 0 {
				t.Errorf("a corrupted part counts: offset %d", session.Offset())
			}
			if _, err := finish(t, session, body); err != nil {
				t.Fatal(err)
			}
			wantContent(t, conn, "b.CR3", body)
		})
	}
}

// TestCorruptReplacement: where there are versions, taking a bad one back brings
// the good one before it to light again.
func TestCorruptReplacement(t *testing.T) {
	t.Parallel()
	server, s := versionedSandbox(t)
	conn := s.open(t)
	good := mustUpload(t, conn, "a.jpg", content(1, 1000))
	server.Inject(s3test.Fault{Op: "PutObject", LieAboutETag: true})
	_, err := upload(t, conn, connectors.Upload{Path: "a.jpg", Expect: connectors.Expect{Revision: good.Revision}}, content(2, 1000))
	wantKind(t, "a corrupt replacement", err, connectors.Corrupt)
	wantContent(t, conn, "a.jpg", content(1, 1000))
	if now, err := conn.Stat(t.Context(), "a.jpg"); err != nil || now.Version != good.Version {
		t.Errorf("the path holds %+v, %v; want version %s", now, err, good.Version)
	}
}

// TestCorruptAtRest: content that rotted in the store is not passed on as good.
func TestCorruptAtRest(t *testing.T) {
	t.Parallel()
	server, s := sandbox(t, s3test.Options{})
	conn := s.open(t)
	mustUpload(t, conn, "a.jpg", content(1, 100_000))
	if err := server.CorruptStored(bucket, "a.jpg"); err != nil {
		t.Fatal(err)
	}
	r, _, err := conn.Open(t.Context(), "a.jpg", 0, "")
	if err != nil {
		t.Fatal(err)
	}
	_, err = io.Copy(io.Discard, r)
	wantKind(t, "rotten content", err, connectors.Corrupt)
	if err := r.Close(); err != nil {
		t.Error(err)
	}
}

// TestLostAnswer: a write that was done although its answer was lost is not taken
// for somebody else's when it is tried again.
func TestLostAnswer(t *testing.T) {
	t.Parallel()
	for name, o := range map[string]s3test.Options{"MD5": {}, "KMS": {OpaqueETags: true}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server, s := sandbox(t, o)
			conn := s.open(t)
			mustUpload(t, conn, "first.jpg", content(1, 10))

			body := content(2, 1000)
			up := connectors.Upload{Path: "a.jpg", Size: 1000, ModTime: shot(), Expect: connectors.Expect{Absent: true}}
			session, err := conn.Begin(t.Context(), up)
			if err != nil {
				t.Fatal(err)
			}
			server.Inject(s3test.Fault{Op: "PutObject", LoseAnswer: true})
			wantKind(t, "a lost answer", writeNext(t, session, body), connectors.Transient)
			o, err := finish(t, session, body)
			if err != nil {
				t.Fatalf("the same write again: %v", err)
			}
			if now, err := conn.Stat(t.Context(), "a.jpg"); err != nil || now.Revision != o.Revision {
				t.Errorf("committed %+v, found %+v, %v", o, now, err)
			}
			// Content of others is not: the same again by another session.
			_, err = upload(t, conn, up, body)
			wantKind(t, "another session", err, connectors.Exists)
		})
	}
}

// TestLostAnswerAbort: giving up after a lost answer leaves nothing behind.
func TestLostAnswerAbort(t *testing.T) {
	t.Parallel()
	server, s := sandbox(t, s3test.Options{})
	conn := s.open(t)
	mustUpload(t, conn, "first.jpg", content(1, 10))
	server.Inject(s3test.Fault{Op: "PutObject", LoseAnswer: true})
	_, err := upload(t, conn, connectors.Upload{Path: "a.jpg"}, content(2, 1000))
	wantKind(t, "a lost answer", err, connectors.Transient)
	wantAbsent(t, conn, "a.jpg")
}

// TestBrokenConnections: neither half a file here nor half a file there.
func TestBrokenConnections(t *testing.T) {
	t.Parallel()
	server, s := sandbox(t, s3test.Options{})
	conn := s.open(t)
	body := content(1, 1_000_000)
	mustUpload(t, conn, "a.jpg", body)

	server.Inject(s3test.Fault{Op: "GetObject", CutAnswerAfter: 300_000})
	r, _, err := conn.Open(t.Context(), "a.jpg", 0, "")
	if err != nil {
		t.Fatal(err)
	}
	got, err := io.ReadAll(r)
	wantKind(t, "a broken download", err, connectors.Transient)
	if err := r.Close(); err != nil {
		t.Error(err)
	}
	if !bytes.HasPrefix(body, got) {
		t.Error("what arrived before the break differs")
	}

	server.Inject(s3test.Fault{Op: "PutObject", CutRequestAfter: 300_000})
	_, err = upload(t, conn, connectors.Upload{Path: "b.jpg"}, body)
	wantKind(t, "a broken upload", err, connectors.Transient)
	wantAbsent(t, conn, "b.jpg")
}

// TestSlowStore: a caller that gives up is not held.
func TestSlowStore(t *testing.T) {
	t.Parallel()
	server, s := sandbox(t, s3test.Options{})
	conn := s.open(t)
	server.Inject(s3test.Fault{Op: "HeadObject", Delay: time.Hour})
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	_, err := conn.Stat(ctx, "a.jpg")
	wantKind(t, "stat of a store that does not answer", err, connectors.Transient)
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("the cause is lost: %v", err)
	}
}

// TestLongBody: a file that grew since it was measured does not become visible.
func TestLongBody(t *testing.T) {
	t.Parallel()
	_, s := sandbox(t, s3test.Options{})
	conn := s.open(t)
	for _, size := range []int{1000, 7 * mib} {
		session, err := conn.Begin(t.Context(), connectors.Upload{Path: "a.jpg", Size: int64(size)})
		if err != nil {
			t.Fatal(err)
		}
		whole := bytes.NewReader(content(1, size+1))
		for err == nil && session.Offset() < int64(size) {
			err = session.Write(t.Context(), whole, min(session.PartSize(), int64(size)-session.Offset()))
		}
		wantKind(t, "a body that goes on", err, connectors.Corrupt)
		wantAbsent(t, conn, "a.jpg")
		if err := session.Abort(t.Context()); err != nil {
			t.Error(err)
		}
	}
}
