package transfer

import (
	"context"
	"errors"

	"github.com/wedsync/wedsync/connectors"
	"github.com/wedsync/wedsync/ent/filesync"
)

const (
	retainedFolder = connectors.HubFolder + "/retained"
	trashFolder    = connectors.HubFolder + "/trash"
)

// revision is what is expected at a path of a store.
type revision struct {
	store    *store
	path     string
	revision string
	size     int64
}

// keep makes sure that the revision is kept under another path of its store. It
// returns what the write that replaces it has to expect. A revision that an
// earlier attempt kept, and perhaps replaced, is recognized.
func (e *engine) keep(ctx context.Context, r revision, kept string) (connectors.Expect, error) {
	var expect connectors.Expect
	err := e.repeat(ctx, func() (err error) {
		expect, err = e.tryKeep(ctx, r, kept)
		return err
	})
	return expect, err
}

// repeat calls do again after what may pass, or came in between.
func (e *engine) repeat(ctx context.Context, do func() error) error {
	var err error
	for range maxAttempts {
		err = do()
		again := passing(err) || connectors.Is(err, connectors.Exists)
		if err == nil || !again || ctx.Err() != nil {
			return err
		}
	}
	return err
}

func (e *engine) tryKeep(ctx context.Context, r revision, kept string) (connectors.Expect, error) {
	there, found, err := r.store.stat(ctx, r.path)
	if err != nil {
		return connectors.Expect{}, err
	}
	copied, has, err := r.store.stat(ctx, kept)
	if err != nil {
		return connectors.Expect{}, err
	}
	expected := found && there.Revision == r.revision
	switch {
	case expected && has:
		return connectors.Expect{Revision: r.revision}, sameCopy(ctx, r.store, there, copied)
	case expected:
		return e.preserve(ctx, r, there, kept)
	case has && copied.Size == r.size && found: // replaced already, by whom the write finds out
		return connectors.Expect{Revision: r.revision}, nil
	case has && copied.Size == r.size:
		return connectors.Expect{Absent: true}, nil
	}
	return connectors.Expect{}, r.store.blame(changed("keep", r.path))
}

// sameCopy fails unless what is kept has the content of what it was kept of.
func sameCopy(ctx context.Context, s *store, original, kept connectors.Object) error {
	same, err := alike(ctx, s, original, s, kept)
	if err == nil && !same {
		err = s.blame(&connectors.Error{
			Kind: connectors.Permanent, Op: "keep", Path: kept.Path,
			Err: errors.New("another file has the name under which it would be kept"),
		})
	}
	return err
}

func (e *engine) preserve(ctx context.Context, r revision, there connectors.Object, kept string) (connectors.Expect, error) {
	expect := connectors.Expect{Revision: r.revision}
	if c, ok := r.store.conn.(connectors.Copier); ok {
		_, err := c.Copy(ctx, r.path, kept, expect)
		return expect, r.store.blame(err)
	}
	if m, ok := r.store.conn.(connectors.Mover); ok {
		_, err := m.Move(ctx, r.path, kept, expect)
		return connectors.Expect{Absent: true}, r.store.blame(err)
	}
	return expect, e.reupload(ctx, r, there, kept)
}

// reupload copies inside a store through the hub.
func (e *engine) reupload(ctx context.Context, r revision, there connectors.Object, to string) error {
	d := &delivery{to: r.store, path: to, expect: connectors.Expect{Absent: true}, verification: filesync.VerificationHASH}
	e.send(ctx, content{store: r.store, path: r.path, revision: r.revision, size: there.Size, modTime: there.ModTime}, []*delivery{d})
	return d.err
}

// relocate brings the revision to another path of its store and returns what is
// there then. Steps that an earlier attempt took are recognized. found is false if
// the file is at neither path.
func (e *engine) relocate(ctx context.Context, r revision, to string) (o connectors.Object, found bool, err error) {
	err = e.repeat(ctx, func() error {
		o, found, err = e.tryRelocate(ctx, r, to)
		return err
	})
	return o, found, err
}

func (e *engine) tryRelocate(ctx context.Context, r revision, to string) (o connectors.Object, found bool, err error) {
	there, found, err := r.store.stat(ctx, r.path)
	if err != nil {
		return o, false, err
	}
	moved, has, err := r.store.stat(ctx, to)
	if err != nil {
		return o, false, err
	}
	rules := r.store.conn.Names()
	respelled := rules.Key(r.path) == rules.Key(to)
	switch {
	case !found:
		return moved, has, nil
	case there.Revision != r.revision:
		return o, false, r.store.blame(changed("move", r.path))
	case has && !respelled:
		if err := sameCopy(ctx, r.store, there, moved); err != nil {
			return o, false, err
		}
		return moved, true, r.store.remove(ctx, r.path, r.revision)
	}
	return e.move(ctx, r, there, to)
}

func (e *engine) move(ctx context.Context, r revision, there connectors.Object, to string) (connectors.Object, bool, error) {
	expect := connectors.Expect{Revision: r.revision}
	if m, ok := r.store.conn.(connectors.Mover); ok {
		o, err := m.Move(ctx, r.path, to, expect)
		return o, err == nil, r.store.blame(err)
	}
	if _, ok := r.store.conn.(connectors.Deleter); !ok {
		return connectors.Object{}, false, r.store.unsupported("move", r.path)
	}
	var err error
	if c, ok := r.store.conn.(connectors.Copier); ok {
		_, err = c.Copy(ctx, r.path, to, expect)
		err = r.store.blame(err)
	} else {
		err = e.reupload(ctx, r, there, to)
	}
	if err != nil {
		return connectors.Object{}, false, err
	}
	o, found, err := r.store.stat(ctx, to)
	if err != nil || !found {
		return o, found, err
	}
	return o, true, r.store.remove(ctx, r.path, r.revision)
}
