package reconcile

import (
	"maps"
	"path"
	"slices"

	"github.com/wedsync/wedsync/connectors"
	"github.com/wedsync/wedsync/ent/transfer"
)

// content identifies a content.
type content struct {
	size   int64
	sha256 string
}

// maxTries bounds how many vanished files are tried as the former self of a fresh
// one.
const maxTries = 8

// vanishedFiles are the files that had one content, to be found by likeness.
type vanishedFiles struct {
	all    []string
	byBase map[string][]string
}

func (f *vanishedFiles) add(old string) {
	f.all = append(f.all, old)
	f.byBase[path.Base(old)] = append(f.byBase[path.Base(old)], old)
}

// try calls take with old names until it takes one, those of the same base name
// first.
func (f *vanishedFiles) try(name string, gone map[string]bool, take func(old string) bool) {
	tries := 0
	for _, list := range [][]string{f.byBase[path.Base(name)], f.all} {
		for _, old := range list {
			if tries == maxTries {
				return
			}
			if gone[old] {
				continue
			}
			tries++
			if take(old) {
				gone[old] = true
				return
			}
		}
	}
}

// fresh returns the source's files that no target knows, in order.
func (p *planner) fresh() []string {
	known := p.known()
	var out []string
	for path := range p.source.Files {
		if !known[path] {
			out = append(out, path)
		}
	}
	slices.Sort(out)
	return out
}

// vanished returns the files of the books that the source has no more, in order.
func (p *planner) vanished() []string {
	var out []string
	for path := range p.known() {
		if _, there := p.source.Files[path]; there {
			continue
		}
		if !p.skipped.has(path) {
			out = append(out, path)
		}
	}
	slices.Sort(out)
	return out
}

// findRenames finds files that have only got another name.
func (p *planner) findRenames() {
	byContent := p.vanishedByContent()
	gone := map[string]bool{}
	for _, path := range p.fresh() {
		s := p.sourceAt(path)
		if files := byContent[content{s.Size, s.Hashes[connectors.SHA256]}]; files != nil {
			files.try(path, gone, func(old string) bool { return p.rename(old, path, s) })
		}
	}
	for _, v := range p.views {
		p.resumeRenames(v)
	}
}

func (p *planner) vanishedByContent() map[content]*vanishedFiles {
	out := map[content]*vanishedFiles{}
	for _, old := range p.vanished() {
		seen := map[content]bool{}
		for _, v := range p.views {
			b, ok := v.Bases[old]
			c := content{b.Size, b.SHA256}
			if !ok || b.SHA256 == "" || seen[c] {
				continue
			}
			seen[c] = true
			if out[c] == nil {
				out[c] = &vanishedFiles{byBase: map[string][]string{}}
			}
			out[c].add(old)
		}
	}
	return out
}

// rename plans that the targets which have the old file rename it. One that cannot
// gets a copy while the old file goes (it is left over if that fails, because the
// books follow the file to its new name), and one that cannot hold the new name
// keeps the old file. Nothing is renamed if a target edited it: the edit would be
// forgotten under the old name.
func (p *planner) rename(old, path string, s *connectors.Object) bool {
	ops := map[*view]*Operation{}
	var keep []*view
	for _, v := range p.views {
		b, lent := v.base(old)
		if b == nil || lent {
			continue
		}
		f := pair{view: v, path: path, source: s, base: b}
		f.target = v.proven(v.at(b.Path), b, old)
		switch {
		case f.target == nil:
		case !changeOf(f.target, b, b.Revision).kept():
			return false
		case p.inadmissible(f) != "":
			keep = append(keep, v)
		default:
			if op := p.renameAt(f); op != nil {
				ops[v] = op
			}
		}
	}
	if len(ops) == 0 {
		return false
	}
	for v, op := range ops {
		v.take(op)
	}
	for _, v := range keep {
		v.leaving[v.files.key(v.Bases[old].Path)] = true
	}
	return true
}

// take plans a rename, which frees the place it starts from.
func (v *view) take(op *Operation) {
	v.renames[op.Path] = op
	if from := v.files.key(op.FromPath); from != v.files.key(op.Path) {
		v.leaving[from] = true
	}
}

// renameAt returns the operation that renames what the target has, or nil if it
// cannot or the new name is taken.
func (p *planner) renameAt(f pair) *Operation {
	if f.target.Path == f.path || !f.CanRename {
		return nil
	}
	if there := f.at(f.path); there != nil && there.Path != f.target.Path {
		return nil
	}
	op := f.op(transfer.KindRENAME, "")
	b := f.base
	if changeOf(f.source, b, b.SourceRevision).kept() || f.source.Hashes[connectors.SHA256] == b.SHA256 {
		return op
	}
	// The source has something newer, which the next run brings: what is renamed is
	// still what both agreed on.
	op.Expect.SourceRevision, op.Expect.SourceSHA256, op.Expect.SourceSize = b.SourceRevision, b.SHA256, b.Size
	return op
}

// resumeRenames plans the renames that an earlier run left undone: the file has
// its new name in the books, the target has it under the old one.
func (p *planner) resumeRenames(v *view) {
	for _, path := range slices.Sorted(maps.Keys(v.Bases)) {
		from := v.files.key(v.Bases[path].Path)
		if from == v.files.key(path) || v.leaving[from] {
			continue
		}
		s := p.sourceAt(path)
		b, _ := v.base(path)
		if s == nil || b == nil {
			continue
		}
		f := pair{view: v, path: path, source: s, base: b}
		f.target = v.proven(v.at(b.Path), b, path)
		if f.target == nil || !changeOf(f.target, b, b.Revision).kept() || p.inadmissible(f) != "" {
			continue
		}
		if op := p.renameAt(f); op != nil {
			v.take(op)
		}
	}
}

// takes reports whether a file of the source has the place at the target.
func (p *planner) takes(v *view, place string) bool {
	if v.claims == nil {
		_, ok := p.source.Files[place]
		return ok
	}
	_, ok := v.claimant(place)
	return ok
}
