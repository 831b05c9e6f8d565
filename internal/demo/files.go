package demo

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"sort"
	"strings"
)

// hubFolder is where the hub keeps its own things in a folder.
const hubFolder = ".wedsync"

// list returns the regular files below a folder, slash-separated and sorted.
func list(folder string) ([]string, error) {
	var files []string
	err := filepath.WalkDir(folder, func(p string, e fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case e.IsDir() && e.Name() == hubFolder:
			return filepath.SkipDir
		case !e.Type().IsRegular():
			return nil
		}
		relative, err := filepath.Rel(folder, p)
		files = append(files, filepath.ToSlash(relative))
		return err
	})
	sort.Strings(files)
	return files, err
}

func write(name string, content []byte) error {
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return err
	}
	return os.WriteFile(name, content, 0o644)
}

// compareAll reads every file of the folder and of each store, by the store's own
// means, and compares the bytes. What the run reported as refused, skipped or in
// conflict is excused and named; anything else that differs is an error, and so is
// a run with failures.
func (d *demo) compareAll(ctx context.Context, folder, at string, r run) error {
	excused := map[string]bool{}
	troubles, err := d.transfers(ctx, r.ID, []string{"SKIPPED", "REFUSED", "CONFLICT"}, nil)
	if err != nil {
		return err
	}
	for _, t := range troubles {
		excused[t.Path] = true
	}
	files, err := list(folder)
	if err != nil {
		return err
	}
	for _, s := range d.Stores {
		same := 0
		for _, f := range files {
			err := compare(ctx, filepath.Join(folder, f), s, path.Join(at, f))
			switch {
			case err == nil:
				same++
			case excused[told(f)]:
				d.say("%s: %q is not in step, as the run said", s.Name, f)
			default:
				return fmt.Errorf("%s: %q differs from the folder: %w", s.Name, f, err)
			}
		}
		d.say("✓ %s: %d of %d files read back and equal byte for byte", s.Name, same, len(files))
	}
	if r.Report != nil && r.Report.Failed > 0 {
		return fmt.Errorf("%d operations failed", r.Report.Failed)
	}
	return nil
}

// told is how the hub writes the name of a file: as text, which not every name is.
func told(path string) string { return strings.ToValidUTF8(path, "\uFFFD") }

func compare(ctx context.Context, file string, s Store, stored string) error {
	mine, err := os.Open(file)
	if err != nil {
		return err
	}
	defer mine.Close()
	theirs, err := s.Open(ctx, stored)
	if err != nil {
		return err
	}
	defer theirs.Close()
	a, err1 := digest(mine)
	b, err2 := digest(theirs)
	if err := errors.Join(err1, err2); err != nil {
		return err
	}
	if a != b {
		return errors.New("the bytes differ")
	}
	return nil
}

func digest(r io.Reader) (string, error) {
	h := sha256.New()
	_, err := io.Copy(h, r)
	return fmt.Sprintf("%x", h.Sum(nil)), err
}

// edits are what edit did, in words.
type edits struct {
	told        []string
	conflicting string
}

// edit plays a photographer who goes on working: in the folder some files are
// changed, renamed, deleted and added, and one is changed there and at the first
// store that is a folder, differently. Small folders get fewer edits.
func edit(folder string, stores []Store, at string) (edits, error) {
	var e edits
	files, err := list(folder)
	if err != nil || len(files) < 4 {
		return e, err
	}
	n := min(3, len(files)/4)
	changed, renamed, deleted := files[:n], files[n:2*n], files[2*n:3*n]
	both := files[3*n]
	for _, f := range changed {
		if err := appendTo(filepath.Join(folder, f), " retouched"); err != nil {
			return e, err
		}
	}
	for _, f := range renamed {
		to := path.Join(path.Dir(f), "Best of "+path.Base(f))
		if err := os.Rename(filepath.Join(folder, f), filepath.Join(folder, to)); err != nil {
			return e, err
		}
	}
	for _, f := range deleted {
		if err := os.Remove(filepath.Join(folder, f)); err != nil {
			return e, err
		}
	}
	if err := write(filepath.Join(folder, "Notes for the album.txt"), []byte("Start with the rings.\n")); err != nil {
		return e, err
	}
	e.told = []string{
		"changed: " + strings.Join(changed, ", "), "renamed: " + strings.Join(renamed, ", "),
		"deleted: " + strings.Join(deleted, ", "), "added:   Notes for the album.txt",
	}
	for _, s := range stores {
		if s.Dir == "" {
			continue
		}
		if err := appendTo(filepath.Join(folder, both), " in the studio"); err != nil {
			return e, err
		}
		if err := appendTo(filepath.Join(s.Dir, at, both), " at the printer's, differently"); err != nil {
			return e, err
		}
		e.conflicting = both
		e.told = append(e.told, fmt.Sprintf("changed in the folder and at %s: %s", s.Name, both))
		break
	}
	return e, nil
}

// appendTo changes a file as an editor does: a longer copy replaces it. Photos
// still decode: what follows the end of the image is ignored.
func appendTo(name, text string) error {
	content, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	tmp := name + ".edit"
	if err := os.WriteFile(tmp, append(content, text...), 0o644); err != nil {
		return err
	}
	return os.Rename(tmp, name)
}
