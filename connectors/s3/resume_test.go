package s3_test

import (
	"testing"

	"github.com/wedsync/wedsync/connectors"
	"github.com/wedsync/wedsync/connectors/s3/s3test"
)

const partSize = 5 * mib

// TestOnlyMissingPartsTravel: after a restart in the middle, what arrived is not
// sent again.
func TestOnlyMissingPartsTravel(t *testing.T) {
	t.Parallel()
	server, s := sandbox(t, s3test.Options{})
	body := content(1, 5*partSize+1000)
	up := connectors.Upload{Path: "a.CR3", Size: int64(len(body)), ModTime: shot()}
	session, err := s.open(t).Begin(t.Context(), up)
	if err != nil {
		t.Fatal(err)
	}
	for range 3 {
		if err := writeNext(t, session, body); err != nil {
			t.Fatal(err)
		}
	}
	before := server.Stats("UploadPart")

	conn := s.open(t)
	session, err = conn.Resume(t.Context(), up, session.Checkpoint())
	if err != nil || session.Offset() != 3*partSize {
		t.Fatalf("resumed at %d: %v", session.Offset(), err)
	}
	if _, err := finish(t, session, body); err != nil {
		t.Fatal(err)
	}
	after := server.Stats("UploadPart")
	if n, sent := after.Requests-before.Requests, after.In-before.In; n != 3 || sent != 2*partSize+1000 {
		t.Errorf("%d requests with %d bytes were sent, want 3 with %d", n, sent, 2*partSize+1000)
	}
	wantContent(t, conn, up.Path, body)
	if n := server.Uploads(bucket); n != 0 {
		t.Errorf("%d uploads are left over", n)
	}
}

// TestCrashDuringCommit: the store had done the work, and the hub never heard.
func TestCrashDuringCommit(t *testing.T) {
	t.Parallel()
	for _, restart := range []bool{true, false} {
		server, s := sandbox(t, s3test.Options{})
		body := content(1, 2*partSize)
		up := connectors.Upload{Path: "a.CR3", Size: int64(len(body)), ModTime: shot(), Expect: connectors.Expect{Absent: true}}
		conn := s.open(t)
		session, err := conn.Begin(t.Context(), up)
		if err != nil {
			t.Fatal(err)
		}
		server.Inject(s3test.Fault{Op: "CompleteMultipartUpload", LoseAnswer: true})
		_, err = finish(t, session, body)
		wantKind(t, "a lost answer", err, connectors.Transient)

		if restart {
			if session, err = s.open(t).Resume(t.Context(), up, session.Checkpoint()); err != nil {
				t.Fatal(err)
			}
		}
		o, err := session.Commit(t.Context())
		if err != nil {
			t.Fatalf("commit again (restart %t): %v", restart, err)
		}
		if now, err := conn.Stat(t.Context(), up.Path); err != nil || now.Revision != o.Revision || !now.ModTime.Equal(o.ModTime) {
			t.Errorf("committed %+v, found %+v, %v", o, now, err)
		}
		if sent := server.Stats("UploadPart").In; sent != 2*partSize {
			t.Errorf("%d bytes were sent, want %d", sent, 2*partSize)
		}
	}
}

// TestForgottenUpload: stores drop unfinished uploads after some days.
func TestForgottenUpload(t *testing.T) {
	t.Parallel()
	server, s := sandbox(t, s3test.Options{})
	conn := s.open(t)
	body := content(1, 3*partSize)
	up := connectors.Upload{Path: "a.CR3", Size: int64(len(body))}
	session, err := conn.Begin(t.Context(), up)
	if err != nil {
		t.Fatal(err)
	}
	if err := writeNext(t, session, body); err != nil {
		t.Fatal(err)
	}
	if err := server.ForgetUploads(bucket); err != nil {
		t.Fatal(err)
	}
	_, err = conn.Resume(t.Context(), up, session.Checkpoint())
	wantKind(t, "resume", err, connectors.SessionExpired)
	wantKind(t, "write", writeNext(t, session, body), connectors.SessionExpired)
	if err := session.Abort(t.Context()); err != nil {
		t.Errorf("abort of what the store has forgotten: %v", err)
	}
}

// TestReplacedPart: a part that somebody changed behind our back is not trusted.
func TestReplacedPart(t *testing.T) {
	t.Parallel()
	server, s := sandbox(t, s3test.Options{})
	conn := s.open(t)
	body := content(1, 3*partSize)
	up := connectors.Upload{Path: "a.CR3", Size: int64(len(body))}
	session, err := conn.Begin(t.Context(), up)
	if err != nil {
		t.Fatal(err)
	}
	empty := session.Checkpoint()
	if err := writeNext(t, session, body); err != nil {
		t.Fatal(err)
	}
	point := session.Checkpoint()
	// Another life of the hub began the same upload anew, from other content.
	other, err := conn.Resume(t.Context(), up, empty)
	if err != nil {
		t.Fatal(err)
	}
	if err := writeNext(t, other, content(2, 3*partSize)); err != nil {
		t.Fatal(err)
	}
	session, err = conn.Resume(t.Context(), up, point)
	if err != nil || session.Offset() != 0 {
		t.Fatalf("resumed at %d, %v; want 0", session.Offset(), err)
	}
	if _, err := finish(t, session, body); err != nil {
		t.Fatal(err)
	}
	wantContent(t, conn, up.Path, body)
	if sent := server.Stats("UploadPart").Requests; sent != 5 {
		t.Errorf("%d parts were sent, want 5", sent)
	}
}
