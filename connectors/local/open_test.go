package local_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/wedsync/wedsync/connectors"
	"github.com/wedsync/wedsync/connectors/local"
)

func TestOpenRefuses(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	write(t, root, "file", "x")
	if err := os.Symlink("/etc", filepath.Join(root, "etc")); err != nil {
		t.Fatal(err)
	}
	real, err := filepath.EvalSymlinks(root)
	if err != nil {
		t.Fatal(err)
	}
	mine := func(path string) bool { return path == real || strings.HasPrefix(path, real+"/") }
	for name, test := range map[string]struct {
		root, settle string
		allow        func(string) bool
		field        string
	}{
		"no folder":            {"", "", mine, local.SettingRoot},
		"a relative folder":    {"pictures", "", mine, local.SettingRoot},
		"what is not there":    {filepath.Join(root, "nothing"), "", mine, local.SettingRoot},
		"a file":               {filepath.Join(root, "file"), "", mine, local.SettingRoot},
		"without a policy":     {root, "", nil, local.SettingRoot},
		"what is not allowed":  {filepath.Dir(root), "", mine, local.SettingRoot},
		"a link to outside":    {filepath.Join(root, "etc"), "", mine, local.SettingRoot},
		"a way out with dots":  {root + "/../..", "", mine, local.SettingRoot},
		"a settling of months": {root, "2000h", mine, local.SettingSettle},
		"a negative settling":  {root, "-1s", mine, local.SettingSettle},
		"no duration":          {root, "soon", mine, local.SettingSettle},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := local.Vendor{}.Open(t.Context(), connectors.Config{
				Settings:  map[string]string{local.SettingRoot: test.root, local.SettingSettle: test.settle},
				AllowPath: test.allow,
			})
			var e *connectors.Error
			if !errors.As(err, &e) || e.Kind != connectors.Invalid || e.Field != test.field {
				t.Errorf("Open: %v, want Invalid in %s", err, test.field)
			}
		})
	}
}

// TestNothingIsTold: from the outside, a folder that is not there and one that is
// not allowed look the same.
func TestNothingIsTold(t *testing.T) {
	t.Parallel()
	var texts []string
	for _, root := range []string{"/etc", "/no/such/folder"} {
		_, err := local.Vendor{}.Open(t.Context(), connectors.Config{
			Settings:  map[string]string{local.SettingRoot: root},
			AllowPath: func(string) bool { return false },
		})
		texts = append(texts, err.Error())
	}
	if texts[0] != texts[1] {
		t.Errorf("%q differs from %q", texts[0], texts[1])
	}
}

func TestRootBehindALink(t *testing.T) {
	t.Parallel()
	root, links := t.TempDir(), t.TempDir()
	write(t, root, "a.jpg", "x")
	age(t, root, "a.jpg", time.Unix(1, 0))
	link := filepath.Join(links, "link")
	if err := os.Symlink(root, link); err != nil {
		t.Fatal(err)
	}
	paths, _ := listing(t, open(t, local.Vendor{}, link), "")
	want(t, "listing", paths, "a.jpg")
}

// TestOpenLeavesNothing: looking at a folder does not change it.
func TestOpenLeavesNothing(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	conn := open(t, local.Vendor{}, root)
	listing(t, conn, "")
	if entries, err := os.ReadDir(root); err != nil || len(entries) > 0 {
		t.Errorf("the folder holds %v, %v", entries, err)
	}
}

// TestFolderGone: a drive that was pulled out is no empty folder.
func TestFolderGone(t *testing.T) {
	t.Parallel()
	parent := t.TempDir()
	root := filepath.Join(parent, "root")
	write(t, parent, "root/a.jpg", "x")
	conn := open(t, local.Vendor{}, root)
	if err := os.Rename(root, root+"-moved"); err != nil {
		t.Fatal(err)
	}
	gone := func(when string) {
		wantKind(t, "Check when "+when, conn.Check(t.Context()), connectors.NotFound)
		_, err := conn.(connectors.Source).List(t.Context(), "", "")
		wantKind(t, "List when "+when, err, connectors.NotFound)
	}
	gone("removed")
	if err := os.Mkdir(root, 0o755); err != nil {
		t.Fatal(err)
	}
	gone("replaced")
}

func TestSweep(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	ctx := t.Context()
	up := connectors.Upload{Path: "a.jpg", Size: 3}
	s, err := open(t, local.Vendor{}, root).(connectors.Sink).Begin(ctx, up)
	if err != nil {
		t.Fatal(err)
	}
	after := func(d time.Duration) local.Vendor {
		return local.Vendor{Now: func() time.Time { return time.Now().Add(d) }}
	}
	if _, err := open(t, after(6*24*time.Hour), root).(connectors.Sink).Resume(ctx, up, s.Checkpoint()); err != nil {
		t.Errorf("resume after six days: %v", err)
	}
	_, err = open(t, after(8*24*time.Hour), root).(connectors.Sink).Resume(ctx, up, s.Checkpoint())
	wantKind(t, "resume after eight days", err, connectors.SessionExpired)
}

func TestClosedContext(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := (local.Vendor{}).Open(ctx, connectors.Config{}); !errors.Is(err, context.Canceled) {
		t.Errorf("Open: %v", err)
	}
}
