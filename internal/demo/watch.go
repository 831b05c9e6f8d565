package demo

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"time"

	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"

	"github.com/wedsync/wedsync/internal/gqlclient"
)

// progress is a picture of a run as the subscription sends it.
type progress struct {
	State                              string
	FilesTotal, FilesDone, FilesFailed int
	BytesTotal, BytesDone              int64
	BytesPerSecond                     float64
	Operation                          string
}

// over reports whether a run in the state will not change any more.
func over(state string) bool {
	return slices.Contains([]string{"COMPLETED", "PARTIAL", "FAILED", "CANCELED", "STALE"}, state)
}

// display shows pictures of progress to people.
type display interface {
	show(progress)
	finish()
}

// watch follows a run over the websocket until it is over, and returns it as it
// ended.
func (d *demo) watch(ctx context.Context, id string) (run, error) {
	sub, err := d.hub.Subscribe(ctx, `subscription($id: ID!) { runProgress(runId: $id) {
		state filesTotal filesDone filesFailed bytesTotal bytesDone bytesPerSecond operation } }`, map[string]any{"id": id})
	if err != nil {
		return run{}, fmt.Errorf("follow the run: %w", err)
	}
	defer sub.Close()
	shown := d.display()
	defer shown.finish()
	for {
		var value struct{ RunProgress progress }
		err := sub.Next(&value)
		if errors.Is(err, gqlclient.ErrCompleted) {
			break
		}
		if err != nil {
			return run{}, fmt.Errorf("follow the run: %w", err)
		}
		shown.show(value.RunProgress)
	}
	r, err := d.run(ctx, id)
	if err == nil && !over(r.State) {
		err = fmt.Errorf("the subscription completed while the run is %s", r.State)
	}
	return r, err
}

// display is two bars on a terminal, and lines in a file or pipe.
func (d *demo) display() display {
	if d.onTerminal() {
		return newBars(d)
	}
	return &lines{demo: d}
}

// lines writes a line for every tenth of the bytes.
type lines struct {
	*demo
	tenth int64
}

func (l *lines) show(p progress) {
	if p.BytesTotal == 0 {
		return
	}
	if tenth := p.BytesDone * 10 / p.BytesTotal; tenth > l.tenth {
		l.tenth = tenth
		l.say("  %3d %%  %s of %s, %d of %d operations, %.1f MB/s  %s", tenth*10, bytes(p.BytesDone), bytes(p.BytesTotal),
			p.FilesDone+p.FilesFailed, p.FilesTotal, p.BytesPerSecond/1e6, p.Operation)
	}
}

func (l *lines) finish() {}

// bars draws the latest picture, which its own goroutine reads while show changes
// it.
type bars struct {
	container    *mpb.Progress
	bytes, files *mpb.Bar
	latest       atomic.Pointer[progress]
}

func newBars(d *demo) *bars {
	b := &bars{container: mpb.New(mpb.WithOutput(d.Out), mpb.WithWidth(50), mpb.WithRefreshRate(120*time.Millisecond))}
	b.latest.Store(&progress{})
	b.bytes = b.container.AddBar(0,
		mpb.PrependDecorators(decor.Name("  bytes ", decor.WC{W: 9}), decor.Counters(decor.SizeB1024(0), "% .1f / % .1f", decor.WC{W: 24})),
		mpb.AppendDecorators(decor.Percentage(decor.WC{W: 5}), decor.Any(func(decor.Statistics) string {
			return fmt.Sprintf(" %7.1f MB/s", b.latest.Load().BytesPerSecond/1e6)
		})))
	b.files = b.container.AddBar(0,
		mpb.PrependDecorators(decor.Name("  done", decor.WC{W: 9}), decor.CountersNoUnit("%d / %d", decor.WC{W: 24})),
		mpb.AppendDecorators(decor.Percentage(decor.WC{W: 5}), decor.Any(func(decor.Statistics) string {
			return " " + b.latest.Load().Operation
		}, decor.WC{W: 2})))
	return b
}

func (b *bars) show(p progress) {
	b.latest.Store(&p)
	b.bytes.SetTotal(p.BytesTotal, false)
	b.bytes.SetCurrent(p.BytesDone)
	b.files.SetTotal(int64(p.FilesTotal), false)
	b.files.SetCurrent(int64(p.FilesDone + p.FilesFailed))
}

func (b *bars) finish() {
	b.bytes.SetTotal(-1, true)
	b.files.SetTotal(-1, true)
	b.container.Wait()
}
