package connectortest

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"testing"

	"github.com/wedsync/wedsync/connectors"
)

func (s suite) testSource(t *testing.T) {
	s.run(t, "EmptyStore", func(t *test) {
		t.wantList("")
		t.wantList("no/such/folder")
		t.wantAbsent("nothing.jpg")
		_, _, err := t.source().Open(t.ctx, "nothing.jpg", 0, "")
		t.wantKind("open of nothing", err, connectors.NotFound)
	})
	s.run(t, "NestedAndPrefix", testNestedAndPrefix)
	s.run(t, "Pages", testPages)
	s.run(t, "BadListCursor", func(t *test) {
		t.mustPut("a.jpg", content(1, 10))
		// A listing from a cursor that nobody gave out may fail or start anywhere,
		// but must not panic or hang.
		_, err := t.source().List(t.ctx, "", "\x00 no cursor of yours \xff")
		if err != nil {
			t.wantKind("list with a bad cursor", err, connectors.Invalid, connectors.CursorReset, connectors.Permanent)
		}
	})
	s.run(t, "HubFolder", func(t *test) {
		t.mustPut("a.jpg", content(1, 10))
		kept := connectors.HubFolder + "/conflicts/a.jpg"
		t.mustPut(kept, content(2, 10))
		t.wantContent(kept, content(2, 10))
		t.wantList("", "a.jpg")
		t.wantList(connectors.HubFolder+"/conflicts", kept)
	})
	s.run(t, "ZeroBytes", func(t *test) {
		t.mustPut("empty.xmp", nil)
		t.wantContent("empty.xmp", nil)
		t.wantList("", "empty.xmp")
	})
	s.run(t, "Offsets", testOffsets)
	s.run(t, "Revisions", testReadRevisions)
	s.run(t, "ChangeWhileReading", testChangeWhileReading)
	s.run(t, "FolderIsNoFile", func(t *test) {
		t.mustPut("album/one.jpg", content(1, 10))
		t.wantAbsent("album")
		_, _, err := t.source().Open(t.ctx, "album", 0, "")
		t.wantKind("open of a folder", err, connectors.NotFound)
		t.wantAbsent("album/one.jpg/two.jpg")
	})
	s.run(t, "CancelledContext", func(t *test) {
		t.mustPut("a.jpg", content(1, 10))
		ctx, cancel := contextCancelled(t)
		defer cancel()
		if _, err := t.source().List(ctx, "", ""); err == nil {
			t.Error("List works with a cancelled context")
		}
	})
}

func testNestedAndPrefix(t *test) {
	paths := []string{"a.jpg", "a/b.jpg", "a/b/c.jpg", "a/b-c.jpg", "ab/c.jpg", "a b/d.jpg", "z/y/x/w/v.jpg"}
	for i, p := range paths {
		t.mustPut(p, content(uint64(i), 100+int64(i)))
	}
	t.wantList("", paths...)
	t.wantList("a", "a/b.jpg", "a/b/c.jpg", "a/b-c.jpg")
	t.wantList("a/b", "a/b/c.jpg")
	t.wantList("z", "z/y/x/w/v.jpg")
	t.wantList("z/y/x/w", "z/y/x/w/v.jpg")
	t.wantList("nope")
	all, _ := t.list("")
	for i, p := range paths {
		t.wantObject("list", all[p], p, content(uint64(i), 100+int64(i)))
		t.wantSame("list against stat of "+p, all[p], t.mustStat(p))
	}
}

// testPages needs enough files for several pages, spread over folders so that
// page borders fall inside and between them.
func testPages(t *test) {
	n := t.Files
	if n == 0 {
		n = 25
	}
	var paths []string
	for i := range n {
		p := fmt.Sprintf("%c/%02d/IMG_%04d.jpg", 'a'+i%3, i%7, i)
		paths = append(paths, p)
		t.mustPut(p, content(uint64(i), 16))
	}
	t.wantList("", paths...)
	if _, pages := t.list(""); t.Files > 0 && pages < 2 {
		t.Errorf("%d files came in %d page", n, pages)
	}
}

func testOffsets(t *test) {
	body := content(7, 100_003)
	t.mustPut("a.jpg", body)
	for _, off := range []int64{0, 1, 65_536, 100_002, 100_003} {
		got, obj, err := read(t, "a.jpg", off, "")
		if err != nil {
			t.Errorf("read from %d: %v", off, err)
		}
		if !bytes.Equal(got, body[off:]) {
			t.Errorf("read from %d gives %d bytes that differ", off, len(got))
		}
		t.wantObject("open at an offset", obj, "a.jpg", body)
	}
	for _, off := range []int64{-1, 100_004} {
		r, _, err := t.source().Open(t.ctx, "a.jpg", off, "")
		if err == nil {
			_ = r.Close()
		}
		t.wantKind(fmt.Sprintf("open at %d", off), err, connectors.Invalid)
	}
}

func testReadRevisions(t *test) {
	old := t.mustPut("a.jpg", content(1, 5000))
	got, obj, err := read(t, "a.jpg", 100, old.Revision)
	if err != nil || len(got) != 4900 || obj.Revision != old.Revision {
		t.Fatalf("read of the revision that is there: %d bytes, %+v, %v", len(got), obj, err)
	}
	now := t.mustPut("a.jpg", content(2, 5000))
	if now.Revision == old.Revision {
		t.Error("other content of the same size has the same revision")
	}
	_, _, err = read(t, "a.jpg", 0, old.Revision)
	t.wantKind("read of a revision that is gone", err, connectors.Conflict)
	_, _, err = read(t, "a.jpg", 0, "no revision of yours")
	t.wantKind("read of a revision that never was", err, connectors.Conflict)
}

// testChangeWhileReading accepts what a store can do about it: go on giving the
// old content, or fail with Conflict. Never a mixture.
func testChangeWhileReading(t *test) {
	old := content(1, 3<<20)
	before := t.mustPut("a.jpg", old)
	r, _, err := t.source().Open(t.ctx, "a.jpg", 0, before.Revision)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	half := make([]byte, 1<<20)
	if _, err := io.ReadFull(r, half); err != nil {
		t.Fatal(err)
	}
	t.mustPut("a.jpg", content(2, 3<<20))
	rest, err := io.ReadAll(r)
	if err != nil {
		t.wantKind("reading on after a change", err, connectors.Conflict)
		return
	}
	if got := append(half, rest...); !bytes.Equal(got, old) {
		t.Error("the reader returned a mixture of two contents")
	}
}

// errReader fails with a cause of the caller's own after some bytes.
type errReader struct {
	r   io.Reader
	err error
}

func (e errReader) Read(p []byte) (int, error) {
	n, err := e.r.Read(p)
	if errors.Is(err, io.EOF) {
		err = e.err
	}
	return n, err
}
