package local

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"github.com/wedsync/wedsync/connectors"
)

// listedBy is what a file system lists after all candidates were made on it: name
// returns as what it keeps one, "" if it refuses it.
func listedBy(name func(string) string) map[string]bool {
	held := map[string]bool{}
	kept := map[string]bool{}
	for _, n := range candidates() {
		// The first spelling of a folded name stays.
		if key := name(n); key != "" && !kept[key] {
			kept[key] = true
			held[n] = true
		}
	}
	return held
}

func TestDeduceRules(t *testing.T) {
	t.Parallel()
	for system, test := range map[string]struct {
		name func(string) string
		want connectors.NameRules
	}{
		"ext4": {func(n string) string { return n }, connectors.NameRules{MaxNameBytes: 255}},
		"APFS": {
			func(n string) string { return strings.ToLower(norm.NFC.String(n)) },
			connectors.NameRules{MaxNameBytes: 255, FoldsCase: true, Normalization: connectors.NormalizationFolds},
		},
		"eCryptfs": {func(n string) string {
			if len(n) > 143 {
				return ""
			}
			return n
		}, connectors.NameRules{MaxNameBytes: 143}},
		"NTFS": {func(n string) string {
			if strings.ContainsAny(n, suspects()[:8]) || strings.HasSuffix(n, ".") || strings.HasSuffix(n, " ") || n == "aux" {
				return ""
			}
			return strings.ToLower(n)
		}, connectors.NameRules{
			MaxNameBytes: 255, FoldsCase: true, Forbidden: `\:*?"<>|`, NoTrailingDotOrSpace: true, ReservedNames: devices(),
		}},
	} {
		got := deduceRules(listedBy(test.name))
		if strings.Join(got.ReservedNames, " ") != strings.Join(test.want.ReservedNames, " ") {
			t.Errorf("%s: reserved %v", system, got.ReservedNames)
		}
		got.ReservedNames, test.want.ReservedNames = nil, nil
		if got.MaxNameBytes != test.want.MaxNameBytes || got.FoldsCase != test.want.FoldsCase || got.Normalization != test.want.Normalization ||
			got.Forbidden != test.want.Forbidden || got.NoTrailingDotOrSpace != test.want.NoTrailingDotOrSpace {
			t.Errorf("%s:\n got %+v\nwant %+v", system, got, test.want)
		}
	}
}

func TestUsualRules(t *testing.T) {
	t.Parallel()
	for goos, refused := range map[string]string{"linux": "", "darwin": "", "windows": "aux.txt"} {
		if rules := usualRules(goos); refused != "" && rules.Check(refused) == "" || rules.Check("a.jpg") != "" {
			t.Errorf("%s: %+v", goos, rules)
		}
	}
}

// TestProbeWhereNothingMayBeWritten falls back on what is usual.
func TestProbeWhereNothingMayBeWritten(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "gone")
	if err := os.Mkdir(path, 0o755); err != nil {
		t.Fatal(err)
	}
	root, err := os.OpenRoot(path)
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if rules := probeRules(root, path); rules.MaxNameBytes != 255 || rules.Check("a.jpg") != "" {
		t.Errorf("rules: %+v", rules)
	}
}

// TestFoldingNames: on a file system that folds, a file is found under its own
// name only. The rules are set by hand, the file system does not fold.
func TestFoldingNames(t *testing.T) {
	t.Parallel()
	path := t.TempDir()
	root, err := os.OpenRoot(path)
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	c := &connection{root: root, path: path, rules: connectors.NameRules{FoldsCase: true}}
	for _, name := range []string{".wedsync/uploads/X", ".WEDSYNC/uploads/x", ".wedsync/Uploads/x", ".WedSync/trash/a.jpg"} {
		if err := c.checkName("begin", name); !connectors.Is(err, connectors.NameRejected) {
			t.Errorf("checkName(%q): %v", name, err)
		}
	}
	if err := root.Mkdir("Album", 0o755); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]bool{"Album": true, "album": false} {
		if got, err := c.spelled(root, name); got != want || err != nil {
			t.Errorf("spelled(%q) = %t, %v", name, got, err)
		}
	}
}

// FuzzCheckpoint: whatever is read from a checkpoint names a file of ours in the
// folder of uploads, and an offset inside the upload.
func FuzzCheckpoint(f *testing.F) {
	good := checkpoint{Temp: "ABCDEFGHIJKLMNOPQRSTUVWXYZ", Path: "a.jpg", Size: 10, Offset: 5, Checksum: "00000000"}
	f.Add(good.format())
	for _, seed := range []string{"", "null", "{}", `{"temp":"../../../../etc/passwd","path":"a","crc32c":"0"}`, `{"temp":"ABCDEFGHIJKLMNOPQRSTUVWXY/","path":"a","size":-1}`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		c, err := parseCheckpoint(data)
		if err != nil {
			return
		}
		if filepath.Base(c.Temp) != c.Temp || len(c.Temp) != 26 || strings.Contains(c.Temp, ".") || c.Offset < 0 || c.Offset > c.Size || c.Path == "" {
			t.Errorf("%q is read as %+v", data, c)
		}
		if !utf8.ValidString(c.Path) {
			t.Errorf("%q gives the path %q", data, c.Path)
		}
		if again, err := parseCheckpoint(c.format()); err != nil || again != c {
			t.Errorf("%+v becomes %+v, %v", c, again, err)
		}
	})
}

// FuzzCursor: no listing cursor leads anywhere but into the walk's order.
func FuzzCursor(f *testing.F) {
	for _, seed := range []string{"", formatCursor("", "a/b.jpg"), formatCursor("a", "a/b\xff"), "Li4v", "%"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, cursor string) {
		after, err := parseCursor(cursor)
		if err != nil {
			if !connectors.Is(err, connectors.Invalid) {
				t.Errorf("%q: %v", cursor, err)
			}
			return
		}
		if again, err := parseCursor(formatCursor("", strings.Join(after, "/"))); err != nil || strings.Join(again, "/") != strings.Join(after, "/") {
			t.Errorf("%q becomes %q, %v", after, again, err)
		}
	})
}
