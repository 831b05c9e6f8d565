package id_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/wedsync/wedsync/internal/id"
)

func TestIdsSortByTimeAndNameTheirKind(t *testing.T) {
	t.Parallel()
	var made []string
	for range 1000 {
		made = append(made, id.New(id.Run))
	}
	if !slices.IsSorted(made) {
		t.Error("later ids do not sort after earlier ones")
	}
	if len(slices.Compact(slices.Clone(made))) != len(made) {
		t.Error("an id was made twice")
	}
	for _, s := range made {
		if kind, err := id.Parse(s); err != nil || kind != id.Run {
			t.Fatalf("%s is %q, %v", s, kind, err)
		}
	}
}

func TestWhatIsNoId(t *testing.T) {
	t.Parallel()
	good := id.New(id.File)
	for _, s := range []string{
		"", "fil", "fil_", "_" + good[4:], good[4:], good + "0", good[:len(good)-1], strings.ToUpper(good),
		"fil_" + strings.Repeat("z", 26), "fil_../../etc/passwd", "fil\x00" + good[4:], strings.Repeat("a", 1<<20),
	} {
		if kind, err := id.Parse(s); err == nil {
			t.Errorf("%.80q is an id of %q", s, kind)
		} else if len(err.Error()) > 300 {
			t.Errorf("the error repeats all of a text of %d bytes", len(s))
		}
	}
}
