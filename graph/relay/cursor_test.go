package relay_test

import (
	"strings"
	"testing"

	"github.com/wedsync/wedsync/graph/relay"
	"github.com/wedsync/wedsync/internal/id"
)

func self(s string) string { return s }

func TestCursorsFitOnlyTheirOwnKindOfList(t *testing.T) {
	t.Parallel()
	weddings, syncs := relay.NewestFirst(id.Wedding, self), relay.NewestFirst(id.Sync, self)
	w := id.New(id.Wedding)
	cursor := weddings.Cursor(w)
	if key, err := weddings.Key(cursor); err != nil || key != w {
		t.Errorf("key = %v, %v", key, err)
	}
	if key, err := syncs.Key(cursor); err == nil {
		t.Errorf("a wedding's cursor fits a list of syncs: %v", key)
	}
	if _, err := relay.ParseNumber(cursor); err == nil {
		t.Error("a wedding's cursor is a number")
	}
	if strings.Contains(cursor, w) {
		t.Error("the cursor shows the id as it is")
	}
}

func FuzzCursors(f *testing.F) {
	weddings := relay.OldestFirst(id.Wedding, self)
	f.Add("")
	f.Add("IzA")
	f.Add("d2Vk")
	f.Add(relay.NumberCursor(1 << 62))
	f.Add(weddings.Cursor(id.New(id.Wedding)))
	f.Fuzz(func(t *testing.T, cursor string) {
		if n, err := relay.ParseNumber(cursor); err == nil && (n < 0 || relay.NumberCursor(n) != cursor) {
			t.Errorf("%q is the cursor of %d, which has another", cursor, n)
		}
		key, err := weddings.Key(cursor)
		if err != nil {
			return
		}
		text, ok := key.(string)
		if kind, err := id.Parse(text); !ok || err != nil || kind != id.Wedding {
			t.Errorf("%q leads to %v", cursor, key)
		}
	})
}
