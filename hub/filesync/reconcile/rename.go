package reconcile

import (
	"cmp"
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
	byContent := map[content][]string{}
	for _, old := range p.vanished() {
		seen := map[content]bool{}
		for _, v := range p.views {
			if b, ok := v.Bases[old]; ok && b.SHA256 != "" && !seen[content{b.Size, b.SHA256}] {
				c := content{b.Size, b.SHA256}
				seen[c] = true
				byContent[c] = append(byContent[c], old)
			}
		}
	}
	gone := map[string]bool{}
	for _, path := range p.fresh() {
		s := p.sourceAt(path)
		candidates := slices.DeleteFunc(
			slices.Clone(byContent[content{s.Size, s.Hashes[connectors.SHA256]}]),
			func(old string) bool { return gone[old] })
		for _, old := range closest(candidates, path) {
			if p.rename(old, path, s) {
				gone[old] = true
				break
			}
		}
	}
	for _, v := range p.views {
		p.resumeRenames(v)
	}
}

// closest sorts old names by how likely they became the new one: those of the same
// base name first.
func closest(old []string, name string) []string {
	other := func(p string) int {
		if path.Base(p) == path.Base(name) {
			return 0
		}
		return 1
	}
	slices.SortStableFunc(old, func(a, b string) int { return cmp.Compare(other(a), other(b)) })
	return old
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
		s := p.sourceAt(path)
		b, _ := v.base(path)
		if s == nil || b == nil || v.files.key(b.Path) == v.files.key(path) || v.leaving[v.files.key(b.Path)] {
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
