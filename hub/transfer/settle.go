package transfer

import (
	"context"

	"github.com/wedsync/wedsync/connectors"
	"github.com/wedsync/wedsync/ent/conflict"
	"github.com/wedsync/wedsync/ent/detail"
	"github.com/wedsync/wedsync/ent/transfer"
)

// adopt notes what is known to be equal, or gone from both.
func (t *task) adopt(ctx context.Context) error {
	t.out.resolution = conflict.ResolutionGONE
	x := t.row.Expect
	if x.SourceRevision == "" && x.TargetRevision == "" {
		t.out.gone = true
		t.done()
		return nil
	}
	sums, err := t.sourceSums(ctx)
	if err != nil {
		return err
	}
	t.done(t.agreed(connectors.Object{Revision: x.TargetRevision, Size: x.TargetSize}, sums, transfer.VerifiedHASH))
	return nil
}

// compare reads what may be equal, and does what the strategy says if it is not.
func (t *task) compare(ctx context.Context) error {
	source, inSource, err := t.source.stat(ctx, t.source.at(t.row.Path))
	if err != nil {
		return err
	}
	target, inTarget, err := t.target.stat(ctx, t.held().path)
	if err != nil {
		return err
	}
	if !inSource || !inTarget || source.Size != target.Size {
		return t.differ(ctx, source, target)
	}
	sums, err := t.source.hash(ctx, source.Path, source.Revision, append(strong(target.Hashes).Algorithms(), connectors.SHA256)...)
	if err != nil {
		return err
	}
	t.sha256 = sums[connectors.SHA256]
	how, same, err := holds(ctx, t.target, target, source.Size, sums)
	if err != nil {
		return err
	}
	if same {
		same, err = t.untouched(ctx)
	}
	if err != nil {
		return err
	}
	if !same {
		return t.differ(ctx, source, target)
	}
	t.out.resolution = conflict.ResolutionGONE
	a := t.agreed(target, sums, how)
	a.size, a.modTime, a.sourceRevision = source.Size, source.ModTime, source.Revision
	t.done(a)
	return nil
}

// strategy says what happens if the two differ.
func (t *task) strategy() (conflict.Resolution, bool) {
	x := t.row.Expect
	return t.config.Resolver.Resolve(t.sync.ConflictStrategy,
		detail.Side{Revision: x.SourceRevision, Size: x.SourceSize, ModTime: x.SourceModTime, SHA256: t.sha256},
		detail.Side{Revision: x.TargetRevision, Size: x.TargetSize, ModTime: x.TargetModTime})
}

// untouched reports whether no earlier attempt made the two equal. Each of them
// began with keeping what yields.
func (t *task) untouched(ctx context.Context) (bool, error) {
	r, ok := t.strategy()
	if !ok {
		return true, nil
	}
	store, kept := t.target, t.below(retainedFolder, t.held().path)
	switch {
	case r == conflict.ResolutionTARGET:
		store, kept = t.source, t.below(retainedFolder, t.source.at(t.row.Path))
	case r == conflict.ResolutionKEEP_BOTH && t.row.RetainedPath == "":
		return true, nil
	case r == conflict.ResolutionKEEP_BOTH:
		kept = t.target.at(t.row.RetainedPath)
	}
	_, found, err := store.stat(ctx, kept)
	return !found, err
}

// differ settles two files that are different. Whether they are still those that
// the plan saw is for the single operations to find out, which know what they may
// have done before.
func (t *task) differ(ctx context.Context, source, target connectors.Object) error {
	r, ok := t.strategy()
	_, writable := t.source.conn.(connectors.Sink)
	why := ""
	switch {
	case !ok:
		why = "Source and target hold different files of this name."
	case r == conflict.ResolutionSOURCE:
		return t.update(ctx, true)
	case r == conflict.ResolutionTARGET && writable:
		return t.pull(ctx)
	case r == conflict.ResolutionKEEP_BOTH && t.row.RetainedPath != "":
		return t.keepBoth(ctx)
	case r == conflict.ResolutionTARGET:
		why = "The target's content wins, but the source cannot be written to."
	default:
		why = "Both should be kept, but there is no name for the target's content."
	}
	x := t.row.Expect
	if source.Revision != x.SourceRevision {
		return t.source.blame(changed("compare", t.row.Path))
	}
	if target.Revision != x.TargetRevision {
		return t.target.blame(changed("compare", t.row.Path))
	}
	t.conflict(why)
	return nil
}

// pull replaces the source's content, which is kept, by the target's.
func (t *task) pull(ctx context.Context) error {
	t.out.resolution = conflict.ResolutionTARGET
	if _, ok := t.source.conn.(connectors.Sink); !ok {
		t.conflict("The target's content wins, but the source cannot be written to.")
		return nil
	}
	x, path := t.row.Expect, t.source.at(t.row.Path)
	expect := connectors.Expect{Absent: true}
	if x.SourceRevision != "" {
		kept := t.below(retainedFolder, path)
		var err error
		r := revision{store: t.source, path: path, revision: x.SourceRevision, size: x.SourceSize}
		if expect, err = t.engine.keep(ctx, r, kept); err != nil {
			return err
		}
		t.out.kept = kept
	}
	held := t.held()
	theirs := content{store: t.target, path: held.path, revision: held.revision, size: x.TargetSize, modTime: x.TargetModTime}
	t.deliver(theirs, t.source, path, expect, func(_ context.Context, d *delivery) ([]agreement, error) {
		a := t.agreed(connectors.Object{Revision: x.TargetRevision, Size: x.TargetSize}, d.sums, d.proof)
		a.size, a.modTime, a.sourceRevision = d.object.Size, d.object.ModTime, d.object.Revision
		return []agreement{a}, nil
	})
	return nil
}

// keepBoth gives the target's content a name of its own, brings the source's to
// its path and the other to the source.
func (t *task) keepBoth(ctx context.Context) error {
	t.out.resolution = conflict.ResolutionKEEP_BOTH
	expect, err := t.engine.keep(ctx, t.held(), t.target.at(t.row.RetainedPath))
	if err != nil {
		return err
	}
	t.out.kept = t.row.RetainedPath
	t.bring(expect, t.shareAside)
	return nil
}

// shareAside brings what was put aside at the target to the source, where that can
// be written to.
func (t *task) shareAside(ctx context.Context) ([]agreement, error) {
	if _, ok := t.source.conn.(connectors.Sink); !ok {
		return nil, nil
	}
	aside := t.row.RetainedPath
	o, found, err := t.target.stat(ctx, t.target.at(aside))
	if err == nil && !found {
		err = t.target.blame(changed("stat", aside))
	}
	if err != nil {
		return nil, err
	}
	d := t.newDelivery(t.source, t.source.at(aside), connectors.Expect{Absent: true})
	c := content{store: t.target, path: o.Path, revision: o.Revision, size: o.Size, modTime: o.ModTime}
	t.engine.send(ctx, c, []*delivery{d})
	t.out.moved += d.moved
	if d.err != nil {
		return nil, d.err
	}
	return []agreement{{
		path: aside, size: d.object.Size, modTime: d.object.ModTime, sha256: d.sums[connectors.SHA256],
		sourceRevision: d.object.Revision, place: aside, target: o, proof: d.proof,
	}}, nil
}
