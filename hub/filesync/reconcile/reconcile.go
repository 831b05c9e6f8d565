package reconcile

import (
	"time"

	"github.com/wedsync/wedsync/connectors"
	"github.com/wedsync/wedsync/ent/conflict"
	"github.com/wedsync/wedsync/ent/detail"
	"github.com/wedsync/wedsync/ent/filesync"
	"github.com/wedsync/wedsync/ent/transfer"
)

// State is what a store holds at a path.
type State struct {
	Revision string
	Size     int64
	ModTime  time.Time
	Hashes   connectors.Hashes
}

// Base is what source and target held when they last agreed.
type Base struct {
	SourceRevision string
	TargetRevision string
	Size           int64
	SHA256         string
}

// Pair is one path at the source and at one target. A nil State means that
// nothing is there, a nil Base that the two never agreed.
type Pair struct {
	Source, Target *State
	Base           *Base
}

// Options are what a sync says about decisions.
type Options struct {
	Strategy   filesync.ConflictStrategy
	DeleteMode filesync.DeleteMode
	// SourceWritable allows the target's content to replace the source's.
	SourceWritable bool
}

// Decision is what has to happen to a pair. An empty Kind means that it is in
// step.
type Decision struct {
	Kind   transfer.Kind
	Reason string
	// Retain keeps what the target (for PULL: the source) holds before it goes.
	Retain bool
	// Conflict is set if source and target changed apart, also where the strategy
	// settles it at once.
	Conflict conflict.Kind
}

// Decide compares the three states of a pair.
func Decide(p Pair, o Options) Decision {
	switch {
	case p.Base == nil:
		return neverAgreed(p, o)
	case p.Source == nil && p.Target == nil:
		return Decision{Kind: transfer.KindADOPT, Reason: "gone from both"}
	case p.Source == nil:
		return deletedAtSource(p, o)
	case p.Target == nil:
		return Decision{Kind: transfer.KindCOPY, Reason: "the target lost it"}
	}
	return bothThere(p, o)
}

func neverAgreed(p Pair, o Options) Decision {
	switch {
	case p.Source == nil:
		return Decision{} // the target's own file
	case p.Target == nil:
		return Decision{Kind: transfer.KindCOPY}
	}
	if equal, known := sameContent(p.Source, p.Target); known && equal {
		return Decision{Kind: transfer.KindADOPT, Reason: "both have the same content"}
	} else if !known {
		return Decision{Kind: transfer.KindCOMPARE}
	}
	return settle(conflict.KindBOTH_CREATED, p, o)
}

func deletedAtSource(p Pair, o Options) Decision {
	switch {
	case o.DeleteMode == filesync.DeleteModeNONE:
		return Decision{}
	case p.targetChanged():
		return settle(conflict.KindDELETED_AT_SOURCE, p, o)
	}
	return Decision{Kind: transfer.KindDELETE, Retain: o.DeleteMode == filesync.DeleteModeTRASH}
}

func bothThere(p Pair, o Options) Decision {
	source, target := p.sourceChanged(), p.targetChanged()
	if !source && !target {
		if p.Source.Revision == p.Base.SourceRevision && p.Target.Revision == p.Base.TargetRevision {
			return Decision{}
		}
		return Decision{Kind: transfer.KindADOPT, Reason: "only the date changed"}
	}
	if source && !target {
		return Decision{Kind: transfer.KindUPDATE}
	}
	if !source && p.targetPerhapsTouched() {
		return Decision{Kind: transfer.KindCOMPARE, Reason: "the target's date changed"}
	}
	if !source {
		return settle(conflict.KindTARGET_CHANGED, p, o)
	}
	if equal, known := sameContent(p.Source, p.Target); known && equal {
		return Decision{Kind: transfer.KindADOPT, Reason: "both changed to the same content"}
	} else if !known {
		return Decision{Kind: transfer.KindCOMPARE}
	}
	return settle(conflict.KindBOTH_CHANGED, p, o)
}

