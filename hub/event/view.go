package event

import (
	"context"
	"errors"
	"time"

	"github.com/wedsync/wedsync/ent"
	"github.com/wedsync/wedsync/ent/syncrun"
	"github.com/wedsync/wedsync/hub"
)

// RunView is a picture of a run at a moment. It is shared: nobody changes it.
type RunView struct {
	Run *ent.SyncRun
	// Done, Failed and Total count operations.
	Done, Failed, Total int
	// BytesDone includes what was sent for operations that are not done yet.
	BytesDone, BytesTotal int64
	// BytesPerSecond is the rate of all workers over the last seconds.
	BytesPerSecond float64
	// Remaining is how long it will take; nil while that is unknown.
	Remaining *time.Duration
	// Operation says what is being done, for people; empty if nothing is.
	Operation string
	// Errors are the latest operations that failed, the newest first.
	Errors []*ent.Transfer
	At     time.Time
}

func newRunView(run *ent.SyncRun, pictures map[string]hub.Progress) *RunView {
	v := &RunView{
		Run: run, Done: run.OperationsDone, Failed: run.OperationsFailed, Total: run.Operations,
		BytesDone: run.BytesDone, BytesTotal: run.BytesTotal, At: time.Now().UTC(),
	}
	if run.State != syncrun.StateRUNNING {
		return v // whatever workers still send of it is over
	}
	var newest time.Time
	for _, p := range pictures {
		v.BytesDone += max(0, p.BytesInFlight)
		v.BytesPerSecond += max(0, p.BytesPerSecond)
		if p.At.After(newest) && p.Operation != "" {
			newest, v.Operation = p.At, p.Operation
		}
	}
	// A picture may still count what the row has come to count as done.
	v.BytesDone = min(v.BytesDone, max(run.BytesDone, run.BytesTotal))
	if v.BytesPerSecond > 0 {
		seconds := float64(v.BytesTotal-v.BytesDone) / v.BytesPerSecond
		remaining := time.Duration(min(seconds, maxRemaining.Seconds()) * float64(time.Second))
		v.Remaining = &remaining
	}
	return v
}

// maxRemaining bounds estimates from a rate close to zero.
const maxRemaining = 365 * 24 * time.Hour

// Over reports whether the run has ended.
func (v *RunView) Over() bool {
	switch v.Run.State {
	case syncrun.StateCOMPLETED, syncrun.StatePARTIAL, syncrun.StateFAILED, syncrun.StateCANCELED, syncrun.StateSTALE:
		return true
	}
	return false
}

// same reports whether nothing that is shown changed.
func (v *RunView) same(o *RunView) bool {
	return v.Run.State == o.Run.State && v.Run.Reason == o.Run.Reason && v.Run.UpdatedAt.Equal(o.Run.UpdatedAt) &&
		v.Done == o.Done && v.Failed == o.Failed && v.Total == o.Total &&
		v.BytesDone == o.BytesDone && v.BytesTotal == o.BytesTotal &&
		v.BytesPerSecond == o.BytesPerSecond && v.Operation == o.Operation
}

// show passes the feed's views on, always the newest, until the run is over.
func show(ctx context.Context, f *feed, g *guard, out *Stream[*RunView]) error {
	pause := time.NewTimer(0)
	defer pause.Stop()
	for {
		view, renewed := f.latest()
		if view != nil {
			err := out.send(ctx, g, view, renewed)
			switch {
			case errors.Is(err, errRenewed):
				continue
			case errors.Is(err, errSlow):
				return &SlowError{}
			case err != nil || view.Over():
				return err
			}
			// The next one is not before its time.
			pause.Reset(pictureEvery)
			select {
			case <-pause.C:
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		select {
		case <-renewed:
		case <-ctx.Done():
			return ctx.Err()
		case <-g.revoked:
			return g.err
		}
	}
}
