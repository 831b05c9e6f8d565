package transfer

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"github.com/wedsync/wedsync/connectors"
	"github.com/wedsync/wedsync/ent"
	"github.com/wedsync/wedsync/ent/conflict"
	"github.com/wedsync/wedsync/ent/detail"
	"github.com/wedsync/wedsync/ent/filesync"
	"github.com/wedsync/wedsync/ent/transfer"
)

// Resolver says how a strategy settles a conflict that shows only when files are
// read; ok is false if a person has to decide.
type Resolver interface {
	Resolve(strategy filesync.ConflictStrategy, source, target detail.Side) (r conflict.Resolution, ok bool)
}

// agreement is what source and target hold alike after an operation.
type agreement struct {
	path           string
	size           int64
	modTime        time.Time
	sha256         string
	sourceRevision string
	// target is what the target holds, at place relative to its folder.
	place   string
	target  connectors.Object
	proof   proof
	renamed bool
}

// outcome is what became of a transfer.
type outcome struct {
	row       *ent.Transfer
	state     transfer.State
	reason    string
	errorKind connectors.Kind
	err       error

	moved    int64
	sent     atomic.Int64 // of which the meter knows
	attempts int
	// checkpoint is where a transfer that is not over can go on.
	checkpoint []byte
	proof      proof
	kept       string // relative to the connection of the store that keeps it
	started    time.Time
	finished   time.Time
	// agreed are the pairs to note, gone that the file is no more.
	agreed []agreement
	gone   bool
	// resolution is how a conflict was settled; opened that one is left.
	resolution conflict.Resolution
	opened     bool
	// revoked is the connection that a person has to mend.
	revoked string
}

// task is one transfer being carried out.
type task struct {
	*shard
	row    *ent.Transfer
	target *store
	// place is where the target has or gets the file, relative to its folder.
	place string
	out   *outcome

	// sha256 of the source's content, once it was read.
	sha256 string
	// delivery is what the operation needs, of which content; agree says what both
	// hold once it succeeded.
	delivery *delivery
	content  content
	agree    func(ctx context.Context, d *delivery) ([]agreement, error)
}

func newTask(s *shard, row *ent.Transfer, target *store) *task {
	t := &task{shard: s, row: row, target: target, place: row.Path}
	if row.FromPath != "" {
		t.place = row.FromPath
	}
	t.out = &outcome{row: row, attempts: row.Attempts, moved: row.Moved, started: s.now()}
	if row.StartedAt != nil {
		t.out.started = *row.StartedAt
	}
	return t
}

// source is the content that the plan saw at the source.
func (t *task) sourceContent() content {
	x := t.row.Expect
	return content{
		store: t.source, path: t.source.at(t.row.Path),
		revision: x.SourceRevision, size: x.SourceSize, modTime: x.SourceModTime.UTC(),
	}
}

// held is the revision that the plan saw at the target.
func (t *task) held() revision {
	x := t.row.Expect
	return revision{store: t.target, path: t.target.at(t.place), revision: x.TargetRevision, size: x.TargetSize}
}

// below names a path of the hub's folder that belongs to this run.
func (t *task) below(folder, path string) string { return folder + "/" + t.run.ID + "/" + path }

// done ends the task well.
func (t *task) done(agreed ...agreement) {
	t.out.state, t.out.agreed = transfer.StateDONE, agreed
	if len(agreed) > 0 {
		t.out.proof = agreed[0].proof
	}
}

// fail ends the task with what err means for the transfer.
func (t *task) fail(err error) {
	t.out.err = err
	t.out.errorKind = connectors.KindOf(err)
	t.out.reason = words(err)
	atTarget := !from(err, t.source)
	switch t.out.errorKind {
	case connectors.Conflict, connectors.NotFound, connectors.Exists:
		t.out.state, t.out.reason = transfer.StateSKIPPED, whatChanged(t.out.errorKind, atTarget)
	case connectors.NameRejected, connectors.TooLarge:
		t.out.state = transfer.StateREFUSED
	case connectors.AuthRevoked:
		t.out.state = transfer.StateFAILED
		if at := culprit(err); at != nil {
			t.out.revoked = at.connectionID
		}
	default:
		t.out.state = transfer.StateFAILED
	}
}

func whatChanged(kind connectors.Kind, atTarget bool) string {
	switch {
	case !atTarget && kind == connectors.NotFound:
		return "It vanished from the source; the next run looks again."
	case !atTarget && kind == connectors.Conflict:
		return "It changed while it was read; the next run takes it."
	}
	return "It changed since the plan; the next run looks again."
}

// culprit returns the store that err came from, or nil.
func culprit(err error) *store {
	var known *storeError
	if errors.As(err, &known) {
		return known.store
	}
	return nil
}

// maxReason is how long a reason in the books may be, in bytes.
const maxReason = 2000

// words tells people of an error.
func words(err error) string { return shorten(err.Error(), maxReason) }

// agreed describes what both hold once the target has the source's content.
func (t *task) agreed(o connectors.Object, sums connectors.Hashes, how proof) agreement {
	x := t.row.Expect
	return agreement{
		path: t.row.Path, size: x.SourceSize, modTime: x.SourceModTime,
		sha256: sums[connectors.SHA256], sourceRevision: x.SourceRevision,
		place: t.place, target: o, proof: how,
	}
}

// deliver asks for the content to be brought to a store. What this operation sent
// in an earlier life of the hub is not sent again.
func (t *task) deliver(c content, to *store, path string, expect connectors.Expect, agree func(context.Context, *delivery) ([]agreement, error)) {
	t.content, t.agree = c, agree
	t.delivery = t.newDelivery(to, path, expect)
	t.delivery.checkpoint, t.delivery.moved = t.row.Checkpoint, t.row.Moved
	t.delivery.save = func(ctx context.Context, checkpoint []byte, moved int64) error {
		return t.books.checkpoint(ctx, t.row, transfer.StateRUNNING, checkpoint, moved)
	}
}

// bring asks for the source's content to be brought to the target.
func (t *task) bring(expect connectors.Expect, further func(context.Context) ([]agreement, error)) {
	t.deliver(t.sourceContent(), t.target, t.target.at(t.place), expect, func(ctx context.Context, d *delivery) ([]agreement, error) {
		more, err := further(ctx)
		return append([]agreement{t.agreed(d.object, d.sums, d.proof)}, more...), err
	})
}

// nothingMore is for operations that end with their delivery.
func nothingMore(context.Context) ([]agreement, error) { return nil, nil }

func (t *task) newDelivery(to *store, path string, expect connectors.Expect) *delivery {
	return &delivery{
		to: to, path: path, expect: expect, verification: t.sync.Verification,
		sent: func(n int64) {
			t.out.sent.Add(n)
			t.meter.add(n)
		},
	}
}

// settle takes over what came of the task's delivery.
func (t *task) settle(ctx context.Context) {
	t.out.attempts += t.delivery.attempts
	t.out.moved = t.delivery.moved
	err := t.delivery.err
	var all []agreement
	if err == nil {
		all, err = t.agree(ctx, t.delivery)
	}
	if err != nil {
		t.fail(err)
		return
	}
	t.done(all...)
}
