package transfer

import (
	"context"
	"errors"
	"io"
	"sync"
	"sync/atomic"
	"time"

	"github.com/wedsync/wedsync/connectors"
)

const chunkSize = 256 << 10

// chunk is a piece of a file on its way to several lanes; the last of them gives
// it back.
type chunk struct {
	buf  []byte
	n    int
	refs atomic.Int32
}

// stream reads a large file for several lanes at once.
type stream struct {
	engine *engine
	lanes  []*lane
	// read is closed at the end; sums and err are set then.
	read chan struct{}
	sums connectors.Hashes
	err  error
}

// lane is the feed of one delivery in a stream.
type lane struct {
	stream *stream
	ctx    context.Context // of the delivery; a lane lives no longer
	queue  chan *chunk
	// left is closed when the delivery takes nothing more.
	left chan struct{}
	drop context.CancelCauseFunc
	sent func(int64)

	// Of the reading side: how long the others waited for the lane, and whether it
	// missed a chunk, after which it must get none.
	waited time.Duration
	missed bool

	// Of the delivery's side.
	current *chunk
	rest    []byte
	at      int64
}

// passLarge reads the file while it is sent. An error of the source reaches every
// delivery through its lane.
func (e *engine) passLarge(ctx context.Context, c content, ds []*delivery, h *connectors.Hasher) error {
	r, o, err := c.store.open(ctx, c.path, c.revision)
	if err != nil {
		return err
	}
	if o.Size != c.size {
		_ = r.Close() // nothing was read
		return c.store.blame(changed("open", c.path))
	}
	s := &stream{engine: e, read: make(chan struct{})}
	var wg sync.WaitGroup
	for _, d := range ds {
		lctx, cancel := context.WithCancelCause(ctx)
		l := &lane{stream: s, ctx: lctx, queue: make(chan *chunk, e.window), left: make(chan struct{}), drop: cancel, sent: d.sent}
		s.lanes = append(s.lanes, l)
		wg.Go(func() {
			defer cancel(nil)
			defer close(l.left)
			d.err = e.deliver(lctx, c, d, l, nil)
			if d.err != nil && ctx.Err() == nil && errors.Is(context.Cause(lctx), errLagging) {
				d.err = errLagging
				d.attempts--
			}
		})
	}
	err = s.pump(ctx, c, r, h)
	if cerr := r.Close(); err == nil {
		err = cerr
	}
	s.finish(c.store.blame(err), h)
	wg.Wait()
	return nil
}

// finish tells the lanes how the reading ended.
func (s *stream) finish(err error, h *connectors.Hasher) {
	s.err = err
	if err == nil {
		s.sums = h.Sums()
	}
	close(s.read)
	for _, l := range s.lanes {
		close(l.queue)
	}
}

// pump reads the file chunk by chunk. The last chunk goes out only after the
// reader has confirmed the end, because it may publish the file.
func (s *stream) pump(ctx context.Context, c content, r io.Reader, h *connectors.Hasher) error {
	began := s.engine.now()
	for left := c.size; left > 0; {
		if err := ctx.Err(); err != nil {
			return err
		}
		k := s.engine.chunks.Get().(*chunk)
		k.n = int(min(left, chunkSize))
		if _, err := io.ReadFull(r, k.buf[:k.n]); err != nil {
			return short(err, c)
		}
		if left -= int64(k.n); left == 0 {
			if err := atEnd(r, c); err != nil {
				return err
			}
		}
		// Hasher.Write never fails.
		_, _ = h.Write(k.buf[:k.n])
		if !s.spread(ctx, k, began) {
			return errors.New("no target takes the file")
		}
	}
	return nil
}

func short(err error, c content) error {
	ended := errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)
	if ended && connectors.Is(err, connectors.Permanent) { // no vendor's own error
		return changed("open", c.path)
	}
	return err
}

