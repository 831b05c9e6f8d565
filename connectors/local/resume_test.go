package local_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/wedsync/wedsync/connectors"
	"github.com/wedsync/wedsync/connectors/local"
)

// unfinished begins an upload, writes a part of it and returns the file it grows
// in.
func unfinished(t *testing.T, root string) (up connectors.Upload, s connectors.Session, file string) {
	t.Helper()
	up = connectors.Upload{Path: "a.CR3", Size: 10 << 20}
	s, err := open(t, local.Vendor{}, root).(connectors.Sink).Begin(t.Context(), up)
	if err != nil {
		t.Fatal(err)
	}
	part := bytes.Repeat([]byte("photo"), int(s.PartSize())/5+1)[:s.PartSize()]
	if err := s.Write(t.Context(), bytes.NewReader(part), s.PartSize()); err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob(filepath.Join(root, ".wedsync/uploads/*"))
	if err != nil || len(files) != 1 {
		t.Fatalf("unfinished files: %v, %v", files, err)
	}
	return up, s, files[0]
}

// TestDamagedUpload: what a power cut, or somebody else, did to an unfinished
// file is noticed when the upload is resumed, not when the photo is opened.
func TestDamagedUpload(t *testing.T) {
	t.Parallel()
	for name, damage := range map[string]func(file string) error{
		"zeros at the end": func(file string) error {
			if err := os.Truncate(file, 1<<20); err != nil {
				return err
			}
			return os.Truncate(file, 4<<20)
		},
		"shorter": func(file string) error { return os.Truncate(file, 1<<20) },
		"gone":    os.Remove,
		"a link": func(file string) error {
			if err := os.Rename(file, file+".real"); err != nil {
				return err
			}
			return os.Symlink(file+".real", file)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			root := t.TempDir()
			up, s, file := unfinished(t, root)
			checkpoint := s.Checkpoint()
			if err := damage(file); err != nil {
				t.Fatal(err)
			}
			_, err := open(t, local.Vendor{}, root).(connectors.Sink).Resume(t.Context(), up, checkpoint)
			wantKind(t, "resume", err, connectors.SessionExpired)
		})
	}
}

// TestLongerUpload: a process that was killed in the middle of a part leaves bytes
// that no checkpoint knows; they are cut off.
func TestLongerUpload(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	up, s, file := unfinished(t, root)
	f, err := os.OpenFile(file, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteString(strings.Repeat("half a part", 1000)); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	again, err := open(t, local.Vendor{}, root).(connectors.Sink).Resume(t.Context(), up, s.Checkpoint())
	if err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(file); err != nil || info.Size() != again.Offset() || again.Offset() != s.Offset() {
		t.Errorf("resumed at %d, want %d: %v, %v", again.Offset(), s.Offset(), info, err)
	}
}

// TestNothingIsLeftOver: neither success nor failure leaves unfinished files.
func TestNothingIsLeftOver(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	write(t, root, "taken.jpg", "x")
	conn := open(t, local.Vendor{}, root)
	for path, expect := range map[string]connectors.Expect{"free.jpg": {}, "new/taken.jpg/x": {Revision: "none"}} {
		s, err := conn.(connectors.Sink).Begin(t.Context(), connectors.Upload{Path: path, Expect: expect})
		if err != nil {
			continue
		}
		if _, err := s.Commit(t.Context()); err != nil {
			t.Error(err)
		}
		if err := s.Abort(t.Context()); err != nil {
			t.Errorf("abort after commit: %v", err)
		}
	}
	if _, err := conn.(connectors.Copier).Copy(t.Context(), "free.jpg", "taken.jpg", connectors.Expect{}); err == nil {
		t.Error("a copy onto a taken path succeeds")
	}
	if _, err := conn.(connectors.Copier).Copy(t.Context(), "free.jpg", "copy.jpg", connectors.Expect{}); err != nil {
		t.Error(err)
	}
	left, err := os.ReadDir(filepath.Join(root, ".wedsync/uploads"))
	if err != nil || len(left) > 0 {
		t.Errorf("left over: %v, %v", left, err)
	}
	if _, err := os.Stat(filepath.Join(root, "new")); err == nil {
		t.Error("a refused upload leaves a folder")
	}
}
