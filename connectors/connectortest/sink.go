package connectortest

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/wedsync/wedsync/connectors"
)

func contextCancelled(t *test) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(t.ctx)
	cancel()
	return ctx, cancel
}

func (s suite) testSink(t *testing.T) {
	s.run(t, "Small", func(t *test) {
		body := content(1, 12_345)
		obj := t.mustPut("Fête/IMG 0001.jpg", body)
		t.wantObject("commit", obj, "Fête/IMG 0001.jpg", body)
		t.wantSame("commit against stat", obj, t.mustStat("Fête/IMG 0001.jpg"))
		t.wantContent("Fête/IMG 0001.jpg", body)
	})
	s.run(t, "Large", func(t *test) {
		body := content(2, max(t.LargeSize, 1<<20))
		obj := t.mustPut("raw/IMG_0002.CR3", body)
		t.wantSame("commit against stat", obj, t.mustStat("raw/IMG_0002.CR3"))
		t.wantContent("raw/IMG_0002.CR3", body)
	})
	s.run(t, "InvisibleBeforeCommit", testInvisible)
	s.run(t, "BadBodies", testBadBodies)
	s.run(t, "ExpectAbsent", testExpectAbsent)
	s.run(t, "ExpectRevision", testExpectRevision)
	s.run(t, "ExpectIsCheckedAtCommit", testExpectAtCommit)
	s.run(t, "Abort", testAbort)
	s.run(t, "Hashes", testUploadHashes)
	s.run(t, "ModTime", testModTime)
	s.run(t, "FileInPlaceOfFolder", testFileInPlaceOfFolder)
	s.run(t, "TooLarge", func(t *test) {
		limit := t.Vendor.Descriptor().Limits.MaxFileSize
		if limit == 0 {
			return
		}
		_, err := t.sink().Begin(t.ctx, connectors.Upload{Path: "a.jpg", Size: limit + 1})
		t.wantKind("begin of a file above the limit", err, connectors.TooLarge)
	})
	s.run(t, "NegativeSize", func(t *test) {
		_, err := t.sink().Begin(t.ctx, connectors.Upload{Path: "a.jpg", Size: -1})
		t.wantKind("begin of a negative size", err, connectors.Invalid)
	})
}

// begin starts an upload and gives it up when the test ends.
func (t *test) begin(up connectors.Upload) connectors.Session {
	t.Helper()
	s, err := t.sink().Begin(t.ctx, up)
	if err != nil {
		t.Fatalf("begin %q: %v", up.Path, err)
	}
	// Most tests have finished the session by then.
	t.Cleanup(func() { _ = s.Abort(context.WithoutCancel(t.ctx)) })
	return s
}

func testInvisible(t *test) {
	body := content(3, max(t.LargeSize, 1<<20))
	s := t.begin(connectors.Upload{Path: "a/b.jpg", Size: int64(len(body)), ModTime: shot()})
	t.wantAbsent("a/b.jpg")
	for s.Offset()+s.PartSize() < int64(len(body)) {
		if err := writePart(t, s, body); err != nil {
			t.Fatal(err)
		}
		t.wantAbsent("a/b.jpg")
		t.wantList("")
	}
	if _, err := finish(t, s, body); err != nil {
		t.Fatal(err)
	}
	t.wantContent("a/b.jpg", body)
	t.wantList("", "a/b.jpg")
}

// testBadBodies: a body that ends early, fails, or is longer than declared never
// becomes visible, and the good part can be sent afterwards.
func testBadBodies(t *test) {
	body := content(4, 50_000)
	s := t.begin(connectors.Upload{Path: "a.jpg", Size: 50_000, ModTime: shot()})
	n := min(s.PartSize(), 50_000)

	err := s.Write(t.ctx, bytes.NewReader(body[:n-1]), n)
	t.wantKind("a body one byte short", err, connectors.Corrupt)
	broken := errors.New("the source broke")
	err = s.Write(t.ctx, errReader{bytes.NewReader(body[:n/2]), broken}, n)
	if !errors.Is(err, broken) {
		t.Errorf("write from a failing reader: %v, want the reader's own error in the chain", err)
	}
	err = s.Write(t.ctx, bytes.NewReader(content(5, 60_000)), 50_001)
	t.wantKind("write of more than the declared size", err, connectors.Invalid)
	err = s.Write(t.ctx, bytes.NewReader(nil), 0)
	t.wantKind("write of nothing", err, connectors.Invalid)
	if _, err := s.Commit(t.ctx); err == nil {
		t.Fatal("an unfinished upload commits")
	}
	t.wantAbsent("a.jpg")
	if s.Offset() != 0 {
		t.Fatalf("failed writes moved Offset to %d", s.Offset())
	}
	if _, err := finish(t, s, body); err != nil {
		t.Fatalf("the good body after bad ones: %v", err)
	}
	t.wantContent("a.jpg", body)
}

func testExpectAbsent(t *test) {
	body := content(1, 1000)
	up := connectors.Upload{Path: "a.jpg", Expect: connectors.Expect{Absent: true}}
	first, err := put(t, up, body)
	if err != nil {
		t.Fatalf("put where nothing is: %v", err)
	}
	_, err = put(t, up, content(2, 1000))
	t.wantKind("put where something is", err, connectors.Exists)
	t.wantSame("after a refused put", t.mustStat("a.jpg"), first)
	t.wantContent("a.jpg", body)
}

