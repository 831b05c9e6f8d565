package transfer_test

import (
	"context"
	"errors"
	"io"
	"sync/atomic"
	"testing"
	"time"

	"github.com/wedsync/wedsync/connectors"
	"github.com/wedsync/wedsync/ent/filesync"
	enttransfer "github.com/wedsync/wedsync/ent/transfer"
	"github.com/wedsync/wedsync/internal/testenv"
)

const (
	// hugeSize is far more than a transfer may have in memory, ahead how much of it
	// the source may be read ahead of what a target took.
	hugeSize = 96 << 20
	ahead    = 16 << 20
	// hugePart is what the target takes at a time.
	hugePart = 1 << 20
	// quiet is how long nothing is read before reading is held to have stopped.
	quiet = 100 * time.Millisecond
)

// huge is a source of one file that exists only while it is read.
type huge struct {
	connectors.Connection
	// read counts what was read; each read is told to reads, if somebody listens.
	read  *atomic.Int64
	reads chan struct{}
}

func (h huge) List(context.Context, string, string) (connectors.Page, error) {
	return connectors.Page{}, errors.ErrUnsupported
}

func (h huge) Stat(_ context.Context, path string) (connectors.Object, error) {
	return connectors.Object{Path: path, Size: hugeSize, Revision: "1"}, nil
}

func (h huge) Open(ctx context.Context, path string, _ int64, _ string) (io.ReadCloser, connectors.Object, error) {
	o, err := h.Stat(ctx, path)
	return io.NopCloser(io.LimitReader(zeros(h), hugeSize)), o, err
}

type zeros huge

func (z zeros) Read(p []byte) (int, error) {
	clear(p)
	z.read.Add(int64(len(p)))
	select {
	case z.reads <- struct{}{}:
	default:
	}
	return len(p), nil
}

// hole is a sink that takes a part only when the source is read no further.
type hole struct {
	connectors.Connection
	source huge
	taken  atomic.Int64
	// lead is the most that was read ahead of what was taken.
	lead atomic.Int64
}

func (h *hole) Begin(context.Context, connectors.Upload) (connectors.Session, error) { return h, nil }

func (h *hole) Resume(context.Context, connectors.Upload, []byte) (connectors.Session, error) {
	return nil, errors.ErrUnsupported
}

func (h *hole) Offset() int64               { return h.taken.Load() }
func (h *hole) PartSize() int64             { return hugePart }
func (h *hole) Checkpoint() []byte          { return nil }
func (h *hole) Abort(context.Context) error { return nil }

func (h *hole) Write(_ context.Context, r io.Reader, n int64) error {
	if h.taken.Load() == 0 {
		h.awaitQuiet()
	}
	h.lead.Store(max(h.lead.Load(), h.source.read.Load()-h.taken.Load()))
	if _, err := io.CopyN(io.Discard, r, n); err != nil {
		return err
	}
	h.taken.Add(n)
	return nil
}

// awaitQuiet returns when reading has stopped, at the latest with the file's end.
func (h *hole) awaitQuiet() {
	still := time.NewTimer(quiet)
	defer still.Stop()
	for h.source.read.Load() < hugeSize {
		select {
		case <-h.source.reads:
			still.Reset(quiet)
		case <-still.C:
			return
		}
	}
}

func (h *hole) Commit(context.Context) (connectors.Object, error) {
	return connectors.Object{Path: "out/huge.mov", Size: h.taken.Load(), Revision: "1"}, nil
}

func TestALargeFileIsReadNoFasterThanItIsTaken(t *testing.T) {
	t.Parallel()
	testenv.Databases(t, func(t *testing.T, db testenv.Database) {
		w := newWorld(t, db, setup{verification: filesync.VerificationSIZE})
		source := huge{Connection: w.source, read: &atomic.Int64{}, reads: make(chan struct{})}
		target := &hole{Connection: w.targets[0], source: source}
		w.open[w.sync.SourceID], w.open[w.rows[0].ConnectionID] = source, target
		row := w.planned(op{
			kind: enttransfer.KindCOPY, path: "huge.mov", source: connectors.Object{Revision: "1", Size: hugeSize},
		})
		w.wantState(row, enttransfer.StateDONE)
		if got := target.taken.Load(); got != hugeSize {
			t.Errorf("%d bytes arrived", got)
		}
		if lead := target.lead.Load(); lead > ahead {
			t.Errorf("the source was read %d bytes ahead of the target", lead)
		}
	})
}