// settle turns a conflict into what the strategy makes of it.
func settle(kind conflict.Kind, p Pair, o Options) Decision {
	d := Decision{Conflict: kind}
	resolution, ok := Resolve(o.Strategy, side(p.Source), side(p.Target))
	if ok && resolution != conflict.ResolutionSOURCE && p.Source == nil {
		resolution = conflict.ResolutionTARGET // there is only one content to keep
	}
	if !ok {
		d.Kind, d.Reason = transfer.KindCONFLICT, question(kind)
		return d
	}
	switch resolution {
	case conflict.ResolutionSOURCE:
		d.Kind, d.Retain, d.Reason = transfer.KindUPDATE, true, "the source wins"
		if p.Source == nil {
			d.Kind = transfer.KindDELETE
		}
	case conflict.ResolutionTARGET:
		d.Kind, d.Retain, d.Reason = transfer.KindPULL, p.Source != nil, "the target wins"
		if !o.SourceWritable {
			d.Kind, d.Retain, d.Reason = transfer.KindCONFLICT, false, "the target should win, but the source cannot be written to"
		}
	case conflict.ResolutionKEEP_BOTH:
		d.Kind, d.Reason = transfer.KindKEEP_BOTH, "both are kept"
	}
	return d
}

// question says what a person has to decide about.
func question(kind conflict.Kind) string {
	switch kind {
	case conflict.KindBOTH_CREATED:
		return "source and target hold different files of this name"
	case conflict.KindTARGET_CHANGED:
		return "the file changed at the target only"
	case conflict.KindDELETED_AT_SOURCE:
		return "the file is gone from the source and changed at the target"
	}
	return "source and target both changed"
}

// Resolve says which side a strategy prefers; ok is false where a person has to
// decide. A side without a revision holds nothing.
func Resolve(strategy filesync.ConflictStrategy, source, target detail.Side) (_ conflict.Resolution, ok bool) {
	switch strategy {
	case filesync.ConflictStrategySOURCE_WINS:
		return conflict.ResolutionSOURCE, true
	case filesync.ConflictStrategyTARGET_WINS:
		return conflict.ResolutionTARGET, true
	case filesync.ConflictStrategyKEEP_BOTH:
		return conflict.ResolutionKEEP_BOTH, true
	case filesync.ConflictStrategyNEWEST:
		return preferTarget(target.ModTime.After(source.ModTime) || source.Revision == ""), true
	case filesync.ConflictStrategyLARGEST:
		return preferTarget(target.Size > source.Size || source.Revision == ""), true
	}
	return "", false
}

func preferTarget(yes bool) conflict.Resolution {
	if yes {
		return conflict.ResolutionTARGET
	}
	return conflict.ResolutionSOURCE
}

// sourceChanged reports whether the source's content differs from the base as far
// as can be told without reading it.
func (p Pair) sourceChanged() bool {
	return p.Source.Revision != p.Base.SourceRevision && !p.Source.has(p.Base.SHA256)
}

func (p Pair) targetChanged() bool {
	return p.Target.Revision != p.Base.TargetRevision && !p.Target.has(p.Base.SHA256)
}

// targetPerhapsTouched reports whether the target has a new revision of what may
// well be the old content: of the same size, and of no known digest.
func (p Pair) targetPerhapsTouched() bool {
	return p.Target.Size == p.Base.Size && p.Target.Hashes[connectors.SHA256] == ""
}

// has reports whether the content is known to be the one with the digest.
func (s *State) has(sha256 string) bool {
	return sha256 != "" && s.Hashes[connectors.SHA256] == sha256
}

// sameContent compares two contents by size and by what hashes are known.
func sameContent(a, b *State) (equal, known bool) {
	if a.Size != b.Size {
		return false, true
	}
	return a.Hashes.Match(b.Hashes)
}

func side(s *State) detail.Side {
	if s == nil {
		return detail.Side{}
	}
	return detail.Side{Revision: s.Revision, Size: s.Size, ModTime: s.ModTime, SHA256: s.Hashes[connectors.SHA256]}
}
