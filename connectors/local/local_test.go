package local_test

import (
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/wedsync/wedsync/connectors"
	"github.com/wedsync/wedsync/connectors/connectortest"
	"github.com/wedsync/wedsync/connectors/local"
)

// open opens a folder with settings beside the root, given as name and value in
// turn.
func open(t *testing.T, v local.Vendor, root string, settings ...string) connectors.Connection {
	t.Helper()
	cfg := connectors.Config{
		Settings:  map[string]string{local.SettingRoot: root},
		AllowPath: func(string) bool { return true },
	}
	for i := 0; i < len(settings); i += 2 {
		cfg.Settings[settings[i]] = settings[i+1]
	}
	conn, err := v.Open(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := conn.Close(); err != nil {
			t.Error(err)
		}
	})
	return conn
}

// roots remembers which folder a connection was opened for.
type roots struct {
	mu sync.Mutex
	of map[connectors.Connection]string
}

func (r *roots) set(c connectors.Connection, root string) connectors.Connection {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.of[c] = root
	return c
}

func (r *roots) get(c connectors.Connection) string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.of[c]
}

func TestConformance(t *testing.T) {
	t.Parallel()
	for settle, files := range map[string]int{"0s": 1100, "20ms": 0} {
		t.Run(settle, func(t *testing.T) {
			t.Parallel()
			known := roots{of: map[connectors.Connection]string{}}
			connectortest.Run(t, connectortest.Harness{
				Vendor: local.Vendor{},
				Open: func(t *testing.T) connectors.Connection {
					root := guardedRoot(t)
					return known.set(open(t, local.Vendor{}, root, local.SettingSettle, settle), root)
				},
				Reopen: func(t *testing.T, c connectors.Connection) connectors.Connection {
					root := known.get(c)
					return known.set(open(t, local.Vendor{}, root, local.SettingSettle, settle), root)
				},
				LargeSize: 9 << 20,
				Files:     files,
				Verifies:  []connectors.HashAlgorithm{connectors.SHA256, connectors.SHA1, connectors.MD5, connectors.CRC32C},
				ModTime:   1,
			})
		})
	}
}

// guardedRoot returns an empty folder, and proves in the end that nothing was
// written beside it.
func guardedRoot(t *testing.T) string {
	parent := t.TempDir()
	root := filepath.Join(parent, "root")
	if err := os.Mkdir(root, 0o755); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		beside, err := os.ReadDir(parent)
		if err != nil || len(beside) != 1 {
			t.Errorf("something escaped from the root: %v, %v", beside, err)
		}
	})
	return root
}

func write(t *testing.T, root, name, content string) {
	t.Helper()
	full := filepath.Join(root, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(full), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(full, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
}

// age makes a file look as if it was last written when it was.
func age(t *testing.T, root, name string, when time.Time) {
	t.Helper()
	if err := os.Chtimes(filepath.Join(root, name), when, when); err != nil {
		t.Fatal(err)
	}
}

// listing returns the paths that are listed and the reasons of those that are
// not, as "path: reason".
func listing(t *testing.T, c connectors.Connection, prefix string) (paths, skipped []string) {
	t.Helper()
	cursor := ""
	for {
		page, err := c.(connectors.Source).List(t.Context(), prefix, cursor)
		if err != nil {
			t.Fatal(err)
		}
		for _, o := range page.Objects {
			paths = append(paths, o.Path)
		}
		for _, s := range page.Skipped {
			skipped = append(skipped, s.Path+": "+s.Reason)
		}
		if cursor = page.Next; cursor == "" {
			return paths, skipped
		}
	}
}

func want(t *testing.T, what string, got []string, want ...string) {
	t.Helper()
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("%s:\n got %q\nwant %q", what, got, want)
	}
}

func wantKind(t *testing.T, what string, err error, kind connectors.Kind) {
	t.Helper()
	if !connectors.Is(err, kind) {
		t.Errorf("%s: %v, want %s", what, err, kind)
	}
}
