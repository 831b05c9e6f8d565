package connectors

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
)

// Normalization is what a store does to the Unicode form of names.
type Normalization string

const (
	// NormalizationNone keeps names as given; NFC and NFD spellings are two files.
	NormalizationNone Normalization = ""
	// NormalizationFolds treats NFC and NFD spellings as the same file.
	NormalizationFolds Normalization = "FOLDS"
)

// NameRules tell which paths a store can hold and which of them it takes for the
// same file.
type NameRules struct {
	// MaxPathBytes and MaxNameBytes bound the whole path and one segment, in bytes
	// of UTF-8; 0 means no bound.
	MaxPathBytes int
	MaxNameBytes int
	// Forbidden lists runes no segment may hold ("/" and NUL never may).
	Forbidden string
	// ReservedNames are segments that are refused whatever their case and
	// extension (Windows device names).
	ReservedNames []string
	// NoTrailingDotOrSpace refuses segments that end in "." or " ".
	NoTrailingDotOrSpace bool
	// FoldsCase: names that differ only in case are the same file.
	FoldsCase bool
	// Normalization of the store.
	Normalization Normalization
}

// HubFolder is the top-level folder in which the hub keeps what it retains
// (losers of conflicts, trash). It is never synced.
const HubFolder = ".wedsync"

// InHubFolder reports whether the path is the hub's own.
func InHubFolder(path string) bool {
	return path == HubFolder || strings.HasPrefix(path, HubFolder+"/")
}

// Check returns why the store cannot hold the path, in words for people, or "".
func (r NameRules) Check(path string) string {
	switch {
	case path == "":
		return "the name is empty"
	case !utf8.ValidString(path):
		return "the name is not valid UTF-8"
	case strings.HasPrefix(path, "/"):
		return "the path is absolute"
	case r.MaxPathBytes > 0 && len(path) > r.MaxPathBytes:
		return fmt.Sprintf("the path is %d bytes long and the limit is %d", len(path), r.MaxPathBytes)
	}
	for segment := range strings.SplitSeq(path, "/") {
		if why := r.checkSegment(segment); why != "" {
			return why
		}
	}
	if top, _, _ := strings.Cut(path, "/"); top != HubFolder && r.Key(top) == HubFolder {
		return fmt.Sprintf("the name %q is taken for the hub's own folder there", top)
	}
	return ""
}

func (r NameRules) checkSegment(s string) string {
	switch {
	case s == "" || s == "." || s == "..":
		return fmt.Sprintf("the path holds the segment %q", s)
	case strings.ContainsRune(s, 0):
		return "the name holds a NUL character"
	case r.MaxNameBytes > 0 && len(s) > r.MaxNameBytes:
		return fmt.Sprintf("the name %.40q… is %d bytes long and the limit is %d", s, len(s), r.MaxNameBytes)
	case r.NoTrailingDotOrSpace && strings.HasSuffix(s, "."):
		return fmt.Sprintf("the name %q ends in a dot", s)
	case r.NoTrailingDotOrSpace && strings.HasSuffix(s, " "):
		return fmt.Sprintf("the name %q ends in a space", s)
	}
	if i := strings.IndexAny(s, r.Forbidden); r.Forbidden != "" && i >= 0 {
		c, _ := utf8.DecodeRuneInString(s[i:])
		return fmt.Sprintf("the name %q holds the character %q", s, c)
	}
	stem, _, _ := strings.Cut(s, ".")
	for _, reserved := range r.ReservedNames {
		if strings.EqualFold(strings.TrimRight(stem, " "), reserved) {
			return fmt.Sprintf("the name %q is reserved there", s)
		}
	}
	return ""
}

// Key maps a path to what the store distinguishes: two paths with different Keys
// are two files there; two with the same Key must be taken for one, though some
// stores fold less than Key does.
func (r NameRules) Key(path string) string {
	folds := r.Normalization == NormalizationFolds
	if folds {
		path = norm.NFD.String(path)
	}
	if r.FoldsCase {
		// Folding alone swaps the two cases of Cherokee instead of joining them.
		path = strings.ToLower(cases.Fold().String(path))
	}
	if folds {
		// Folding may leave marks in another order.
		path = norm.NFD.String(path)
	}
	return path
}
