package connectors_test

import (
	"errors"
	"io"
	"maps"
	"strings"
	"testing"

	"github.com/wedsync/wedsync/connectors"
)

// known are digests of "abc" as published with the algorithms.
func known() connectors.Hashes {
	return connectors.Hashes{
		connectors.SHA256: "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
		connectors.SHA1:   "a9993e364706816aba3e25717850c26c9cd0d89d",
		connectors.MD5:    "900150983cd24fb0d6963f7d28e17f72",
		connectors.CRC32C: "364b3fb7",
	}
}

func TestHasher(t *testing.T) {
	t.Parallel()
	h, err := connectors.NewHasher(append(known().Algorithms(), connectors.MD5)...)
	if err != nil {
		t.Fatal(err)
	}
	for _, part := range []string{"a", "", "bc"} {
		if n, err := io.WriteString(h, part); n != len(part) || err != nil {
			t.Fatal(n, err)
		}
		h.Sums() // looking does not disturb
	}
	if got := h.Sums(); !maps.Equal(got, known()) {
		t.Errorf("got %v, want %v", got, known())
	}
	if _, err := connectors.NewHasher("ROT13"); err == nil {
		t.Error("an unknown algorithm is taken")
	}
}

func TestMatch(t *testing.T) {
	t.Parallel()
	full := known()
	other := known()
	other[connectors.MD5] = strings.Repeat("0", 32)
	for name, test := range map[string]struct {
		a, b         connectors.Hashes
		equal, known bool
	}{
		"all the same":      {full, known(), true, true},
		"one in common":     {full, connectors.Hashes{connectors.SHA1: full[connectors.SHA1]}, true, true},
		"one differs":       {full, other, false, true},
		"none in common":    {connectors.Hashes{connectors.SHA1: "a"}, connectors.Hashes{connectors.MD5: "a"}, false, false},
		"nothing to go by":  {full, nil, false, false},
		"nothing on either": {nil, nil, false, false},
	} {
		for _, dir := range [][2]connectors.Hashes{{test.a, test.b}, {test.b, test.a}} {
			if equal, known := dir[0].Match(dir[1]); equal != test.equal || known != test.known {
				t.Errorf("%s: %t, %t; want %t, %t", name, equal, known, test.equal, test.known)
			}
		}
	}
}

func TestCheckPart(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		n, offset, size, part int64
		ok                    bool
	}{
		{10, 0, 25, 10, true}, {10, 10, 25, 10, true}, {5, 20, 25, 10, true}, {3, 0, 3, 10, true},
		{9, 0, 25, 10, false}, {11, 0, 25, 10, false}, {10, 20, 25, 10, false}, {0, 25, 25, 10, false}, {0, 0, 0, 10, false}, {-1, 0, 25, 10, false},
	} {
		err := connectors.CheckPart(test.n, test.offset, test.size, test.part)
		if test.ok != (err == nil) || err != nil && !connectors.Is(err, connectors.Invalid) {
			t.Errorf("%+v: %v", test, err)
		}
	}
}

func TestCopyPart(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	if err := connectors.CopyPart(&b, strings.NewReader("abcdef"), 4); err != nil || b.String() != "abcd" {
		t.Errorf("got %q, %v", b.String(), err)
	}
	err := connectors.CopyPart(io.Discard, strings.NewReader("abc"), 4)
	if !connectors.Is(err, connectors.Corrupt) || !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("a body that ends early: %v", err)
	}
	broken := errors.New("broken")
	err = connectors.CopyPart(io.Discard, io.MultiReader(strings.NewReader("ab"), errReader{broken}), 4)
	if !errors.Is(err, broken) {
		t.Errorf("a body that breaks: %v", err)
	}
}

type errReader struct{ err error }

func (e errReader) Read([]byte) (int, error) { return 0, e.err }

func TestRolesAreComplete(t *testing.T) {
	t.Parallel()
	seen := map[connectors.Role]bool{}
	for _, r := range connectors.Roles() {
		if seen[r] {
			t.Errorf("%s is listed twice", r)
		}
		seen[r] = true
		if connectors.Implements(nil, r) {
			t.Errorf("nothing implements %s", r)
		}
	}
	d := connectors.Descriptor{Roles: []connectors.RoleSupport{{Role: connectors.RoleSink, Supported: true}, {Role: connectors.RoleMover, Reason: "no"}}}
	if !d.Supports(connectors.RoleSink) || d.Supports(connectors.RoleMover) || d.Supports(connectors.RoleCopier) {
		t.Error("Supports does not follow the descriptor")
	}
}
