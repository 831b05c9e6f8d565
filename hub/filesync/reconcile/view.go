package reconcile

import (
	"maps"
	"slices"
	"strings"

	"github.com/wedsync/wedsync/connectors"
	"github.com/wedsync/wedsync/ent/detail"
)

// folding returns the rules' Key if the store takes different names for one, and
// nil if a path is its own key.
func folding(r connectors.NameRules) func(string) string {
	if !r.FoldsCase && r.Normalization == connectors.NormalizationNone {
		return nil
	}
	return r.Key
}

// names finds files by what a store takes for their name.
type names struct {
	fold func(string) string
	// spellings by key, in order; nil if a path is its own key.
	spellings map[string][]string
}

func newNames[T any](r connectors.NameRules, paths map[string]T) names {
	n := names{fold: folding(r)}
	if n.fold == nil {
		return n
	}
	n.spellings = make(map[string][]string, len(paths))
	for _, path := range slices.Sorted(maps.Keys(paths)) {
		key := n.fold(path)
		n.spellings[key] = append(n.spellings[key], path)
	}
	return n
}

func (n names) key(path string) string {
	if n.fold == nil {
		return path
	}
	return n.fold(path)
}

// alike returns the other spellings there are of the path.
func (n names) alike(path string) []string {
	if n.fold == nil {
		return nil
	}
	return n.spellings[n.fold(path)]
}

// view is a target with what is needed to find things in it.
type view struct {
	*Target
	position int
	files    names
	// known finds bases by the path of their file, placed by where the target has
	// them.
	known names
	// owner is the file that a place at the target belongs to, by key.
	owner map[string]string
	// claims is the source's file that takes a name at the target, by key; nil if
	// every file takes its own.
	claims  map[string]string
	skipped leftOut
	// renames are the operations found so far, by the file's new path, and leaving
	// the keys of the places they free.
	renames map[string]*Operation
	leaving map[string]bool
}

func newView(t *Target, position int, source map[string]connectors.Object) *view {
	v := &view{
		Target: t, position: position,
		files: newNames(t.Rules, t.Files), known: newNames(t.Rules, t.Bases),
		renames: map[string]*Operation{}, leaving: map[string]bool{},
	}
	v.skipped = reasons(t.Skipped, v.files)
	v.findOwners(source)
	v.findClaims(source)
	return v
}

// findOwners decides which of several files a place belongs to, should the books
// name it twice: one that the source has, if possible under the place's name, then
// one whose revision is there, then the first.
func (v *view) findOwners(source map[string]connectors.Object) {
	v.owner = make(map[string]string, len(v.Bases))
	rank := func(path string) int {
		b, n := v.Bases[path], 0
		if _, ok := source[path]; ok {
			n += 2
			if v.files.key(path) == v.files.key(b.Path) {
				n += 2
			}
		}
		if o := v.at(b.Path); o != nil && o.Revision == b.Revision {
			n++
		}
		return n
	}
	for _, path := range slices.Sorted(maps.Keys(v.Bases)) {
		key := v.files.key(v.Bases[path].Path)
		if other, ok := v.owner[key]; !ok || rank(path) > rank(other) {
			v.owner[key] = path
		}
	}
}

// findClaims decides which of the source's files with one name at this target has
// it: one that is there already, then the first.
func (v *view) findClaims(source map[string]connectors.Object) {
	if v.files.fold == nil {
		return
	}
	rank := func(path string) int {
		if _, ok := v.Bases[path]; ok {
			return 2
		}
		if _, ok := v.Files[path]; ok {
			return 1
		}
		return 0
	}
	v.claims = make(map[string]string, len(source))
	for _, path := range slices.Sorted(maps.Keys(source)) {
		key := v.files.key(path)
		if other, ok := v.claims[key]; !ok || rank(path) > rank(other) {
			v.claims[key] = path
		}
	}
}

// claimant returns the source's file that has the path's name at this target.
func (v *view) claimant(path string) (string, bool) {
	other, ok := v.claims[v.files.key(path)]
	return other, ok
}

// at returns what takes the path's place at the target, whatever its spelling.
func (v *view) at(path string) *connectors.Object {
	if o, ok := v.Files[path]; ok {
		return &o
	}
	if alike := v.files.alike(path); len(alike) > 0 {
		o := v.Files[alike[0]]
		return &o
	}
	return nil
}

// base returns what the file at the source's path agreed on with this target. A
// file that vanished lends its base to one that takes its name here; lent tells.
// Had it not vanished, the name would be its own and the other refused.
func (v *view) base(path string) (b *Base, lent bool) {
	if b, ok := v.Bases[path]; ok {
		if v.owner[v.files.key(b.Path)] != path {
			return nil, false
		}
		return &b, false
	}
	for _, other := range v.known.alike(path) {
		if b := v.Bases[other]; v.owner[v.files.key(b.Path)] == other {
			return &b, true
		}
	}
	return nil, false
}

// proven returns the object with its hash as far as the books know it.
func (v *view) proven(o *connectors.Object, b *Base, path string) *connectors.Object {
	if o == nil {
		return nil
	}
	known := *o
	if b != nil && b.Revision == o.Revision && b.Size == o.Size {
		known = WithHash(known, b.SHA256)
	}
	known = withSide(known, v.Pending[path].Target)
	return &known
}

func withSide(o connectors.Object, s detail.Side) connectors.Object {
	if s.Revision == "" || s.Revision != o.Revision || s.Size != o.Size {
		return o
	}
	return WithHash(o, s.SHA256)
}

// leftOut is what a listing skipped: unknown, not absent.
type leftOut struct {
	names   names
	reasons map[string]string // by key
}

func reasons(skipped []connectors.Skipped, n names) leftOut {
	l := leftOut{names: n, reasons: make(map[string]string, len(skipped))}
	for _, s := range skipped {
		l.reasons[n.key(s.Path)] = s.Reason
	}
	return l
}

// why says why the listing knows nothing about the path: it, or a folder that it
// lies in, was skipped.
func (l leftOut) why(path string) (reason string, ok bool) {
	if len(l.reasons) == 0 {
		return "", false
	}
	for key := l.names.key(path); ; key = key[:max(strings.LastIndexByte(key, '/'), 0)] {
		if reason, ok := l.reasons[key]; ok || key == "" {
			return reason, ok
		}
	}
}

// has reports whether the listing knows nothing about the path.
func (l leftOut) has(path string) bool {
	_, ok := l.why(path)
	return ok
}
