//go:build unix

package local_test

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/wedsync/wedsync/connectors"
	"github.com/wedsync/wedsync/connectors/local"
)

// TestOddEntries: what is no plain file is named with the reason, and never read.
func TestOddEntries(t *testing.T) {
	t.Parallel()
	root, outside := t.TempDir(), t.TempDir()
	write(t, root, "album/a.jpg", "x")
	write(t, outside, "secret.jpg", "secret")
	for link, to := range map[string]string{
		"inside.jpg": "album/a.jpg", "inside": "album", "outside.jpg": filepath.Join(outside, "secret.jpg"), "outside": outside,
		"dangling": "nothing", "loop": ".", "album/up": "..",
	} {
		if err := os.Symlink(to, filepath.Join(root, link)); err != nil {
			t.Fatal(err)
		}
	}
	if err := syscall.Mkfifo(filepath.Join(root, "pipe"), 0o600); err != nil {
		t.Fatal(err)
	}
	write(t, root, "bad\xffname.jpg", "x")
	conn := open(t, local.Vendor{}, root, local.SettingSettle, "0s")

	paths, skipped := listing(t, conn, "")
	want(t, "paths", paths, "album/a.jpg")
	const link = ": a symbolic link is not followed"
	want(t, "skipped", skipped,
		"album/up"+link, "bad\ufffdname.jpg: the name is not valid UTF-8", "dangling"+link, "inside"+link, "inside.jpg"+link,
		"loop"+link, "outside"+link, "outside.jpg"+link, "pipe: this is no regular file")

	for _, path := range []string{"inside.jpg", "inside/a.jpg", "outside.jpg", "outside/secret.jpg", "loop/album/a.jpg", "album/up/album/a.jpg", "pipe", "dangling"} {
		_, err := conn.(connectors.Source).Stat(t.Context(), path)
		wantKind(t, "stat "+path, err, connectors.NotFound)
		_, _, err = conn.(connectors.Source).Open(t.Context(), path, 0, "")
		wantKind(t, "open "+path, err, connectors.NotFound)
		wantKind(t, "delete "+path, conn.(connectors.Deleter).Delete(t.Context(), path, connectors.Expect{}), connectors.NotFound)
		_, err = conn.(connectors.Sink).Begin(t.Context(), connectors.Upload{Path: path, Size: 1})
		wantKind(t, "begin "+path, err, connectors.Exists)
		_, err = conn.(connectors.Mover).Move(t.Context(), "album/a.jpg", path, connectors.Expect{})
		wantKind(t, "move to "+path, err, connectors.Exists)
	}
	if _, err := conn.(connectors.Sink).Begin(t.Context(), connectors.Upload{Path: "outside/new.jpg", Size: 1}); err == nil {
		t.Error("an upload goes through a link")
	}
	if entries, err := os.ReadDir(outside); err != nil || len(entries) != 1 {
		t.Errorf("something was written outside: %v, %v", entries, err)
	}
	page, err := conn.(connectors.Source).List(t.Context(), "outside", "")
	if err != nil || len(page.Objects)+len(page.Skipped) > 0 {
		t.Errorf("list of a link: %+v, %v", page, err)
	}
}

