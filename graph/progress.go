package graph

import (
	"context"
	"slices"
	"time"

	"entgo.io/ent/dialect/sql"

	"github.com/wedsync/wedsync/ent"
	"github.com/wedsync/wedsync/ent/syncrun"
	"github.com/wedsync/wedsync/ent/transfer"
	"github.com/wedsync/wedsync/graph/generated"
	"github.com/wedsync/wedsync/graph/model"
	"github.com/wedsync/wedsync/hub"
)

// maxRunErrors is how many failures a picture of a run shows.
const maxRunErrors = 5

// over reports whether nothing more will happen to a run by itself.
func over(state syncrun.State) bool {
	switch state {
	case syncrun.StateCOMPLETED, syncrun.StatePARTIAL, syncrun.StateFAILED, syncrun.StateCANCELED, syncrun.StateSTALE:
		return true
	}
	return false
}

func (r runResolver) Progress(_ context.Context, run *ent.SyncRun) (*model.RunProgress, error) {
	return picture(run, r.hub.Progress.Latest(run.ID)), nil
}

func (r subscriptionResolver) RunProgress(ctx context.Context, runID string) (<-chan *model.RunProgress, error) {
	if _, err := r.client.SyncRun.Get(ctx, runID); err != nil {
		return nil, hub.Translate(err, "runId", runID)
	}
	changed, err := r.hub.Progress.Changed(ctx, runID)
	if err != nil {
		return nil, err
	}
	pictures := make(chan *model.RunProgress)
	go func() {
		defer close(pictures)
		r.follow(ctx, runID, changed, pictures)
	}()
	return pictures, nil
}

// follow sends a picture of the run whenever something may have changed, until
// the run is over or ctx ends. The row is read each time: it is the truth, and the
// last picture is made from it alone.
func (r subscriptionResolver) follow(ctx context.Context, runID string, changed <-chan struct{}, pictures chan<- *model.RunProgress) {
	for {
		run, err := r.client.SyncRun.Get(ctx, runID)
		if err != nil {
			return // gone, or not the viewer's any more
		}
		select {
		case pictures <- picture(run, r.hub.Progress.Latest(runID)):
		case <-ctx.Done():
			return
		}
		if over(run.State) {
			return
		}
		if _, open := <-changed; !open {
			return
		}
	}
}

// picture joins what is recorded of a run with what its workers said last.
func picture(run *ent.SyncRun, workers []hub.Progress) *model.RunProgress {
	p := &model.RunProgress{
		Run: run, State: run.State,
		FilesTotal: run.Operations, FilesDone: run.OperationsDone, FilesFailed: run.OperationsFailed,
		BytesTotal: run.BytesTotal, BytesDone: run.BytesDone,
		At: run.UpdatedAt,
	}
	if run.State != syncrun.StateRUNNING {
		return p
	}
	for _, w := range workers {
		p.BytesDone += w.BytesInFlight
		p.BytesPerSecond += w.BytesPerSecond
		if w.At.After(p.At) {
			p.At, p.Operation = w.At, w.Operation
		}
	}
	p.BytesDone = min(p.BytesDone, p.BytesTotal)
	if p.BytesPerSecond > 0 {
		left := time.Duration(float64(p.BytesTotal-p.BytesDone) / p.BytesPerSecond * float64(time.Second)).Milliseconds()
		p.RemainingMs = &left
	}
	return p
}

func (r runProgressResolver) Errors(ctx context.Context, p *model.RunProgress) ([]*generated.RunError, error) {
	out := []*generated.RunError{}
	if p.FilesFailed == 0 {
		return out, nil
	}
	failed, err := r.client.Transfer.Query().
		Where(transfer.RunID(p.Run.ID), transfer.StateEQ(transfer.StateFAILED)).
		Order(transfer.ByUpdatedAt(sql.OrderDesc())).Limit(maxRunErrors).All(ctx)
	if err != nil {
		return nil, err
	}
	for _, t := range slices.Backward(failed) {
		out = append(out, &generated.RunError{Path: t.Path, Kind: t.ErrorKind, Message: t.Reason})
	}
	return out, nil
}
