package reconcile

import (
	"cmp"
	"fmt"
	"maps"
	"slices"

	"github.com/wedsync/wedsync/connectors"
	"github.com/wedsync/wedsync/ent/conflict"
	"github.com/wedsync/wedsync/ent/filesync"
	"github.com/wedsync/wedsync/ent/transfer"
)

// maxPath is the longest path, in bytes, that the hub's books hold: with the ids
// beside it, it has to fit into an entry of PostgreSQL's indexes, 2704 bytes.
const maxPath = 2500

// planner makes one plan.
type planner struct {
	options Options
	source  *Source
	skipped leftOut
	// spelled finds the source's own files by what it takes for their name.
	spelled names
	views   []*view
	// asides are the names given out, folded as far as any store might.
	asides map[string]bool
	plan   Plan
}

func newPlanner(w *World) *planner {
	p := &planner{
		options: w.Options, source: &w.Source,
		spelled: newNames(w.Source.Rules, w.Source.Files),
		asides:  map[string]bool{},
		plan:    Plan{Waiting: map[Place]bool{}},
	}
	p.skipped = reasons(w.Source.Skipped, p.spelled)
	for i := range w.Targets {
		p.views = append(p.views, newView(&w.Targets[i], i, w.Source.Files))
	}
	return p
}

// Make decides what has to be done. The same world gives the same plan. Files
// that Unproven names should have got their SHA-256 before; without it content
// may be sent again that is there already.
func Make(w *World) Plan {
	p := newPlanner(w)
	p.findRenames()
	p.refuseSkipped()
	for _, path := range p.paths() {
		if s := p.sourceAt(path); s != nil {
			p.present(path, s)
		} else {
			p.absent(path)
		}
	}
	p.guard()
	slices.SortStableFunc(p.plan.Operations, func(a, b Operation) int {
		return cmp.Compare(a.Path, b.Path) // the targets' order is there already
	})
	return p.plan
}

// paths returns every path that the source or the books know, in order.
func (p *planner) paths() []string {
	all := maps.Clone(p.known())
	for path := range p.source.Files {
		all[path] = true
	}
	return slices.Sorted(maps.Keys(all))
}

// known returns the paths of the books.
func (p *planner) known() map[string]bool {
	all := map[string]bool{}
	for _, v := range p.views {
		for path := range v.Bases {
			all[path] = true
		}
	}
	return all
}

// sourceAt returns what the source has at the path, with its hash as far as the
// books know it, or nil.
func (p *planner) sourceAt(path string) *connectors.Object {
	o, ok := p.source.Files[path]
	if !ok {
		return nil
	}
	for _, v := range p.views {
		if b, ok := v.Bases[path]; ok && b.SourceRevision == o.Revision && b.Size == o.Size {
			o = WithHash(o, b.SHA256)
		}
		o = withSide(o, v.Pending[path].Source)
	}
	return &o
}

// refuseSkipped shows what the source's listing left out.
func (p *planner) refuseSkipped() {
	for _, k := range p.source.Skipped {
		p.plan.Operations = append(p.plan.Operations, Operation{Kind: transfer.KindREFUSE, Path: k.Path, Reason: k.Reason})
	}
}

// present plans a file that the source has.
func (p *planner) present(path string, s *connectors.Object) {
	p.plan.Files++
	if why := (connectors.NameRules{MaxPathBytes: maxPath}).Check(path); why != "" {
		p.plan.Operations = append(p.plan.Operations, Operation{Kind: transfer.KindREFUSE, Path: path, Reason: why})
		return
	}
	ops := make([]*Operation, len(p.views))
	for i, v := range p.views {
		op, done := p.file(v, path, s)
		if done {
			p.plan.Unchanged++
		}
		ops[i] = op
	}
	p.add(ops)
}

// absent plans a file that the books know and the source does not have.
func (p *planner) absent(path string) {
	if p.skipped.has(path) || p.suspect() && p.options.DeleteMode == filesync.DeleteModeNONE {
		for _, v := range p.views {
			p.wait(v, path)
		}
		return
	}
	ops := make([]*Operation, len(p.views))
	for i, v := range p.views {
		ops[i] = p.remains(v, path)
	}
	p.add(ops)
}

// suspect reports whether the source is empty though it was not, which is more
// often a disk that is not mounted than somebody's will.
func (p *planner) suspect() bool {
	return len(p.source.Files) == 0 && !p.options.AllowEmptySource
}

// add takes the operations of one path over into the plan, at most one per target.
// If a target's content is pulled, the source is about to change: the others wait
// for the next run.
func (p *planner) add(ops []*Operation) {
	winner := p.winner(ops)
	for i, op := range ops {
		if op == nil {
			continue
		}
		waits := winner >= 0 && i != winner && op.Kind != transfer.KindCONFLICT && op.Kind != transfer.KindREFUSE
		if !waits {
			p.plan.Operations = append(p.plan.Operations, *op)
			continue
		}
		p.wait(p.views[i], op.Path)
		if op.Kind == transfer.KindPULL {
			lost := *op.Conflict
			lost.Resolution, lost.ByPerson = conflict.ResolutionSOURCE, false
			p.plan.Lost = append(p.plan.Lost, Lost{TargetID: op.TargetID, Path: op.Path, Conflict: lost})
		}
	}
}

func (p *planner) wait(v *view, path string) {
	p.plan.Waiting[Place{v.ID, path}] = true
}

// winner returns the index of the operation that pulls, -1 if none does.
func (p *planner) winner(ops []*Operation) int {
	best := -1
	for i, op := range ops {
		if op == nil || op.Kind != transfer.KindPULL {
			continue
		}
		if best < 0 || p.beats(op.Conflict, ops[best].Conflict) {
			best = i
		}
	}
	return best
}

// beats compares two targets' contents that both won over the source; a is of the
// later target.
func (p *planner) beats(a, b *Conflict) bool {
	switch p.options.Strategy {
	case filesync.ConflictStrategyNEWEST:
		return a.Target.ModTime.After(b.Target.ModTime)
	case filesync.ConflictStrategyLARGEST:
		return a.Target.Size > b.Target.Size
	}
	return false
}

// guard refuses a target's deletions if there are too many, or if the source looks
// as if it was not there. What a person decided is done.
func (p *planner) guard() {
	counts := map[string]int{}
	for _, op := range p.plan.Operations {
		if guarded(op) {
			counts[op.TargetID]++
		}
	}
	why := map[string]string{}
	for _, v := range p.views {
		n, of := counts[v.ID], len(v.Bases)
		switch {
		case n == 0:
		case p.suspect():
			why[v.ID] = "The source is empty, which may be a failure, so nothing is deleted. If it is meant to be, let the sync allow an empty source."
		case n*100 > p.options.MaxDeletePercent*of:
			why[v.ID] = fmt.Sprintf("%d of %d files would be deleted, which is more than %d percent, so none is. If they are meant to be, raise the sync's limit and start it again.", n, of, p.options.MaxDeletePercent)
		}
	}
	for i, op := range p.plan.Operations {
		if reason := why[op.TargetID]; reason != "" && guarded(op) {
			p.plan.Operations[i] = Operation{TargetID: op.TargetID, Kind: transfer.KindREFUSE, Path: op.Path, Reason: reason, Expect: op.Expect}
		}
	}
}

func guarded(op Operation) bool {
	return op.Kind == transfer.KindDELETE && (op.Conflict == nil || !op.Conflict.ByPerson)
}