// TestLinkInPlaceOfUploads: a link cannot make the hub write its unfinished files
// elsewhere.
func TestLinkInPlaceOfUploads(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	if err := os.Mkdir(filepath.Join(root, "elsewhere"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("elsewhere", filepath.Join(root, connectors.HubFolder)); err != nil {
		t.Fatal(err)
	}
	conn := open(t, local.Vendor{}, root)
	_, err := conn.(connectors.Sink).Begin(t.Context(), connectors.Upload{Path: "a.jpg", Size: 1})
	wantKind(t, "begin", err, connectors.Exists)
}

func TestHubFolder(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	write(t, root, "a.jpg", "x")
	write(t, root, ".wedsync/trash/b.jpg", "x")
	write(t, root, ".wedsync/uploads/ABCDEFGHIJKLMNOPQRSTUVWXYZ", "x")
	write(t, root, ".wedsync-not/c.jpg", "x")
	write(t, root, "album/.wedsync/d.jpg", "x")
	conn := open(t, local.Vendor{}, root, local.SettingSettle, "0s")
	paths, _ := listing(t, conn, "")
	want(t, "all", paths, ".wedsync-not/c.jpg", "a.jpg", "album/.wedsync/d.jpg")
	paths, _ = listing(t, conn, ".wedsync")
	want(t, "the hub's", paths, ".wedsync/trash/b.jpg")

	_, err := conn.(connectors.Source).List(t.Context(), ".wedsync/uploads", "")
	wantKind(t, "list of the uploads", err, connectors.NameRejected)
	_, err = conn.(connectors.Source).Stat(t.Context(), ".wedsync/uploads/ABCDEFGHIJKLMNOPQRSTUVWXYZ")
	wantKind(t, "stat of an upload", err, connectors.NameRejected)
	_, err = conn.(connectors.Sink).Begin(t.Context(), connectors.Upload{Path: ".wedsync/uploads/x", Size: 1})
	wantKind(t, "begin among the uploads", err, connectors.NameRejected)
}

// TestEmptyFolders: a folder that a deletion or a move empties goes with it, and
// one that is still used stays.
func TestEmptyFolders(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	write(t, root, "a/b/1.jpg", "x")
	write(t, root, "a/2.jpg", "x")
	write(t, root, "c/d/3.jpg", "x")
	conn := open(t, local.Vendor{}, root, local.SettingSettle, "0s")
	if err := conn.(connectors.Deleter).Delete(t.Context(), "a/b/1.jpg", connectors.Expect{}); err != nil {
		t.Fatal(err)
	}
	if _, err := conn.(connectors.Mover).Move(t.Context(), "c/d/3.jpg", "3.jpg", connectors.Expect{}); err != nil {
		t.Fatal(err)
	}
	var got []string
	err := filepath.WalkDir(root, func(path string, _ os.DirEntry, err error) error {
		got = append(got, strings.TrimPrefix(path, root))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	want(t, "tree", got, "", "/3.jpg", "/a", "/a/2.jpg")
}

// TestRevisions: every way to change a file that people use is noticed.
func TestRevisions(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	path := filepath.Join(root, "a.jpg")
	old := time.Date(2024, 1, 2, 3, 4, 5, 0, time.UTC)
	write(t, root, "a.jpg", "content")
	age(t, root, "a.jpg", old)
	source := open(t, local.Vendor{}, root).(connectors.Source)
	seen := map[string]string{}
	look := func(what string) {
		t.Helper()
		obj, err := source.Stat(t.Context(), "a.jpg")
		if err != nil {
			t.Fatal(err)
		}
		if before, twice := seen[obj.Revision]; twice {
			t.Errorf("the revision after %s is that after %s", what, before)
		}
		seen[obj.Revision] = what
	}
	look("the beginning")
	age(t, root, "a.jpg", old.Add(time.Second))
	look("another time")
	write(t, root, "a.jpg", "contenu")
	age(t, root, "a.jpg", old.Add(time.Second))
	look("other content of the same size, with the time put back")
	write(t, root, "new", "contenu")
	age(t, root, "new", old.Add(time.Second))
	if err := os.Rename(filepath.Join(root, "new"), path); err != nil {
		t.Fatal(err)
	}
	look("another file in its place")
}

// TestGrowsWhileReading: whoever reads as many bytes as were announced gets the
// content that was announced, or an error.
func TestGrowsWhileReading(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(path string) error{
		"overwritten": func(path string) error { return os.WriteFile(path, []byte("ABCDEFGH"), 0o644) },
		"appended":    func(path string) error { return os.WriteFile(path, []byte("abcdefghijkl"), 0o644) },
		"truncated":   func(path string) error { return os.Truncate(path, 4) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			root := t.TempDir()
			write(t, root, "a.jpg", "abcdefgh")
			age(t, root, "a.jpg", time.Unix(1_000_000, 0))
			r, obj, err := open(t, local.Vendor{}, root).(connectors.Source).Open(t.Context(), "a.jpg", 0, "")
			if err != nil {
				t.Fatal(err)
			}
			defer r.Close()
			if _, err := io.CopyN(io.Discard, r, 3); err != nil {
				t.Fatal(err)
			}
			if err := change(filepath.Join(root, "a.jpg")); err != nil {
				t.Fatal(err)
			}
			_, err = io.ReadFull(r, make([]byte, obj.Size-3))
			wantKind(t, "the rest", err, connectors.Conflict)
		})
	}
}
