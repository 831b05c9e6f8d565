package transfer

import (
	"context"
	"fmt"
	"time"

	"github.com/wedsync/wedsync/ent"
	"github.com/wedsync/wedsync/ent/connection"
	"github.com/wedsync/wedsync/ent/transfer"
	"github.com/wedsync/wedsync/hub"
)

const (
	// A batch of results is written when it has so many, or after so long.
	batchSize = 64
	batchWait = 300 * time.Millisecond
	// writeFor bounds one write, which goes on when the work is stopped.
	writeFor = 15 * time.Second
)

// books writes down what became of the transfers of a shard, many at once.
type books struct {
	*shard
	entries chan *outcome
	// kept is closed when everything was written, or given up.
	kept chan struct{}
}

func newBooks(s *shard) *books {
	return &books{shard: s, entries: make(chan *outcome, batchSize), kept: make(chan struct{})}
}

// enter hands an outcome over.
func (b *books) enter(o *outcome) { b.entries <- o }

// keep writes what is entered until entries is closed. What was entered is written
// even if ctx has ended, as long as the lease holds.
func (b *books) keep(ctx context.Context) error {
	for {
		batch, more := b.collect()
		if len(batch) > 0 {
			if err := b.writeDetached(ctx, batch); err != nil {
				return err
			}
		}
		if !more {
			close(b.kept)
			return nil
		}
	}
}

// discard lets those go on who still enter, after a failure.
func (b *books) discard() {
	for range b.entries {
	}
	close(b.kept)
}

// collect waits for a batch; more is false at the end.
func (b *books) collect() (batch []*outcome, more bool) {
	o, ok := <-b.entries
	if !ok {
		return nil, false
	}
	batch = append(batch, o)
	timer := time.NewTimer(batchWait)
	defer timer.Stop()
	for len(batch) < batchSize {
		select {
		case o, ok := <-b.entries:
			if !ok {
				return batch, false
			}
			batch = append(batch, o)
		case <-timer.C:
			return batch, true
		}
	}
	return batch, true
}

func (b *books) writeDetached(ctx context.Context, batch []*outcome) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), writeFor)
	defer cancel()
	var l *ledger
	err := b.config.Store.InTx(ctx, func(ctx context.Context, tx *hub.Tx) (err error) {
		l = newLedger(b, tx)
		return l.write(ctx, batch)
	})
	if err != nil {
		return fmt.Errorf("keep the books: %w", err)
	}
	for _, o := range batch {
		b.meter.settled(o.sent.Load())
	}
	return nil
}

// checkpoint keeps where a transfer can go on.
func (b *books) checkpoint(ctx context.Context, row *ent.Transfer, state transfer.State, checkpoint []byte, moved int64) error {
	err := b.config.Store.InTx(ctx, func(ctx context.Context, tx *hub.Tx) error {
		return tx.Transfer.Update().Where(transfer.ID(row.ID), unfinished()).
			SetState(state).SetCheckpoint(checkpoint).SetMoved(moved).Exec(ctx)
	})
	if err != nil {
		return fmt.Errorf("keep checkpoint: %w", err)
	}
	return nil
}

// ledger is one batch being written.
type ledger struct {
	*books
	tx *hub.Tx

	files     map[string]*ent.File // by path
	conflicts map[pair][]*ent.Conflict
	replicas  map[replicaKey]*ent.ReplicaCreate

	done, failed int
	bytes        int64
}

// pair is a path at a target.
type pair struct{ targetID, path string }

type replicaKey struct{ targetID, fileID string }

func newLedger(b *books, tx *hub.Tx) *ledger {
	return &ledger{
		books: b, tx: tx,
		files: map[string]*ent.File{}, conflicts: map[pair][]*ent.Conflict{}, replicas: map[replicaKey]*ent.ReplicaCreate{},
	}
}

func (l *ledger) write(ctx context.Context, batch []*outcome) error {
	var fresh []*outcome
	for _, o := range batch {
		counts, err := l.close(ctx, o)
		if err != nil {
			return err
		}
		if counts {
			fresh = append(fresh, o)
		}
	}
	if len(fresh) == 0 {
		return nil
	}
	if err := l.look(ctx, fresh); err != nil {
		return err
	}
	for _, o := range fresh {
		if err := l.note(ctx, o); err != nil {
			return err
		}
	}
	if err := l.writeReplicas(ctx); err != nil {
		return err
	}
	err := l.tx.SyncRun.UpdateOneID(l.run.ID).
		AddOperationsDone(l.done).AddOperationsFailed(l.failed).AddBytesDone(l.bytes).Exec(ctx)
	if err != nil {
		return fmt.Errorf("count operations: %w", err)
	}
	return nil
}

// close writes the transfer's end. It does not count if the transfer is not over,
// or another worker has ended it before.
func (l *ledger) close(ctx context.Context, o *outcome) (counts bool, err error) {
	update := l.tx.Transfer.Update().Where(transfer.ID(o.row.ID), unfinished()).
		SetState(o.state).SetMoved(o.moved)
	if o.state == transfer.StatePLANNED {
		if o.checkpoint != nil {
			update.SetCheckpoint(o.checkpoint)
		} else {
			update.ClearCheckpoint()
		}
		if err := update.Exec(ctx); err != nil {
			return false, fmt.Errorf("put transfer back: %w", err)
		}
		return false, nil
	}
	update.ClearCheckpoint().SetAttempts(o.attempts).SetStartedAt(o.started).SetFinishedAt(o.finished).
		SetErrorKind(string(o.errorKind))
	if o.reason != "" {
		update.SetReason(o.reason)
	}
	if o.kept != "" {
		update.SetRetainedPath(o.kept)
	}
	if len(o.agreed) > 0 {
		update.SetSha256(o.agreed[0].sha256).SetVerified(o.proof)
	}
	n, err := update.Save(ctx)
	if err != nil {
		return false, fmt.Errorf("end transfer: %w", err)
	}
	return n > 0, nil
}

// note writes what follows from a transfer's end.
func (l *ledger) note(ctx context.Context, o *outcome) error {
	if o.state != transfer.StateDONE {
		l.failed++
		if o.revoked != "" {
			if err := l.needsReconnect(ctx, o); err != nil {
				return err
			}
		}
		if o.opened {
			return l.openConflict(ctx, o)
		}
		return nil
	}
	l.done++
	l.bytes += o.row.Bytes
	for _, a := range o.agreed {
		if err := l.agree(ctx, o, a); err != nil {
			return err
		}
	}
	if o.gone {
		if err := l.forget(ctx, o); err != nil {
			return err
		}
	}
	return l.resolve(ctx, o)
}

// needsReconnect tells that the connection's credentials are void.
func (l *ledger) needsReconnect(ctx context.Context, o *outcome) error {
	n, err := l.tx.Connection.Update().
		Where(connection.ID(o.revoked), connection.StateEQ(connection.StateACTIVE)).
		SetState(connection.StateNEEDS_RECONNECT).SetStateReason(shorten(o.reason, maxStateReason)).Save(ctx)
	if err != nil {
		return fmt.Errorf("note void credentials: %w", err)
	}
	if n > 0 {
		l.tx.Emit(hub.Event{Type: "connection.needs_reconnect", SubjectID: o.revoked, Data: map[string]any{"reason": o.reason}})
	}
	return nil
}
