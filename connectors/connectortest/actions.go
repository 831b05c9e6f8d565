package connectortest

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/wedsync/wedsync/connectors"
)

// content returns n bytes that no other seed gives.
func content(seed uint64, n int64) []byte {
	b := make([]byte, n)
	rng := rand.NewChaCha8([32]byte{byte(seed), byte(seed >> 8), byte(seed >> 16), 1})
	// ChaCha8.Read never fails.
	_, _ = rng.Read(b)
	return b
}

// shot is the time the suite's files claim to be taken at: long past, so that no
// store takes them for files that are still being written.
func shot() time.Time { return time.Date(2024, 6, 15, 14, 30, 12, 345678901, time.UTC) }

// put writes a file through the sink, in as many parts as it asks for, and gives
// up cleanly on the first error.
func put(t *test, up connectors.Upload, body []byte) (connectors.Object, error) {
	up.Size = int64(len(body))
	if up.ModTime.IsZero() {
		up.ModTime = shot()
	}
	s, err := t.sink().Begin(t.ctx, up)
	if err != nil {
		return connectors.Object{}, err
	}
	obj, err := finish(t, s, body)
	if err != nil {
		// The failure is what the caller looks at; the session may be gone.
		_ = s.Abort(t.ctx)
	}
	return obj, err
}

// finish writes what the session lacks and commits it.
func finish(t *test, s connectors.Session, body []byte) (connectors.Object, error) {
	for s.Offset() < int64(len(body)) {
		if err := writePart(t, s, body); err != nil {
			return connectors.Object{}, err
		}
	}
	return s.Commit(t.ctx)
}

// writePart writes one part and checks that the session moves on by just that.
func writePart(t *test, s connectors.Session, body []byte) error {
	at := s.Offset()
	n := min(s.PartSize(), int64(len(body))-at)
	if n < 1 {
		return fmt.Errorf("PartSize is %d at offset %d of %d", s.PartSize(), at, len(body))
	}
	if err := s.Write(t.ctx, bytes.NewReader(body[at:at+n]), n); err != nil {
		if s.Offset() != at {
			t.Errorf("a failed Write moved Offset from %d to %d", at, s.Offset())
		}
		return err
	}
	if s.Offset() != at+n {
		return fmt.Errorf("after writing %d bytes at %d the offset is %d", n, at, s.Offset())
	}
	return nil
}

func (t *test) mustPut(path string, body []byte) connectors.Object {
	t.Helper()
	obj, err := put(t, connectors.Upload{Path: path}, body)
	if err != nil {
		t.Fatalf("put %q: %v", path, err)
	}
	return obj
}

func (t *test) mustStat(path string) connectors.Object {
	t.Helper()
	obj, err := t.source().Stat(t.ctx, path)
	if err != nil {
		t.Fatalf("stat %q: %v", path, err)
	}
	return obj
}

// read returns the content from offset on.
func read(t *test, path string, offset int64, revision string) ([]byte, connectors.Object, error) {
	r, obj, err := t.source().Open(t.ctx, path, offset, revision)
	if err != nil {
		return nil, obj, err
	}
	body, err := io.ReadAll(r)
	return body, obj, errors.Join(err, r.Close())
}

// wantContent proves that the file is there with this content, in every way a
// Source tells.
func (t *test) wantContent(path string, body []byte) {
	t.Helper()
	got, obj, err := read(t, path, 0, "")
	if err != nil {
		t.Errorf("read %q: %v", path, err)
		return
	}
	if !bytes.Equal(got, body) {
		t.Errorf("%q holds %d other bytes, want %d", path, len(got), len(body))
	}
	t.wantObject("open", obj, path, body)
	t.wantObject("stat", t.mustStat(path), path, body)
}

// wantObject checks an object against the real content, hashes included.
func (t *test) wantObject(how string, obj connectors.Object, path string, body []byte) {
	t.Helper()
	if obj.Path != path || obj.Size != int64(len(body)) || obj.Revision == "" {
		t.Errorf("%s: got path %q, size %d, revision %q; want %q, %d and a revision", how, obj.Path, obj.Size, obj.Revision, path, len(body))
	}
	h, err := connectors.NewHasher(obj.Hashes.Algorithms()...)
	if err != nil {
		t.Fatalf("%s %q reports hashes nobody knows: %v", how, path, err)
	}
	// Hasher.Write never fails.
	_, _ = h.Write(body)
	declared := t.Vendor.Descriptor().Hashes
	for a, real := range h.Sums() {
		if obj.Hashes[a] != real {
			t.Errorf("%s %q reports %s %s, the content has %s", how, path, a, obj.Hashes[a], real)
		}
		if !slices.Contains(declared, a) {
			t.Errorf("%s %q reports %s, which the descriptor does not declare", how, path, a)
		}
	}
}

func (t *test) wantSame(what string, got, want connectors.Object) {
	t.Helper()
	if got.Path != want.Path || got.Size != want.Size || !got.ModTime.Equal(want.ModTime) ||
		got.Revision != want.Revision || got.Version != want.Version || !slices.Equal(got.Hashes.Algorithms(), want.Hashes.Algorithms()) {
		t.Errorf("%s:\n got %+v\nwant %+v", what, got, want)
		return
	}
	if equal, known := got.Hashes.Match(want.Hashes); known && !equal {
		t.Errorf("%s: hashes %v, want %v", what, got.Hashes, want.Hashes)
	}
}

func (t *test) wantAbsent(path string) {
	t.Helper()
	if obj, err := t.source().Stat(t.ctx, path); !connectors.Is(err, connectors.NotFound) {
		t.Errorf("stat %q: %+v, %v, want NotFound", path, obj, err)
	}
}

func (t *test) wantKind(what string, err error, kinds ...connectors.Kind) {
	t.Helper()
	if err == nil || !slices.Contains(kinds, connectors.KindOf(err)) {
		t.Errorf("%s: %v (%s), want %v", what, err, connectors.KindOf(err), kinds)
	}
}

// list returns every object below prefix and how many pages it took.
func (t *test) list(prefix string) (map[string]connectors.Object, int) {
	t.Helper()
	all := map[string]connectors.Object{}
	cursor, pages := "", 0
	for {
		page, err := t.source().List(t.ctx, prefix, cursor)
		if err != nil {
			t.Fatalf("list %q: %v", prefix, err)
		}
		pages++
		for _, obj := range page.Objects {
			if _, twice := all[obj.Path]; twice {
				t.Errorf("list %q tells of %q twice", prefix, obj.Path)
			}
			all[obj.Path] = obj
		}
		if page.Next == "" {
			return all, pages
		}
		if page.Next == cursor || pages > 10_000 {
			t.Fatalf("list %q does not end", prefix)
		}
		cursor = page.Next
	}
}

func (t *test) wantList(prefix string, paths ...string) {
	t.Helper()
	all, _ := t.list(prefix)
	for _, p := range paths {
		if _, ok := all[p]; !ok {
			t.Errorf("list %q lacks %q", prefix, p)
		}
		delete(all, p)
	}
	for p := range all {
		t.Errorf("list %q also has %q", prefix, p)
	}
}
