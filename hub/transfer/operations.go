package transfer

import (
	"context"

	"github.com/wedsync/wedsync/connectors"
	"github.com/wedsync/wedsync/ent/conflict"
	"github.com/wedsync/wedsync/ent/filesync"
	"github.com/wedsync/wedsync/ent/transfer"
)

// prepare carries the task out as far as it needs none of the source's bytes, and
// asks for a delivery where it does.
func (t *task) prepare(ctx context.Context) error {
	if err := t.target.usable(false); err != nil {
		return err
	}
	switch t.row.Kind {
	case transfer.KindCOPY:
		t.place = t.row.Path
		t.bring(connectors.Expect{Absent: true}, nothingMore)
		return nil
	case transfer.KindUPDATE:
		return t.update(ctx, t.row.Retain)
	case transfer.KindRENAME:
		return t.rename(ctx)
	case transfer.KindDELETE:
		return t.remove(ctx)
	case transfer.KindCOMPARE:
		return t.compare(ctx)
	case transfer.KindADOPT:
		return t.adopt(ctx)
	case transfer.KindPULL:
		return t.pull(ctx)
	case transfer.KindKEEP_BOTH:
		return t.keepBoth(ctx)
	case transfer.KindCONFLICT:
		t.conflict(t.row.Reason)
		return nil
	}
	t.out.state, t.out.reason = transfer.StateREFUSED, t.row.Reason
	return nil
}

// conflict leaves the decision to a person.
func (t *task) conflict(reason string) {
	t.out.state, t.out.reason, t.out.opened = transfer.StateCONFLICT, reason, true
}

// update replaces what the target holds, after keeping it if asked to.
func (t *task) update(ctx context.Context, retain bool) error {
	t.out.resolution = conflict.ResolutionSOURCE
	expect := connectors.Expect{Revision: t.row.Expect.TargetRevision}
	if retain {
		held := t.held()
		kept := t.below(retainedFolder, held.path)
		var err error
		if expect, err = t.engine.keep(ctx, held, kept); err != nil {
			return err
		}
		t.out.kept = kept
	}
	t.bring(expect, nothingMore)
	return nil
}

// rename gives the target's file the source's name for it.
func (t *task) rename(ctx context.Context) error {
	held := t.held()
	t.place = t.row.Path
	sums, err := t.sourceSums(ctx)
	if err != nil {
		return err
	}
	o, found, err := t.engine.relocate(ctx, held, t.target.at(t.place))
	if err != nil {
		return err
	}
	if !found {
		return t.target.blame(changed("move", held.path))
	}
	how, same, err := holds(ctx, t.target, o, t.row.Expect.SourceSize, sums)
	if err != nil {
		return err
	}
	if !same {
		return t.target.blame(changed("move", o.Path))
	}
	a := t.agreed(o, sums, how)
	a.renamed = true
	t.done(a)
	return nil
}

// sourceSums returns the digest of the source's content, by reading it if the plan
// did not know it.
func (t *task) sourceSums(ctx context.Context) (connectors.Hashes, error) {
	if known := t.row.Expect.SourceSHA256; known != "" {
		return connectors.Hashes{connectors.SHA256: known}, nil
	}
	c := t.sourceContent()
	return t.source.hash(ctx, c.path, c.revision, connectors.SHA256)
}

// remove deletes what the source has no more, unless it is there again.
func (t *task) remove(ctx context.Context) error {
	t.out.resolution = conflict.ResolutionSOURCE
	_, back, err := t.source.stat(ctx, t.source.at(t.row.Path))
	if err != nil {
		return err
	}
	if back {
		t.out.state, t.out.reason = transfer.StateSKIPPED, "It is at the source again; the next run looks again."
		return nil
	}
	held := t.held()
	// What somebody edited at the target is kept even where deletions are for good.
	if t.row.Retain || t.sync.DeleteMode == filesync.DeleteModeTRASH {
		kept := t.below(trashFolder, held.path)
		_, found, err := t.engine.relocate(ctx, held, kept)
		if err != nil {
			return err
		}
		if found {
			t.out.kept = kept
		}
	} else if err := t.engine.repeat(ctx, func() error { return t.target.remove(ctx, held.path, held.revision) }); err != nil {
		return err
	}
	t.out.gone = true
	t.done()
	return nil
}
