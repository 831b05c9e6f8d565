package connectors_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/wedsync/wedsync/connectors"
)

func windows() connectors.NameRules {
	return connectors.NameRules{
		MaxPathBytes: 260, MaxNameBytes: 255, Forbidden: `<>:"\|?*`,
		ReservedNames:        []string{"con", "aux", "com1"},
		NoTrailingDotOrSpace: true, FoldsCase: true, Normalization: connectors.NormalizationFolds,
	}
}

func TestCheck(t *testing.T) {
	t.Parallel()
	// Each path with a word of the reason for refusing it; "" if it is fine.
	for name, test := range map[string]struct {
		rules connectors.NameRules
		why   map[string]string
	}{
		"anything goes": {connectors.NameRules{}, map[string]string{
			"a/b.jpg": "", "...": "", "a b": "", " a ": "", "a\nb": "", "é.jpg": "", "aux": "", strings.Repeat("a", 10_000): "",
			".wedsync/trash/a.jpg": "", ".WEDSYNC/a": "",
			"": "empty", "/a": "absolute", "a//b": "segment", "a/": "segment", ".": "segment", "..": "segment", "a/../b": "segment",
			"./a": "segment", "a\x00b": "NUL", "a\xff": "UTF-8", "\xed\xa0\x80": "UTF-8",
		}},
		"bounds": {connectors.NameRules{MaxPathBytes: 10, MaxNameBytes: 4}, map[string]string{
			"abcd/efgh": "", "éé": "", "abcde": "limit is 4", "ééé": "limit is 4", "ab/cd/ef/gh": "limit is 10",
		}},
		"windows": {windows(), map[string]string{
			"a.b/c d.jpg": "", "a.jpg.": "dot", "a./b": "dot", "a ": "space", "a /b": "space", "a:b": `':'`, `a\b`: `'\\'`, "who?": `'?'`,
			"CON": "reserved", "con.jpg": "reserved", "Aux .txt": "reserved", "a/COM1.tar.gz": "reserved", "console": "", "com10": "",
			".WedSync/a": "hub's own", ".wedsync/a": "",
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for path, word := range test.why {
				why := test.rules.Check(path)
				if (why == "") != (word == "") || !strings.Contains(why, word) {
					t.Errorf("Check(%.40q) = %q, want %q in it", path, why, word)
				}
			}
		})
	}
}

func TestKey(t *testing.T) {
	t.Parallel()
	const nfc, nfd = "caf\u00e9", "cafe\u0301"
	for _, test := range []struct {
		rules connectors.NameRules
		a, b  string
		same  bool
	}{
		{connectors.NameRules{}, "A.jpg", "a.jpg", false},
		{connectors.NameRules{}, nfc, nfd, false},
		{connectors.NameRules{FoldsCase: true}, "DCIM/A.JPG", "dcim/a.jpg", true},
		{connectors.NameRules{FoldsCase: true}, "ÉTÉ", "été", true},
		{connectors.NameRules{FoldsCase: true}, nfc, nfd, false},
		{connectors.NameRules{Normalization: connectors.NormalizationFolds}, nfc, nfd, true},
		{connectors.NameRules{Normalization: connectors.NormalizationFolds}, nfc, "CAFÉ", false},
		{windows(), nfd, "CAFÉ", true},
		{windows(), "a/b", "a b", false},
		{connectors.NameRules{FoldsCase: true}, "\u13ba", "\uab8a", true},
	} {
		if same := test.rules.Key(test.a) == test.rules.Key(test.b); same != test.same {
			t.Errorf("%+v: %q and %q the same: %t, want %t", test.rules, test.a, test.b, same, test.same)
		}
	}
}

func TestInHubFolder(t *testing.T) {
	t.Parallel()
	for path, want := range map[string]bool{
		".wedsync": true, ".wedsync/a": true, ".wedsync-not": false, "a/.wedsync": false, "": false, ".wedsyn": false,
	} {
		if got := connectors.InHubFolder(path); got != want {
			t.Errorf("InHubFolder(%q) = %t", path, got)
		}
	}
}

// FuzzNames: what Check accepts cannot lead out of a root, and Key neither moves
// a path to another folder nor changes its mind.
func FuzzNames(f *testing.F) {
	for _, seed := range []string{"a/b.jpg", "../a", "a/..", "/a", "a//b", "a\x00", "CON.jpg", "caf\u00e9", "cafe\u0301", "ΑΣ", "İ", "\u1e9e", ".", "", "\u2126\u0345"} {
		f.Add(seed, true)
		f.Add(seed, false)
	}
	f.Fuzz(func(t *testing.T, path string, fold bool) {
		rules := connectors.NameRules{}
		if fold {
			rules = windows()
		}
		if rules.Check(path) != "" {
			return
		}
		if !utf8.ValidString(path) || strings.ContainsRune(path, 0) {
			t.Fatalf("%q is accepted", path)
		}
		for s := range strings.SplitSeq(path, "/") {
			if s == "" || s == "." || s == ".." {
				t.Fatalf("%q is accepted", path)
			}
		}
		key := rules.Key(path)
		if strings.Count(key, "/") != strings.Count(path, "/") {
			t.Errorf("the key %q of %q has other folders", key, path)
		}
		if again := rules.Key(key); again != key {
			t.Errorf("the key of %q is %q, and the key of that %q", path, key, again)
		}
	})
}
