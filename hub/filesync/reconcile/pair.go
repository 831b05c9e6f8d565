package reconcile

import (
	"fmt"

	"github.com/wedsync/wedsync/connectors"
	"github.com/wedsync/wedsync/ent/conflict"
	"github.com/wedsync/wedsync/ent/filesync"
	"github.com/wedsync/wedsync/ent/transfer"
)

// pair is one file at one target.
type pair struct {
	*view
	path string
	// source and target are nil where nothing is.
	source, target *connectors.Object
	base           *Base
	// lent: the base is that of another spelling, which vanished from the source.
	lent bool
}

// op makes an operation of the pair.
func (f pair) op(kind transfer.Kind, reason string) *Operation {
	o := &Operation{TargetID: f.ID, Kind: kind, Path: f.path, Reason: reason, Expect: expect(f.source, f.target)}
	if f.target != nil && f.target.Path != f.path {
		o.FromPath = f.target.Path
	}
	switch {
	case kind == transfer.KindCOPY || kind == transfer.KindUPDATE || kind == transfer.KindKEEP_BOTH:
		o.Bytes = f.source.Size
	case kind == transfer.KindPULL:
		o.Bytes = f.target.Size
	}
	return o
}

// file plans one target for a file that the source has; done: it is in step.
func (p *planner) file(v *view, path string, s *connectors.Object) (op *Operation, done bool) {
	f := pair{view: v, path: path, source: s}
	if why := p.inadmissible(f); why != "" {
		return f.op(transfer.KindREFUSE, why), false
	}
	if op := v.renames[path]; op != nil {
		return op, false
	}
	if v.leaving[v.files.key(path)] {
		p.wait(v, path) // the place is taken until the rename is done
		return nil, false
	}
	f.base, f.lent = v.base(path)
	if f.base != nil && v.files.key(f.base.Path) != v.files.key(path) {
		f.base = nil // it could not be renamed: what is at the path counts
	}
	f.target = v.proven(v.at(path), f.base, path)

	rel, kind := relate(f.source, f.target, f.base)
	switch rel {
	case inStep, equal:
		return p.settled(f, rel), true
	case lacking:
		return p.fits(f, f.op(transfer.KindCOPY, lackingWhy(f.base))), false
	case behind:
		op := f.op(transfer.KindUPDATE, "")
		// Another file's last content: its deletion at the source is not this one's.
		op.Retain = f.lent
		return p.fits(f, op), false
	case doubtful:
		if _, decided := p.decided(f); !decided {
			return p.compare(f, kind), false
		}
	}
	return p.conflicting(f, kind), false
}

func lackingWhy(b *Base) string {
	if b != nil {
		return "The target lost it."
	}
	return ""
}

// inadmissible says why the target cannot have the file.
func (p *planner) inadmissible(f pair) string {
	if other, ok := f.claimant(f.path); ok && other != f.path {
		return fmt.Sprintf("The store takes this name and %q for the same; rename one of them at the source.", other)
	}
	for _, other := range f.known.alike(f.path) {
		if other != f.path && p.skipped.has(other) {
			return fmt.Sprintf("The store takes this name and %q for the same, and the source does not tell of that.", other)
		}
	}
	if why := f.check(f.path); why != "" {
		return "The store cannot hold it: " + why + ". Rename it at the source."
	}
	if why, unknown := f.skipped.why(f.path); unknown {
		return "Something else is in its place at the store: " + why
	}
	return ""
}

// fits refuses what is too large for the target.
func (p *planner) fits(f pair, op *Operation) *Operation {
	if f.MaxFileSize > 0 && f.source.Size > f.MaxFileSize {
		return f.op(transfer.KindREFUSE, fmt.Sprintf("The store takes files of at most %d bytes and this has %d.", f.MaxFileSize, f.source.Size))
	}
	return op
}

// settled plans what is equal: the books may have to learn of it, and what was
// agreed on may have to be spelled anew.
func (p *planner) settled(f pair, rel relation) *Operation {
	switch {
	case f.lent && f.CanRename && f.target.Path != f.path && changeOf(f.target, f.base, f.base.Revision).kept():
		return f.op(transfer.KindRENAME, "")
	case f.lent || rel == equal:
		return f.op(transfer.KindADOPT, "")
	}
	return nil
}

// compare plans to read what may be equal. The name to keep both under is given in
// any case, for the strategy that needs it should they differ.
func (p *planner) compare(f pair, kind conflict.Kind) *Operation {
	op := f.op(transfer.KindCOMPARE, "")
	op.Conflict = &Conflict{Kind: kind, Source: side(f.source), Target: side(f.target)}
	if p.options.Strategy == filesync.ConflictStrategyKEEP_BOTH {
		op.Aside = p.aside(f)
	}
	return op
}

// remains plans one target for a file that vanished from the source.
func (p *planner) remains(v *view, path string) *Operation {
	f := pair{view: v, path: path}
	f.base, f.lent = v.base(path)
	if _, booked := v.Bases[path]; booked && f.base == nil {
		return f.op(transfer.KindADOPT, "Another file has its place by now.")
	}
	if f.base == nil || f.lent || v.leaving[v.files.key(f.base.Path)] {
		return nil
	}
	if p.takes(v, f.base.Path) {
		return nil // the place belongs to another file of the source by now
	}
	if v.skipped.has(f.base.Path) {
		p.wait(v, path)
		return nil
	}
	f.target = v.proven(v.at(f.base.Path), f.base, path)
	rel, kind := relate(nil, f.target, f.base)
	switch {
	case rel == forgotten && !p.suspect():
		return f.op(transfer.KindADOPT, "Neither has it any more.")
	case rel == forgotten || p.options.DeleteMode == filesync.DeleteModeNONE:
		return nil
	case rel == apart && !p.suspect():
		return p.conflicting(f, kind)
	}
	return p.remove(f, false)
}

func (p *planner) remove(f pair, retain bool) *Operation {
	if !f.CanDelete {
		return f.op(transfer.KindREFUSE, "It vanished from the source, and the store cannot delete.")
	}
	op := f.op(transfer.KindDELETE, "It vanished from the source.")
	op.Retain = retain
	return op
}
