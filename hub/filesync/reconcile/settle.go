package reconcile

import (
	"github.com/wedsync/wedsync/ent/conflict"
	"github.com/wedsync/wedsync/ent/transfer"
)

// decided returns what was decided about the pair's conflict, if that was decided
// about what is there now.
func (p *planner) decided(f pair) (r conflict.Resolution, ok bool) {
	was, now := f.Pending[f.path], side(f.target)
	if was.Resolution == "" || was.Target.Revision != now.Revision {
		return "", false
	}
	sameSource := was.Source.Revision == side(f.source).Revision
	if was.ByPerson {
		return was.Resolution, sameSource
	}
	// The strategy decides anew, unless another target has won in between.
	return conflict.ResolutionSOURCE, was.Resolution == conflict.ResolutionSOURCE && !sameSource
}

// conflicting plans a pair whose target holds what the hub did not put there.
func (p *planner) conflicting(f pair, kind conflict.Kind) *Operation {
	c := &Conflict{Kind: kind, Source: side(f.source), Target: side(f.target)}
	r, ok := p.decided(f)
	if ok {
		c.ByPerson = f.Pending[f.path].ByPerson
	} else {
		r, ok = Decide(p.options.Strategy, c.Source, c.Target)
	}
	if r == conflict.ResolutionKEEP_BOTH && f.source == nil {
		r = conflict.ResolutionTARGET
	}
	c.Resolution = r
	var op *Operation
	switch {
	case !ok:
		op = f.op(transfer.KindCONFLICT, open(kind))
	case r == conflict.ResolutionTARGET:
		op = p.pull(f)
	case r == conflict.ResolutionKEEP_BOTH:
		op = p.keepBoth(f)
	case f.source == nil:
		op = p.remove(f, true)
	default:
		op = p.fits(f, f.op(transfer.KindUPDATE, "The source's content wins; the target's is retained."))
		op.Retain = op.Kind == transfer.KindUPDATE
	}
	switch op.Kind {
	case transfer.KindREFUSE:
		return op
	case transfer.KindCONFLICT:
		c.Resolution, c.ByPerson = "", false
	}
	op.Conflict = c
	return op
}

func open(kind conflict.Kind) string {
	switch kind {
	case conflict.KindBOTH_CREATED:
		return "Source and target hold different files of this name."
	case conflict.KindTARGET_CHANGED:
		return "The target's file was changed there."
	case conflict.KindDELETED_AT_SOURCE:
		return "The target's file was changed there and vanished from the source."
	}
	return "Both files were changed."
}

func (p *planner) pull(f pair) *Operation {
	if why := p.unpullable(f); why != "" {
		return f.op(transfer.KindCONFLICT, "The target's content wins, but "+why)
	}
	op := f.op(transfer.KindPULL, "The target's content wins.")
	if f.source != nil {
		op.Retain, op.Reason = true, "The target's content wins; the source's is retained."
	}
	return op
}

// unpullable says why the target's content cannot be brought to the source.
func (p *planner) unpullable(f pair) string {
	if !p.source.Writable {
		return "the source cannot be written to."
	}
	if why := p.source.check(f.path); why != "" {
		return "the source cannot hold it: " + why
	}
	for _, other := range p.spelled.alike(f.path) {
		if other != f.path {
			return "the source takes its name for another: " + other
		}
	}
	return ""
}

func (p *planner) keepBoth(f pair) *Operation {
	aside := p.aside(f)
	if aside == "" {
		return f.op(transfer.KindCONFLICT, "Both should be kept, but no name for the target's content is short enough.")
	}
	op := p.fits(f, f.op(transfer.KindKEEP_BOTH, "Both are kept; the target's content gets a name of its own."))
	if op.Kind == transfer.KindKEEP_BOTH {
		op.Aside = aside
		if p.source.Writable {
			op.Bytes += f.target.Size
		}
	}
	return op
}
