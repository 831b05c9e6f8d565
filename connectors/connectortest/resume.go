package connectortest

import (
	"bytes"
	"errors"
	"testing"

	"github.com/wedsync/wedsync/connectors"
)

func (s suite) testResume(t *testing.T) {
	s.run(t, "AfterRestart", testResumeAfterRestart)
	s.run(t, "AfterBrokenWrite", testResumeAfterBrokenWrite)
	s.run(t, "OlderCheckpoint", testResumeOlderCheckpoint)
	s.run(t, "BeforeCommit", testResumeBeforeCommit)
	s.run(t, "HashesStillChecked", testResumeHashes)
	s.run(t, "BadCheckpoint", testBadCheckpoint)
}

// large returns an upload of several parts, or nil content if the vendor has
// none (then there is nothing to resume).
func (t *test) large(path string) (connectors.Upload, []byte) {
	body := content(9, t.LargeSize)
	return connectors.Upload{Path: path, Size: t.LargeSize, ModTime: shot()}, body
}

// resume opens the store anew and resumes there, as the hub does after a crash:
// the first session is simply forgotten.
func (t *test) resume(up connectors.Upload, checkpoint []byte) (connectors.Session, error) {
	t.Helper()
	t.conn = t.Reopen(t.T, t.conn)
	return t.sink().Resume(t.ctx, up, checkpoint)
}

func testResumeAfterRestart(t *test) {
	up, body := t.large("a/b.CR3")
	s := t.begin(up)
	if t.LargeSize == 0 {
		if s.Checkpoint() != nil {
			t.Error("the harness says there are no parts, yet the session gives a checkpoint")
		}
		return
	}
	if s.PartSize()*2 >= t.LargeSize {
		t.Fatalf("LargeSize %d is no three parts of %d", t.LargeSize, s.PartSize())
	}
	// Every part is written by another life of the hub.
	for s.Offset() < up.Size {
		at := s.Offset()
		if err := writePart(t, s, body); err != nil {
			t.Fatal(err)
		}
		t.wantAbsent(up.Path)
		size := s.PartSize()
		again, err := t.resume(up, s.Checkpoint())
		if err != nil {
			t.Fatalf("resume at %d: %v", s.Offset(), err)
		}
		if again.Offset() != s.Offset() || again.Offset() <= at || again.PartSize() != size {
			t.Fatalf("resumed at %d with parts of %d, want %d and %d", again.Offset(), again.PartSize(), s.Offset(), size)
		}
		s = again
	}
	obj, err := s.Commit(t.ctx)
	if err != nil {
		t.Fatal(err)
	}
	t.wantSame("commit against stat", obj, t.mustStat(up.Path))
	t.wantContent(up.Path, body)
	t.wantList("", up.Path)
}

func testResumeAfterBrokenWrite(t *test) {
	if t.LargeSize == 0 {
		return
	}
	up, body := t.large("a.CR3")
	s := t.begin(up)
	if err := writePart(t, s, body); err != nil {
		t.Fatal(err)
	}
	at, n := s.Offset(), s.PartSize()
	broken := errors.New("power cut")
	if err := s.Write(t.ctx, errReader{bytes.NewReader(content(666, n/2)), broken}, n); err == nil {
		t.Fatal("a broken write succeeds")
	}
	s, err := t.resume(up, s.Checkpoint())
	if err != nil {
		t.Fatal(err)
	}
	if s.Offset() != at {
		t.Fatalf("resumed at %d, want %d", s.Offset(), at)
	}
	if _, err := finish(t, s, body); err != nil {
		t.Fatal(err)
	}
	t.wantContent(up.Path, body)
}

// testResumeOlderCheckpoint: the hub died after a Write and before it could save
// the new checkpoint.
func testResumeOlderCheckpoint(t *test) {
	if t.LargeSize == 0 {
		return
	}
	up, body := t.large("a.CR3")
	s := t.begin(up)
	if err := writePart(t, s, body); err != nil {
		t.Fatal(err)
	}
	older, at := s.Checkpoint(), s.Offset()
	if err := writePart(t, s, body); err != nil {
		t.Fatal(err)
	}
	s, err := t.resume(up, older)
	if err != nil {
		t.Fatal(err)
	}
	if s.Offset() != at && s.Offset() != at+s.PartSize() {
		t.Fatalf("resumed at %d, want %d or one part more", s.Offset(), at)
	}
	if _, err := finish(t, s, body); err != nil {
		t.Fatal(err)
	}
	t.wantContent(up.Path, body)
}

// testResumeBeforeCommit: everything was sent, the commit was not, and Expect
// still holds for the resumed session.
func testResumeBeforeCommit(t *test) {
	if t.LargeSize == 0 {
		return
	}
	up, body := t.large("a.CR3")
	up.Expect.Absent = true
	s := t.begin(up)
	for s.Offset() < up.Size {
		if err := writePart(t, s, body); err != nil {
			t.Fatal(err)
		}
	}
	checkpoint := s.Checkpoint()
	other := t.mustPut(up.Path, content(2, 100))
	s, err := t.resume(up, checkpoint)
	if err == nil {
		_, err = s.Commit(t.ctx)
	}
	t.wantKind("a resumed commit where something came in between", err, connectors.Exists)
	t.wantSame("after a refused commit", t.mustStat(up.Path), other)
}

func testResumeHashes(t *test) {
	if t.LargeSize == 0 {
		return
	}
	for _, a := range t.Verifies {
		up, body := t.large("a.CR3")
		sum, err := a.New()
		if err != nil {
			t.Fatal(err)
		}
		h, err := connectors.NewHasher(a)
		if err != nil {
			t.Fatal(err)
		}
		// Hasher.Write never fails; a digest of nothing is a lie about body.
		_, _ = h.Write(make([]byte, sum.Size()))
		up.Hashes = h.Sums()
		s := t.begin(up)
		if err := writePart(t, s, body); err != nil {
			t.wantKind("a part of a lying upload", err, connectors.Corrupt)
			continue
		}
		s, err = t.resume(up, s.Checkpoint())
		if err == nil {
			_, err = finish(t, s, body)
		}
		t.wantKind("a resumed upload with a lying "+string(a), err, connectors.Corrupt)
		t.wantAbsent(up.Path)
	}
}

func testBadCheckpoint(t *test) {
	up := connectors.Upload{Path: "a.jpg", Size: 1000, ModTime: shot()}
	for _, c := range []string{"", "nonsense", "{}", "null", "[]", `{"v":999}`, "\x00\xff", `{"temp":"../../etc/passwd","offset":1}`} {
		s, err := t.sink().Resume(t.ctx, up, []byte(c))
		if err == nil {
			_ = s.Abort(t.ctx)
		}
		t.wantKind("resume from "+c, err, connectors.SessionExpired)
	}
	if t.LargeSize == 0 {
		return
	}
	// A checkpoint belongs to one upload: another file must not continue it.
	big, body := t.large("b.CR3")
	s := t.begin(big)
	if err := writePart(t, s, body); err != nil {
		t.Fatal(err)
	}
	big.Size++
	_, err := t.sink().Resume(t.ctx, big, s.Checkpoint())
	t.wantKind("resume with another size", err, connectors.SessionExpired)
	big.Size--
	big.Path = "c.CR3"
	_, err = t.sink().Resume(t.ctx, big, s.Checkpoint())
	t.wantKind("resume at another path", err, connectors.SessionExpired)
}
