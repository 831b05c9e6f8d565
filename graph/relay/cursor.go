package relay

import (
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"

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

// ByNumber orders a list by a column that counts its entries, smallest first.
func ByNumber[N any](column string, of func(N) int64) Order[N] {
	return Order[N]{
		Column: column,
		Cursor: func(n N) string { return NumberCursor(of(n)) },
		Key:    func(cursor string) (any, error) { return ParseNumber(cursor) },
	}
}

// NumberCursor is the cursor of the entry with the number.
func NumberCursor(n int64) string {
	return base64.RawURLEncoding.EncodeToString([]byte(numbered + strconv.FormatInt(n, 10)))
}

// numbered begins the cursors that are numbers.
const numbered = "#"

// ParseNumber is the reverse of NumberCursor.
func ParseNumber(cursor string) (int64, error) {
	raw, err := base64.RawURLEncoding.DecodeString(cursor)
	if err != nil {
		return 0, fmt.Errorf("decode cursor: %w", err)
	}
	digits, ok := strings.CutPrefix(string(raw), numbered)
	n, err := strconv.ParseInt(digits, 10, 64)
	if !ok || err != nil || n < 0 || NumberCursor(n) != cursor {
		return 0, errors.New("not the cursor of a number")
	}
	return n, nil
}
