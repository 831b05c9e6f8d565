package connectortest

import (
	"strings"
	"testing"

	"github.com/wedsync/wedsync/connectors"
)

// hostileNames are paths that some system somewhere treats in a way of its own.
// Every store either keeps them byte for byte or refuses them by its rules.
func hostileNames() map[string]string {
	return map[string]string{
		"spaces":             "Anna & Tom/first  dance.jpg",
		"accents":            "Fête/Mariée – été.jpg",
		"emoji":              "💍/👩🏽‍❤️‍💋‍👨🏻.jpg",
		"nfc":                "caf\u00e9-nfc.jpg",
		"nfd":                "cafe\u0301-nfd.jpg",
		"bytes255":           strings.Repeat("n", 251) + ".jpg",
		"bytes256":           strings.Repeat("m", 252) + ".jpg",
		"bytes255multi":      strings.Repeat("é", 125) + "x.jpg",
		"bytes256multi":      strings.Repeat("é", 126) + ".jpg",
		"device":             "CON",
		"deviceExtension":    "aux.jpg",
		"devicePort":         "com1.txt",
		"trailingDot":        "picture.",
		"trailingSpace":      "picture.jpg ",
		"leadingSpace":       " picture.jpg",
		"folderTrailingDot":  "Album./picture.jpg",
		"folderTrailingSpc":  "Album /picture.jpg",
		"dots":               "...",
		"leadingDot":         ".hidden.jpg",
		"leadingDash":        "-rf.jpg",
		"tilde":              "~/picture.jpg",
		"hash":               "#1.jpg",
		"question":           "who?.jpg",
		"ampersand":          "a&b=c.jpg",
		"plus":               "a+b.jpg",
		"percent":            "100%.jpg",
		"percentSlash":       "a%2Fb.jpg",
		"percentDots":        "%2e%2e%2fb.jpg",
		"percentZero":        "a%00b.jpg",
		"colon":              "12:30.jpg",
		"stream":             "picture.jpg:stream",
		"star":               "a*b.jpg",
		"pipe":               "a|b.jpg",
		"angles":             "<a>.jpg",
		"quotes":             `"a" 'b' ` + "`c`.jpg",
		"dollar":             "$HOME;$(id).jpg",
		"braces":             "{a}[b](c)!@^.jpg",
		"comma":              "a,b;c.jpg",
		"backslash":          `a\b.jpg`,
		"backslashTraversal": `..\..\b.jpg`,
		"newline":            "a\nb.jpg",
		"carriageReturn":     "a\rb.jpg",
		"tab":                "a\tb.jpg",
		"escape":             "a\x1b[31mb.jpg",
		"control":            "a\x01b.jpg",
		"delete":             "a\x7fb.jpg",
		"c1":                 "a\u0085b.jpg",
		"nbsp":               "a\u00a0b.jpg",
		"zeroWidth":          "a\u200bb.jpg",
		"bidi":               "a\u202egpj.exe",
		"byteOrderMark":      "\ufeffa.jpg",
		"nonCharacter":       "a\uffffb.jpg",
		"replacement":        "a\ufffdb.jpg",
		"private":            "a\uf05cb.jpg",
		"sharpS":             "Straße.jpg",
		"turkish":            "Iİıi.jpg",
		"kelvin":             "\u212a.jpg",
		"fullwidthSlash":     "a／b.jpg",
		"divisionSlash":      "a∕b.jpg",
		"deep":               strings.Repeat("d/", 60) + "picture.jpg",
		"veryDeep":           strings.Repeat("0123456789/", 500) + "picture.jpg",
		"traversal":          "../outside.jpg",
		"innerTraversal":     "a/../../outside.jpg",
		"traversalBack":      "a/../b.jpg",
		"dotSegment":         "./b.jpg",
		"innerDot":           "a/./b.jpg",
		"absolute":           "/tmp/outside.jpg",
		"doubleSlash":        "a//b.jpg",
		"trailingSlash":      "a/b/",
		"nul":                "a\x00b.jpg",
		"invalidUTF8":        "a\xff\xfeb.jpg",
		"empty":              "",
		"dot":                ".",
		"dotdot":             "..",
	}
}

