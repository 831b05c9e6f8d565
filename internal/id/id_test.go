package id_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/wedsync/wedsync/internal/id"
)

func TestIdsSortByTimeAndNameTheirKind(t *testing.T) {
	t.Parallel()
	var made []string
	last, lastAt := "", int64(0)
	for range 1000 {
		before := time.Now().UnixMilli()
		made = append(made, id.New(id.Run))
		newest := made[len(made)-1]
		// The time in an id counts milliseconds; those of one may sort either way.
		if before > lastAt && newest <= last {
			t.Errorf("%s was made after %s and sorts before it", newest, last)
		}
		last, lastAt = newest, time.Now().UnixMilli()
	}
	slices.Sort(made)
	if len(slices.Compact(made)) != 1000 {
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