func testExpectRevision(t *test) {
	old := t.mustPut("a.jpg", content(1, 1000))
	up := connectors.Upload{Path: "a.jpg", Expect: connectors.Expect{Revision: old.Revision}}
	now, err := put(t, up, content(2, 1000))
	if err != nil {
		t.Fatalf("put over the expected revision: %v", err)
	}
	_, err = put(t, up, content(3, 1000))
	t.wantKind("put over another revision", err, connectors.Conflict)
	t.wantSame("after a refused put", t.mustStat("a.jpg"), now)
	t.wantContent("a.jpg", content(2, 1000))

	up.Path = "never.jpg"
	_, err = put(t, up, content(4, 1000))
	t.wantKind("put over a revision where nothing is", err, connectors.Conflict)
	t.wantAbsent("never.jpg")
}

// testExpectAtCommit: what happens between Begin and Commit counts.
func testExpectAtCommit(t *test) {
	body := content(1, 1000)
	s := t.begin(connectors.Upload{Path: "a.jpg", Size: 1000, ModTime: shot(), Expect: connectors.Expect{Absent: true}})
	other := t.mustPut("a.jpg", content(2, 1000))
	_, err := finish(t, s, body)
	t.wantKind("commit where something came in between", err, connectors.Exists)
	t.wantSame("after a refused commit", t.mustStat("a.jpg"), other)

	s = t.begin(connectors.Upload{Path: "a.jpg", Size: 1000, ModTime: shot(), Expect: connectors.Expect{Revision: other.Revision}})
	third := t.mustPut("a.jpg", content(3, 1000))
	_, err = finish(t, s, body)
	t.wantKind("commit over what changed in between", err, connectors.Conflict)
	t.wantSame("after a refused commit", t.mustStat("a.jpg"), third)
	t.wantContent("a.jpg", content(3, 1000))
}

func testAbort(t *test) {
	body := content(1, max(t.LargeSize, 1<<20))
	s := t.begin(connectors.Upload{Path: "a/b/c.jpg", Size: int64(len(body)), ModTime: shot()})
	if s.PartSize() < int64(len(body)) {
		if err := writePart(t, s, body); err != nil {
			t.Fatal(err)
		}
	}
	checkpoint := s.Checkpoint()
	if err := s.Abort(t.ctx); err != nil {
		t.Fatalf("abort: %v", err)
	}
	t.wantAbsent("a/b/c.jpg")
	t.wantList("")
	if checkpoint != nil {
		_, err := t.sink().Resume(t.ctx, connectors.Upload{Path: "a/b/c.jpg", Size: int64(len(body)), ModTime: shot()}, checkpoint)
		t.wantKind("resume of an aborted upload", err, connectors.SessionExpired)
	}
}

// testUploadHashes: right ones are welcome, lying ones are caught by a store that
// checks, before anything is visible.
func testUploadHashes(t *test) {
	body := content(1, max(t.LargeSize, 1<<20))
	all := []connectors.HashAlgorithm{connectors.SHA256, connectors.SHA1, connectors.MD5, connectors.CRC32C}
	h, err := connectors.NewHasher(all...)
	if err != nil {
		t.Fatal(err)
	}
	// Hasher.Write never fails.
	_, _ = h.Write(body)
	if _, err := put(t, connectors.Upload{Path: "true.jpg", Hashes: h.Sums()}, body); err != nil {
		t.Fatalf("put with true hashes: %v", err)
	}
	t.wantContent("true.jpg", body)

	for _, a := range t.Verifies {
		path := "lie-" + strings.ToLower(string(a)) + ".jpg"
		digest := []byte(h.Sums()[a])
		digest[0] ^= 1 // another hexadecimal digit
		_, err := put(t, connectors.Upload{Path: path, Hashes: connectors.Hashes{a: string(digest)}}, body)
		t.wantKind("put with a lying "+string(a), err, connectors.Corrupt)
		t.wantAbsent(path)
	}
	t.wantList("", "true.jpg")
}

func testModTime(t *test) {
	if t.Harness.ModTime == 0 {
		return
	}
	for name, want := range map[string]time.Time{
		"old.jpg":    shot(),
		"summer.jpg": time.Date(2026, 7, 1, 23, 59, 59, 999_999_999, time.FixedZone("CEST", 7200)),
		"1999.jpg":   time.Date(1999, 12, 31, 0, 0, 0, 0, time.UTC),
	} {
		obj, err := put(t, connectors.Upload{Path: name, ModTime: want}, content(1, 100))
		if err != nil {
			t.Fatal(err)
		}
		for how, got := range map[string]time.Time{"commit": obj.ModTime, "stat": t.mustStat(name).ModTime} {
			if diff := got.Sub(want).Abs(); diff >= t.Harness.ModTime && diff > 0 {
				t.Errorf("%s of %s: ModTime %v, want %v within %v", how, name, got, want, t.Harness.ModTime)
			}
		}
	}
}

// testFileInPlaceOfFolder: a store with real folders cannot hold both; it must
// say so and keep what it has.
func testFileInPlaceOfFolder(t *test) {
	t.mustPut("a/b.jpg", content(1, 100))
	if _, err := put(t, connectors.Upload{Path: "a"}, content(2, 100)); err != nil {
		t.wantKind("a file in place of a folder", err, connectors.Exists)
	}
	if _, err := put(t, connectors.Upload{Path: "a/b.jpg/c.jpg"}, content(3, 100)); err != nil {
		t.wantKind("a file below a file", err, connectors.Exists)
	}
	t.wantContent("a/b.jpg", content(1, 100))
}
