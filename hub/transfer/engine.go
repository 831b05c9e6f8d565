package transfer

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/wedsync/wedsync/connectors"
	"github.com/wedsync/wedsync/ent/filesync"
)

const (
	// smallFile is up to which size a file is read into memory before it is sent, so
	// that its hashes are known beforehand and a part can be sent again.
	smallFile = 8 << 20
	// maxAttempts is how often a file is sent to a target; every call was tried again
	// by the connection's decorators before.
	maxAttempts = 3
)

// content is one revision of a file, to be read at its store.
type content struct {
	store    *store
	path     string
	revision string
	size     int64
	modTime  time.Time
}

// delivery is the way of a content to one place.
type delivery struct {
	to           *store
	path         string
	expect       connectors.Expect
	verification filesync.Verification
	// checkpoint is where an upload can go on; save, if not nil, keeps it for another
	// life of the hub.
	checkpoint []byte
	save       func(ctx context.Context, checkpoint []byte, moved int64) error
	// sent, if not nil, is told of bytes on their way.
	sent func(n int64)

	// What came of it.
	object   connectors.Object
	sums     connectors.Hashes
	proof    proof
	attempts int
	moved    int64
	err      error
	// unsure: the last attempt failed where it may have published the file.
	unsure bool
}

// engine sends contents.
type engine struct {
	// window is how many chunks a target may lag behind, lag for how long it may hold
	// the others up beyond that.
	window int
	lag    time.Duration
	now    func() time.Time
	chunks sync.Pool
}

func newEngine(now func() time.Time) *engine {
	return &engine{
		window: 32, lag: 5 * time.Second, now: now,
		chunks: sync.Pool{New: func() any { return &chunk{buf: make([]byte, chunkSize)} }},
	}
}

// errLagging ends the part of a target in a shared read that it holds up.
var errLagging = errors.New("the target is slower than the others")

// send brings the content to all places, each with a result of its own.
func (e *engine) send(ctx context.Context, c content, ds []*delivery) {
	e.pass(ctx, c, ds)
	var wg sync.WaitGroup
	for _, d := range ds {
		wg.Go(func() { e.insist(ctx, c, d) })
	}
	wg.Wait()
}

// insist repeats a delivery alone as long as that may help.
func (e *engine) insist(ctx context.Context, c content, d *delivery) {
	for d.err != nil && ctx.Err() == nil {
		if !errors.Is(d.err, errLagging) {
			if e.settle(ctx, c, d) || !passing(d.err) || d.attempts >= maxAttempts {
				return
			}
			if c.store.isAway() != nil || d.to.isAway() != nil {
				return
			}
		}
		e.pass(ctx, c, []*delivery{d})
	}
}

// passing reports whether another attempt may succeed.
func passing(err error) bool {
	switch connectors.KindOf(err) {
	case connectors.Transient, connectors.RateLimited, connectors.AuthExpired, connectors.SessionExpired, connectors.Corrupt:
		return true
	}
	return false
}

// settle looks at what is at the place after an attempt that met something there,
// or whose outcome is not known. If it is the content, the delivery is done: an
// earlier attempt published it.
func (e *engine) settle(ctx context.Context, c content, d *delivery) bool {
	kind := connectors.KindOf(d.err)
	occupied := from(d.err, d.to) && (kind == connectors.Exists || kind == connectors.Conflict)
	if !occupied && !d.unsure {
		return false
	}
	found, err := e.find(ctx, c, d)
	if err != nil {
		if ctx.Err() != nil || passing(err) {
			d.err = err
		}
		return false
	}
	return found
}

func (e *engine) find(ctx context.Context, c content, d *delivery) (bool, error) {
	o, found, err := d.to.stat(ctx, d.path)
	if err != nil || !found || o.Size != c.size {
		return false, err
	}
	if d.sums == nil {
		if d.sums, err = c.store.hash(ctx, c.path, c.revision, d.to.algorithms()...); err != nil {
			return false, err
		}
	}
	how, same, err := holds(ctx, d.to, o, c.size, d.sums)
	if err != nil || !same {
		return false, err
	}
	if d.verification == filesync.VerificationFULL {
		if how, err = verify(ctx, d.verification, d.to, d.path, o, c.size, d.sums); err != nil {
			return false, err
		}
	}
	d.object, d.proof, d.err, d.checkpoint = o, how, nil, nil
	return true, nil
}

// from reports whether the error came from the store.
func from(err error, s *store) bool {
	var known *storeError
	return errors.As(err, &known) && known.store == s
}

// feed gives a content to one delivery.
type feed interface {
	// part returns the n bytes after offset; parts are asked for in order.
	part(offset, n int64) io.Reader
	// end waits until the content was read to its confirmed end and returns its
	// digests.
	end(ctx context.Context) (connectors.Hashes, error)
	// failure is why the content could not be read, as far as that is known yet.
	failure() error
}

// pass reads the content once and sends it to all the places.
func (e *engine) pass(ctx context.Context, c content, ds []*delivery) {
	var fit []*delivery
	var algorithms []connectors.HashAlgorithm
	for _, d := range ds {
		d.err = c.store.usable(false)
		if d.err == nil {
			d.err = d.to.usable(true)
		}
		if d.err == nil {
			d.attempts++
			fit = append(fit, d)
			algorithms = append(algorithms, d.to.algorithms()...)
		}
	}
	if len(fit) == 0 {
		return
	}
	h, err := connectors.NewHasher(append(algorithms, connectors.SHA256)...)
	if err == nil && c.size <= smallFile {
		err = e.passSmall(ctx, c, fit, h)
	} else if err == nil {
		err = e.passLarge(ctx, c, fit, h)
	}
	if err != nil {
		for _, d := range fit {
			d.err = err
		}
	}
}

// passSmall reads the file into memory first. An error is one of the source.
func (e *engine) passSmall(ctx context.Context, c content, ds []*delivery, h *connectors.Hasher) error {
	body, err := readSmall(ctx, c)
	if err != nil {
		return err
	}
	// Hasher.Write never fails.
	_, _ = h.Write(body)
	sums := h.Sums()
	var wg sync.WaitGroup
	for _, d := range ds {
		wg.Go(func() { d.err = e.deliver(ctx, c, d, &whole{body: body, sums: sums, sent: d.sent}, sums) })
	}
	wg.Wait()
	return nil
}

func readSmall(ctx context.Context, c content) (body []byte, err error) {
	r, o, err := c.store.open(ctx, c.path, c.revision)
	if err != nil {
		return nil, err
	}
	defer func() {
		if cerr := r.Close(); err == nil {
			err = c.store.blame(cerr)
		}
	}()
	var b bytes.Buffer
	b.Grow(int(c.size) + bytes.MinRead)
	n, err := b.ReadFrom(io.LimitReader(contextReader{ctx, r}, c.size+1))
	if err != nil {
		return nil, c.store.blame(fmt.Errorf("read %q: %w", c.path, err))
	}
	if n != c.size || o.Size != c.size {
		return nil, c.store.blame(changed("open", c.path))
	}
	return b.Bytes(), nil
}

// whole is the feed of a file in memory.
type whole struct {
	body []byte
	sums connectors.Hashes
	sent func(int64)
}

func (w *whole) part(offset, n int64) io.Reader {
	if w.sent != nil {
		w.sent(n)
	}
	return bytes.NewReader(w.body[offset : offset+n])
}

func (w *whole) end(context.Context) (connectors.Hashes, error) { return w.sums, nil }
func (w *whole) failure() error                                 { return nil }
