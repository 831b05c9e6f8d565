package connectortest

import (
	"bytes"
	"errors"
	"io"
	"testing"

	"github.com/wedsync/wedsync/connectors"
)

func (s suite) testVersioner(t *testing.T) {
	s.run(t, "Versions", func(t *test) {
		first := t.mustPut("a.jpg", content(1, 1000))
		second := t.mustPut("a.jpg", content(2, 2000))
		versions, err := t.versioner().Versions(t.ctx, "a.jpg")
		if connectors.Is(err, connectors.Unsupported) {
			var e *connectors.Error
			if !errors.As(err, &e) || e.Err == nil || e.Err.Error() == "" {
				t.Errorf("Unsupported without a word on how to switch versions on: %v", err)
			}
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		if len(versions) != 2 {
			t.Fatalf("got %d versions, want 2: %+v", len(versions), versions)
		}
		t.wantSame("newest version", versions[0], second)
		t.wantSame("older version", versions[1], first)
		t.wantVersion("a.jpg", versions[0].Version, content(2, 2000))
		t.wantVersion("a.jpg", versions[1].Version, content(1, 1000))
		if connectors.Implements(t.conn, connectors.RoleDeleter) {
			t.wantVersionAfterDelete(versions[1].Version)
		}
	})
	s.run(t, "Unknown", func(t *test) {
		_, err := t.versioner().Versions(t.ctx, "nothing.jpg")
		t.wantKind("versions of nothing", err, connectors.NotFound, connectors.Unsupported)
		t.mustPut("a.jpg", content(1, 10))
		_, _, err = t.versioner().OpenVersion(t.ctx, "a.jpg", "no version of yours")
		t.wantKind("open of a version that never was", err, connectors.NotFound, connectors.Unsupported)
	})
}

// wantVersionAfterDelete proves what versions are for.
func (t *test) wantVersionAfterDelete(version string) {
	t.Helper()
	if err := t.deleter().Delete(t.ctx, "a.jpg", connectors.Expect{}); err != nil {
		t.Fatal(err)
	}
	t.wantAbsent("a.jpg")
	t.wantVersion("a.jpg", version, content(1, 1000))
}

func (t *test) wantVersion(path, version string, body []byte) {
	t.Helper()
	r, obj, err := t.versioner().OpenVersion(t.ctx, path, version)
	if err != nil {
		t.Errorf("open version %q: %v", version, err)
		return
	}
	got, err := io.ReadAll(r)
	if err := errors.Join(err, r.Close()); err != nil || !bytes.Equal(got, body) {
		t.Errorf("version %q: %d bytes, %v; want %d", version, len(got), err, len(body))
	}
	t.wantObject("open version", obj, path, body)
	if obj.Version != version {
		t.Errorf("asked for version %q, got %q", version, obj.Version)
	}
}
