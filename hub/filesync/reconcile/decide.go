package reconcile

import (
	"maps"

	"github.com/wedsync/wedsync/connectors"
	"github.com/wedsync/wedsync/ent/conflict"
	"github.com/wedsync/wedsync/ent/detail"
	"github.com/wedsync/wedsync/ent/filesync"
)

// Decide says how the strategy settles a conflict; ok is false if a person has to.
// A side without a revision holds nothing: an edit is worth more than a deletion
// to every strategy but SOURCE_WINS. What cannot be told apart, by equal or
// unknown times or equal sizes, goes to the source.
func Decide(strategy filesync.ConflictStrategy, source, target detail.Side) (r conflict.Resolution, ok bool) {
	gone := source.Revision == ""
	switch strategy {
	case filesync.ConflictStrategySOURCE_WINS:
		return conflict.ResolutionSOURCE, true
	case filesync.ConflictStrategyTARGET_WINS:
		return conflict.ResolutionTARGET, true
	case filesync.ConflictStrategyNEWEST:
		known := !source.ModTime.IsZero() && !target.ModTime.IsZero()
		return targetIf(gone || known && target.ModTime.After(source.ModTime)), true
	case filesync.ConflictStrategyLARGEST:
		return targetIf(gone || target.Size > source.Size), true
	case filesync.ConflictStrategyKEEP_BOTH:
		if gone {
			return conflict.ResolutionTARGET, true
		}
		return conflict.ResolutionKEEP_BOTH, true
	}
	return "", false
}

func targetIf(wins bool) conflict.Resolution {
	if wins {
		return conflict.ResolutionTARGET
	}
	return conflict.ResolutionSOURCE
}

// change is how an object stands to what was agreed on.
type change int

const (
	// same: the very revision.
	same change = iota
	// touched: another revision of the same content.
	touched
	changed
	// unproven: as large as it was, and nothing tells whether it is the same.
	unproven
)

// kept reports whether the content is surely what was agreed on.
func (c change) kept() bool { return c == same || c == touched }

func changeOf(o *connectors.Object, b *Base, revision string) change {
	if o.Size != b.Size {
		return changed
	}
	if revision != "" && o.Revision == revision {
		return same
	}
	if b.SHA256 == "" {
		return unproven
	}
	switch equal, known := o.Hashes.Match(connectors.Hashes{connectors.SHA256: b.SHA256}); {
	case !known:
		return unproven
	case equal:
		return touched
	}
	return changed
}

// relation is how source and target stand to each other.
type relation int

const (
	// nothing: neither has it or the sync does not know it.
	nothing relation = iota
	inStep
	// equal, but the books say otherwise.
	equal
	// lacking: the target has nothing.
	lacking
	// behind: the target has what was agreed on, the source something newer.
	behind
	// vanished: the target has what was agreed on, the source nothing.
	vanished
	// forgotten: both lost it.
	forgotten
	// doubtful: they may be equal; reading them tells.
	doubtful
	// apart: they differ, and the target's content is not the hub's doing.
	apart
)

// relate compares the three states of a file; nil stands for nothing. The kind
// tells of relations doubtful and apart what conflict they are or may be.
func relate(source, target *connectors.Object, base *Base) (relation, conflict.Kind) {
	switch {
	case source == nil && (target == nil || base == nil):
		if target == nil && base != nil {
			return forgotten, ""
		}
		return nothing, ""
	case source == nil:
		if changeOf(target, base, base.Revision).kept() {
			return vanished, ""
		}
		return apart, conflict.KindDELETED_AT_SOURCE
	case target == nil:
		return lacking, ""
	case base == nil:
		return contents(source, target), conflict.KindBOTH_CREATED
	}
	ours, theirs := changeOf(source, base, base.SourceRevision), changeOf(target, base, base.Revision)
	switch {
	case ours == same && theirs == same:
		return inStep, ""
	case ours.kept() && theirs.kept():
		return equal, ""
	case theirs.kept():
		return behind, ""
	case ours.kept():
		return contents(source, target), conflict.KindTARGET_CHANGED
	}
	return contents(source, target), conflict.KindBOTH_CHANGED
}

// contents compares two contents of which the target's is not the hub's doing.
func contents(source, target *connectors.Object) relation {
	if source.Size != target.Size {
		return apart
	}
	same, known := source.Hashes.Match(target.Hashes)
	if known && !same {
		return apart
	}
	if same, _ = strong(source.Hashes).Match(strong(target.Hashes)); same {
		return equal
	}
	return doubtful
}

// strong leaves out what does not prove that two contents of unknown origin are
// one.
func strong(h connectors.Hashes) connectors.Hashes {
	h = maps.Clone(h)
	delete(h, connectors.CRC32C)
	return h
}
