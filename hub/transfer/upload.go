package transfer

import (
	"context"
	"errors"
	"time"

	"github.com/wedsync/wedsync/connectors"
	"github.com/wedsync/wedsync/hub"
)

const (
	// saveEvery is how often a checkpoint is kept at most.
	saveEvery = 2 * time.Second
	// cleanUpFor bounds what is done after a context has ended.
	cleanUpFor = 10 * time.Second
)

// deliver uploads what the feed gives and proves that it arrived. A file that
// arrived damaged is removed again.
func (e *engine) deliver(ctx context.Context, c content, d *delivery, f feed, known connectors.Hashes) error {
	d.unsure = false
	if err := e.upload(ctx, c, d, f, known); err != nil {
		return err
	}
	var err error
	if d.proof, err = verify(ctx, d.verification, d.to, d.path, d.object, c.size, d.sums); err == nil {
		return nil
	}
	if connectors.Is(err, connectors.Corrupt) {
		if rerr := d.withdraw(ctx); rerr != nil {
			return errors.Join(err, rerr)
		}
	} else {
		d.unsure = true // it arrived, and the proof is still missing
	}
	return err
}

// withdraw removes what arrived damaged. Where nothing can be deleted, it is what
// the next attempt replaces.
func (d *delivery) withdraw(ctx context.Context) error {
	err := d.to.remove(ctx, d.path, d.object.Revision)
	switch {
	case err == nil:
		d.expect = connectors.Expect{Absent: true}
	case connectors.Is(err, connectors.Unsupported):
		d.expect = connectors.Expect{Revision: d.object.Revision}
	default:
		return err
	}
	return nil
}

func (e *engine) upload(ctx context.Context, c content, d *delivery, f feed, known connectors.Hashes) error {
	up := connectors.Upload{Path: d.path, Size: c.size, ModTime: c.modTime, Hashes: known, Expect: d.expect}
	session, err := d.begin(ctx, up)
	if err != nil {
		return d.to.blame(err)
	}
	err = e.write(ctx, c, d, f, session)
	if err == nil {
		if d.sums, err = f.end(ctx); err == nil {
			d.unsure = true
			d.object, err = session.Commit(ctx)
			err = d.to.blame(err)
		}
	}
	if err == nil {
		d.unsure, d.checkpoint = false, nil
		return nil
	}
	if cause := f.failure(); cause != nil {
		err = cause // the target only passes on what became of the source
	}
	return d.interrupt(ctx, session, d.to.blame(err))
}

func (d *delivery) begin(ctx context.Context, up connectors.Upload) (connectors.Session, error) {
	sink, err := d.to.sink(d.path)
	if err != nil {
		return nil, err
	}
	if d.checkpoint != nil {
		session, err := sink.Resume(ctx, up, d.checkpoint)
		if !connectors.Is(err, connectors.SessionExpired) {
			return session, err
		}
		d.checkpoint = nil
	}
	return sink.Begin(ctx, up)
}

// write sends the parts that the store does not hold yet.
func (e *engine) write(ctx context.Context, c content, d *delivery, f feed, session connectors.Session) error {
	saved := e.now()
	for offset := session.Offset(); offset < c.size; offset = session.Offset() {
		n := min(session.PartSize(), c.size-offset)
		d.unsure = offset+n == c.size
		if err := session.Write(ctx, f.part(offset, n), n); err != nil {
			return d.to.blame(err)
		}
		d.moved += n
		d.checkpoint = session.Checkpoint()
		if d.save == nil || d.checkpoint == nil || e.now().Sub(saved) < saveEvery {
			continue
		}
		if err := d.save(ctx, d.checkpoint, d.moved); err != nil {
			return err
		}
		saved = e.now()
	}
	return nil
}

// interrupt gives the session up unless a later attempt can go on with it, and
// returns err.
func (d *delivery) interrupt(ctx context.Context, session connectors.Session, err error) error {
	d.checkpoint = session.Checkpoint()
	kind := connectors.KindOf(err)
	if errors.Is(err, hub.ErrLeaseLost) {
		return err // the session belongs to another worker by now
	}
	resumable := ctx.Err() != nil || passing(err) && kind != connectors.Corrupt && kind != connectors.SessionExpired
	if resumable && d.checkpoint != nil {
		return err
	}
	d.checkpoint = nil
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), cleanUpFor)
	defer cancel()
	// The delivery has failed already, and a session that cannot be ended expires.
	_ = session.Abort(ctx)
	return err
}
