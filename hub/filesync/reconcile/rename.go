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

// rename plans that every target which has the old file renames it. It does
// nothing unless each of them can.
func (p *planner) rename(old, path string, s *connectors.Object) bool {
	ops := map[*view]*Operation{}
	for _, v := range p.views {
		b, lent := v.base(old)
		if b == nil || lent || v.at(b.Path) == nil {
			continue
		}
		op := p.renameAt(v, b, path, s)
		if op == nil {
			return false
		}
		ops[v] = op
	}
	for v, op := range ops {
		v.take(op)
	}
	return len(ops) > 0
}

// take plans a rename, which frees the place it starts from.
func (v *view) take(op *Operation) {
	v.renames[op.Path] = op
	if from := v.files.key(op.FromPath); from != v.files.key(op.Path) {
		v.leaving[from] = true
	}
}

// renameAt returns the operation that renames what the target has of the base, or
// nil if it was edited, cannot be renamed, or the new name is taken or not
// possible.
func (p *planner) renameAt(v *view, b *Base, path string, s *connectors.Object) *Operation {
	f := pair{view: v, path: path, source: s, base: b}
	f.target = v.proven(v.at(b.Path), b, path)
	if f.target == nil || f.target.Path == path || !v.CanRename || !changeOf(f.target, b, b.Revision).kept() || p.inadmissible(f) != "" {
		return nil
	}
	if there := v.at(path); there != nil && there.Path != f.target.Path {
		return nil
	}
	op := f.op(transfer.KindRENAME, "")
	if changeOf(s, b, b.SourceRevision).kept() || s.Hashes[connectors.SHA256] == b.SHA256 {
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
		if op := p.renameAt(v, b, path, s); op != nil {
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
