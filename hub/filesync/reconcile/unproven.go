package reconcile

import (
	"maps"
	"slices"

	"github.com/wedsync/wedsync/connectors"
	"github.com/wedsync/wedsync/ent/conflict"
	"github.com/wedsync/wedsync/ent/filesync"
	"github.com/wedsync/wedsync/ent/transfer"
)

// Read names a file whose SHA-256 the plan needs.
type Read struct {
	// Target is the index of the target that has it, -1: the source.
	Target int
	// Path at that store, and the revision to read.
	Path, Revision string
}

// Unproven returns the files whose content should be hashed before Make: those
// that may have been renamed, those that may only have been touched, and those of
// several targets that may win over each other.
func Unproven(w *World) []Read {
	p := newPlanner(w)
	sizes := map[int64]bool{}
	for _, old := range p.vanished() {
		for _, v := range p.views {
			if b, ok := v.Bases[old]; ok {
				sizes[b.Size] = true
			}
		}
	}
	var out []Read
	for _, path := range p.fresh() {
		if s := p.sourceAt(path); sizes[s.Size] && s.Hashes[connectors.SHA256] == "" {
			out = append(out, Read{-1, path, s.Revision})
		}
	}
	known := p.known()
	for _, path := range slices.Sorted(maps.Keys(p.source.Files)) {
		if known[path] && p.maybeTouched(path) {
			out = append(out, Read{-1, path, p.source.Files[path].Revision})
		}
	}
	out = append(out, p.touchedThere()...)
	return append(out, p.rivals()...)
}

// touchedThere returns the targets' files that may be what was agreed on under
// another revision, where the source has something else or nothing: comparing the
// two would not tell.
func (p *planner) touchedThere() []Read {
	var out []Read
	for _, path := range p.paths() {
		s := p.sourceAt(path)
		if p.skipped.has(path) {
			continue
		}
		for i, v := range p.views {
			b, _ := v.base(path)
			if b == nil || b.SHA256 == "" || s != nil && changeOf(s, b, b.SourceRevision).kept() {
				continue
			}
			o := v.proven(v.at(b.Path), b, path)
			if o != nil && changeOf(o, b, b.Revision) == unproven {
				out = append(out, Read{i, o.Path, o.Revision})
			}
		}
	}
	return out
}

// maybeTouched reports whether the source's file may be what a target agreed on
// under another revision.
func (p *planner) maybeTouched(path string) bool {
	s := p.sourceAt(path)
	for _, v := range p.views {
		if b, _ := v.base(path); b != nil && changeOf(s, b, b.SourceRevision) == unproven && b.SHA256 != "" {
			return true
		}
	}
	return false
}

// rivals returns what has to be read to find out which of several targets wins
// over the source: comparing while files move would let them win one after
// another.
func (p *planner) rivals() []Read {
	strategy := p.options.Strategy
	if strategy != filesync.ConflictStrategyTARGET_WINS && strategy != filesync.ConflictStrategyNEWEST || len(p.views) < 2 {
		return nil
	}
	p.findRenames()
	var out []Read
	for _, path := range slices.Sorted(maps.Keys(p.source.Files)) {
		s := p.sourceAt(path)
		var doubtful []Read
		candidates := 0
		for i, v := range p.views {
			op, _ := p.file(v, path, s)
			if op == nil || op.Conflict == nil {
				continue
			}
			r, ok := Decide(strategy, op.Conflict.Source, op.Conflict.Target)
			if !ok || r != conflict.ResolutionTARGET || op.Conflict.ByPerson {
				continue
			}
			candidates++
			if op.Kind == transfer.KindCOMPARE {
				place := v.at(path)
				doubtful = append(doubtful, Read{i, place.Path, place.Revision})
			}
		}
		if candidates < 2 || len(doubtful) == 0 {
			continue
		}
		if s.Hashes[connectors.SHA256] == "" {
			out = append(out, Read{-1, path, s.Revision})
		}
		out = append(out, doubtful...)
	}
	return out
}
