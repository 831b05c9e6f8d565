package relay

import (
	"encoding/base64"
	"fmt"

	"github.com/wedsync/wedsync/internal/id"
)

// OldestFirst orders a list of things of one kind by id, which is by the time of
// their creation.
func OldestFirst[N any](kind id.Prefix, of func(N) string) Order[N] {
	return Order[N]{
		Column: "id",
		Cursor: func(n N) string { return base64.RawURLEncoding.EncodeToString([]byte(of(n))) },
		Key:    func(cursor string) (any, error) { return parse(kind, cursor) },
	}
}

// NewestFirst is the reverse of OldestFirst.
func NewestFirst[N any](kind id.Prefix, of func(N) string) Order[N] {
	o := OldestFirst(kind, of)
	o.Descending = true
	return o
}

// parse returns the id in a cursor of a list of things of the kind.
func parse(kind id.Prefix, cursor string) (string, error) {
	raw, err := base64.RawURLEncoding.DecodeString(cursor)
	if err != nil {
		return "", fmt.Errorf("decode cursor: %w", err)
	}
	got, err := id.Parse(string(raw))
	if err != nil {
		return "", err
	}
	if got != kind {
		return "", fmt.Errorf("cursor of a list of %s, not %s", got, kind)
	}
	return string(raw), nil
}