// atEnd fails unless r ends here.
func atEnd(r io.Reader, c content) error {
	n, err := io.ReadFull(r, make([]byte, 1))
	if n > 0 {
		return changed("open", c.path)
	}
	if errors.Is(err, io.EOF) {
		return nil
	}
	return err
}

// spread gives the chunk to every lane that still takes some and reports whether
// there was one.
func (s *stream) spread(ctx context.Context, k *chunk, began time.Time) bool {
	// One more for this loop, so that no lane gives it back too early.
	k.refs.Store(int32(len(s.lanes)) + 1)
	var taken int
	for _, l := range s.lanes {
		if !l.missed && l.put(ctx, k, began) {
			taken++
			continue
		}
		l.missed = true
		s.engine.release(k)
	}
	s.engine.release(k)
	return taken > 0
}

func (e *engine) release(k *chunk) {
	if k.refs.Add(-1) == 0 {
		e.chunks.Put(k)
	}
}

// put queues the chunk, or returns false if the lane takes no more. A lane that
// has kept the others waiting for long, and most of the time, is dropped.
func (l *lane) put(ctx context.Context, k *chunk, began time.Time) bool {
	select {
	case <-l.left:
		return false
	case l.queue <- k:
		return true
	default:
	}
	e := l.stream.engine
	start := e.now()
	defer func() { l.waited += e.now().Sub(start) }()
	for {
		timer := time.NewTimer(max(e.lag-l.waited, e.lag/8))
		select {
		case <-l.left:
			timer.Stop()
			return false
		case <-ctx.Done():
			timer.Stop()
			return false
		case l.queue <- k:
			timer.Stop()
			return true
		case <-timer.C:
		}
		now := e.now()
		waited := l.waited + now.Sub(start)
		if l.stream.others(l) && waited >= e.lag && waited*2 >= now.Sub(began) {
			l.drop(errLagging)
			return false
		}
	}
}

// others reports whether another lane than l still takes chunks.
func (s *stream) others(l *lane) bool {
	for _, o := range s.lanes {
		if o == l {
			continue
		}
		select {
		case <-o.left:
		default:
			return true
		}
	}
	return false
}

// part implements feed.
func (l *lane) part(offset, n int64) io.Reader {
	return io.LimitReader(&partReader{lane: l, from: offset}, n)
}

// partReader skips what the target has already.
type partReader struct {
	lane *lane
	from int64
}

func (p *partReader) Read(b []byte) (int, error) {
	l := p.lane
	for l.at < p.from {
		if err := l.fill(); err != nil {
			return 0, err
		}
		l.take(int(min(int64(len(l.rest)), p.from-l.at)))
	}
	if err := l.fill(); err != nil {
		return 0, err
	}
	n := copy(b, l.rest)
	l.take(n)
	if l.sent != nil {
		l.sent(int64(n))
	}
	return n, nil
}

func (l *lane) take(n int) {
	l.rest = l.rest[n:]
	l.at += int64(n)
}

// fill makes sure that rest holds something.
func (l *lane) fill() error {
	for len(l.rest) == 0 {
		if l.current != nil {
			l.stream.engine.release(l.current)
			l.current = nil
		}
		select {
		case <-l.ctx.Done():
			return context.Cause(l.ctx)
		case k, ok := <-l.queue:
			if !ok {
				return l.ended()
			}
			l.current, l.rest = k, k.buf[:k.n]
		}
	}
	return nil
}

// ended says why there are no more chunks.
func (l *lane) ended() error {
	if err := context.Cause(l.ctx); err != nil {
		return err
	}
	if err := l.failure(); err != nil {
		return err
	}
	return io.EOF
}

// end implements feed. What the target did not need is passed over.
func (l *lane) end(ctx context.Context) (connectors.Hashes, error) {
	for {
		select {
		case k, ok := <-l.queue:
			if ok {
				l.stream.engine.release(k)
				continue
			}
			return l.stream.sums, l.stream.err
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
}

// failure implements feed.
func (l *lane) failure() error {
	select {
	case <-l.stream.read:
		return l.stream.err
	default:
		return nil
	}
}
