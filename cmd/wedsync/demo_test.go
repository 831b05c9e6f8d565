package main_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestDemo plays the demo on a folder of somebody's own, in which not every name
// can be synced.
func TestDemo(t *testing.T) {
	t.Parallel()
	for name, installed := range map[string]func(*testing.T) *installation{
		"embedded": embedded, "platform": platform,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			i := installed(t)
			i.env = append(i.env, "WEDSYNC_ADDR="+freeAddr(t))
			folder := t.TempDir()
			files := []string{"a.jpg", "b é.jpg", "c/d.jpg", "e.xmp", "f.jpg", "g.jpg", "not-utf8-\xff.jpg"}
			for _, f := range files {
				path := filepath.Join(folder, f)
				if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
					t.Fatal(err)
				}
				// File systems that take no such name leave the rest to be played with.
				if err := os.WriteFile(path, []byte("content of "+f), 0o644); err != nil && strings.HasSuffix(f, "\xff.jpg") {
					continue
				} else if err != nil {
					t.Fatal(err)
				}
			}
			before := read(t, folder)
			out := i.run("demo", "--once", "--folder", folder, "--data", filepath.Join(t.TempDir(), "demo"))
			for _, want := range []string{
				"✓ Backup disk: 6 of ", "✓ S3 studio: 6 of ", "✓ S3 offsite: 6 of ", // act one
				"renamed: ", "A conflict waits for a decision", "→ decided: keep both", "100 %",
				"✓ S3 offsite: 7 of 7 files", // what was added and kept, without what was deleted
			} {
				if !strings.Contains(out, want) {
					t.Errorf("the demo does not say %q:\n%s", want, out)
				}
			}
			if !slices.Equal(before, read(t, folder)) {
				t.Error("the demo changed the user's own folder")
			}
		})
	}
}

// read lists the files below a folder with their contents.
func read(t *testing.T, folder string) []string {
	t.Helper()
	var all []string
	err := filepath.WalkDir(folder, func(path string, e os.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		content, err := os.ReadFile(path)
		all = append(all, path+"\x00"+string(content))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}