func (s suite) testNames(t *testing.T) {
	for name, path := range hostileNames() {
		s.run(t, name, func(t *test) { testHostileName(t, path) })
	}
	s.run(t, "AllTogether", testNamesTogether)
	for name, pair := range map[string][2]string{
		"CasePair":          {"pair/IMG_1.JPG", "pair/img_1.jpg"},
		"CasePairFolders":   {"Pair/a.jpg", "pair/a.jpg"},
		"NormalizationPair": {"pair/\u00e9.jpg", "pair/e\u0301.jpg"},
		"SharpSPair":        {"pair/strasse.jpg", "pair/straße.jpg"},
		"EscapePair":        {"pair/a b.jpg", "pair/a+b.jpg"},
		"PercentPair":       {"pair/a b.jpg", "pair/a%20b.jpg"},
	} {
		s.run(t, name, func(t *test) { testNamePair(t, pair[0], pair[1]) })
	}
}

func testHostileName(t *test, path string) {
	body := content(1, 321)
	if why := t.conn.Names().Check(path); why != "" {
		t.wantRefused(path)
		t.wantList("")
		return
	}
	obj := t.mustPut(path, body)
	t.wantObject("commit", obj, path, body)
	t.wantContent(path, body)
	t.wantList("", path)
	if i := strings.LastIndexByte(path, '/'); i > 0 {
		t.wantList(path[:i], path)
	}
}

// wantRefused proves that a path the rules refuse is refused everywhere.
func (t *test) wantRefused(path string) {
	t.Helper()
	s, err := t.sink().Begin(t.ctx, connectors.Upload{Path: path, Size: 3})
	if err == nil {
		_ = s.Abort(t.ctx)
	}
	t.wantKind("begin", err, connectors.NameRejected)
	_, err = t.source().Stat(t.ctx, path)
	t.wantKind("stat", err, connectors.NotFound, connectors.NameRejected)
	r, _, err := t.source().Open(t.ctx, path, 0, "")
	if err == nil {
		_ = r.Close()
	}
	t.wantKind("open", err, connectors.NotFound, connectors.NameRejected)
	if d, ok := t.conn.(connectors.Deleter); ok {
		t.wantKind("delete", d.Delete(t.ctx, path, connectors.Expect{}), connectors.NotFound, connectors.NameRejected)
	}
}

// testNamesTogether keeps every acceptable name in one store: none of them may
// hide or overwrite another.
func testNamesTogether(t *test) {
	rules := t.conn.Names()
	kept := map[string][]byte{}
	keys := map[string]bool{}
	var seed uint64
	for _, path := range hostileNames() {
		if seed++; rules.Check(path) != "" || keys[rules.Key(path)] {
			continue
		}
		keys[rules.Key(path)] = true
		kept[path] = content(seed, 50)
		t.mustPut(path, kept[path])
	}
	all, _ := t.list("")
	if len(all) != len(kept) {
		t.Errorf("%d names were written and %d are listed", len(kept), len(all))
	}
	for path, body := range kept {
		t.wantObject("list", all[path], path, body)
		t.wantContent(path, body)
	}
}

// testNamePair writes two names that a store may take for one; the rules say
// which it is.
func testNamePair(t *test, a, b string) {
	rules := t.conn.Names()
	if rules.Check(a) != "" || rules.Check(b) != "" {
		return
	}
	first := t.mustPut(a, content(1, 100))
	second, err := put(t, connectors.Upload{Path: b, Expect: connectors.Expect{Absent: true}}, content(2, 100))
	if rules.Key(a) != rules.Key(b) {
		if err != nil {
			t.Fatalf("%q beside %q: %v", b, a, err)
		}
		t.wantContent(a, content(1, 100))
		t.wantContent(b, content(2, 100))
		t.wantSame("the first", t.mustStat(a), first)
		t.wantSame("the second", t.mustStat(b), second)
		t.wantList("", a, b)
		return
	}
	if err == nil {
		// Key folds more than this store does, and both are kept.
		t.wantContent(a, content(1, 100))
		t.wantContent(b, content(2, 100))
		t.wantList("", a, b)
		return
	}
	t.wantKind("the same name spelled otherwise", err, connectors.Exists)
	t.wantSame("the first", t.mustStat(a), first)
	t.wantContent(a, content(1, 100))
	// Found under another spelling would be a silent rename.
	t.wantAbsent(b)
	t.wantList("", a)
}
