package album_test

import (
	"bytes"
	"crypto/sha256"
	"image/jpeg"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/wedsync/wedsync/internal/album"
)

func small() album.Options {
	return album.Options{
		Photos: 12, RAWs: 1, MinBytes: 20_000, MaxBytes: 60_000, RAWBytes: 90_000,
		Day: time.Date(2026, 6, 20, 0, 0, 0, 0, time.UTC),
	}
}

func contents(t *testing.T, dir string) map[string][]byte {
	t.Helper()
	out := map[string][]byte{}
	err := fs.WalkDir(os.DirFS(dir), ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		out[path], err = os.ReadFile(filepath.Join(dir, path))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestPhotosDecodeAndHaveRoughlyTheSizeAskedFor(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := album.Make(t.Context(), dir, small()); err != nil {
		t.Fatal(err)
	}
	photos := 0
	for path, content := range contents(t, dir) {
		if ext := strings.ToLower(filepath.Ext(path)); ext != ".jpg" && ext != ".jpeg" {
			continue
		}
		photos++
		if _, err := jpeg.Decode(bytes.NewReader(content)); err != nil {
			t.Errorf("%s does not decode: %v", path, err)
		}
		if !bytes.Contains(content[:64], []byte("Exif\x00\x00II")) {
			t.Errorf("%s has no EXIF", path)
		}
		if len(content) < 10_000 || len(content) > 90_000 {
			t.Errorf("%s has %d bytes, want 20-60 thousand", path, len(content))
		}
	}
	if photos < 13 {
		t.Errorf("got %d photos, want at least 13", photos)
	}
}

func TestTheSameOptionsGiveTheSameAlbum(t *testing.T) {
	t.Parallel()
	sums := make([]map[string][32]byte, 2)
	for i := range sums {
		dir := t.TempDir()
		if err := album.Make(t.Context(), dir, small()); err != nil {
			t.Fatal(err)
		}
		sums[i] = map[string][32]byte{}
		for path, content := range contents(t, dir) {
			sums[i][path] = sha256.Sum256(content)
		}
	}
	if len(sums[0]) != len(sums[1]) {
		t.Fatalf("%d files and %d files", len(sums[0]), len(sums[1]))
	}
	for path, sum := range sums[0] {
		if sums[1][path] != sum {
			t.Errorf("%s differs", path)
		}
	}
}

func TestAnExistingFileIsNotOverwritten(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	mine := filepath.Join(dir, "01 Getting Ready", "IMG_0001.jpg")
	if err := os.MkdirAll(filepath.Dir(mine), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(mine, []byte("mine"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := album.Make(t.Context(), dir, small()); err == nil {
		t.Error("making an album over another succeeded")
	}
	if got, err := os.ReadFile(mine); err != nil || string(got) != "mine" {
		t.Errorf("the file now holds %q (%v)", got, err)
	}
}
