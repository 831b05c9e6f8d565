package event_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/wedsync/wedsync/ent"
	"github.com/wedsync/wedsync/ent/detail"
	"github.com/wedsync/wedsync/ent/rule"
	"github.com/wedsync/wedsync/ent/syncrun"
	"github.com/wedsync/wedsync/ent/transfer"
	"github.com/wedsync/wedsync/hub"
	"github.com/wedsync/wedsync/hub/event"
	"github.com/wedsync/wedsync/internal/testenv"
)

// newRun makes a run at work, with what it needs.
func newRun(t *testing.T, ctx context.Context, c *ent.Client, org string) *ent.SyncRun {
	t.Helper()
	wedding := c.Wedding.Create().SetOrganizationID(org).SetName("W").SetDate("2027-06-05").SetTimeZone("UTC").SaveX(ctx)
	source := c.Connection.Create().SetOrganizationID(org).SetProvider("memory").SetName("C").SetSettings(map[string]string{}).SaveX(ctx)
	sync := c.FileSync.Create().SetOrganizationID(org).SetWeddingID(wedding.ID).SetSourceID(source.ID).SetName("S").SaveX(ctx)
	return c.SyncRun.Create().SetOrganizationID(org).SetSyncID(sync.ID).SetTrigger(syncrun.TriggerSTART).
		SetState(syncrun.StateRUNNING).SetOperations(10).SetBytesTotal(1000).SaveX(ctx)
}

func follow(t *testing.T, ctx context.Context, p *process, run *ent.SyncRun) *event.Stream[*event.RunView] {
	t.Helper()
	s, err := p.events.RunProgress(ctx, run.ID)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// view waits for the one that fits.
func view(t *testing.T, s *event.Stream[*event.RunView], what string, fits func(*event.RunView) bool) *event.RunView {
	t.Helper()
	for range 1000 {
		if v := next(t, s); fits(v) {
			return v
		}
	}
	t.Fatalf("no view showed %s", what)
	return nil
}

func TestProgressOfARun(t *testing.T) {
	t.Parallel()
	testenv.Pairs(t, func(t *testing.T, p testenv.Pair) {
		ctx, org := testenv.Organization(t, p.Client)
		worker, api := start(t, p, p.Client, always), start(t, p, p.Reopen(t).Client, always)
		run := newRun(t, ctx, p.Client, org.ID)
		stream := follow(t, ctx, api, run)
		if v := next(t, stream); v.Run.ID != run.ID || v.Total != 10 || v.Done != 0 || v.Remaining != nil || v.Operation != "" {
			t.Errorf("the first view is %+v", v)
		}
		stop := make(chan struct{})
		sent := make(chan struct{})
		go func() { // two workers, which tell of themselves again and again
			defer close(sent)
			tick := time.NewTicker(20 * time.Millisecond)
			defer tick.Stop()
			for {
				for i := range 2 {
					worker.events.Progress(ctx, hub.Progress{
						OrganizationID: org.ID, RunID: run.ID, Worker: fmt.Sprint(i), BytesInFlight: 100,
						BytesPerSecond: 50, Operation: "copying a file", At: time.Now().Add(-time.Hour),
					})
				}
				select {
				case <-stop:
					return
				case <-tick.C:
				}
			}
		}()
		v := view(t, stream, "both workers", func(v *event.RunView) bool { return v.BytesPerSecond == 100 })
		if v.BytesDone != 200 || v.Operation != "copying a file" || v.Remaining == nil || *v.Remaining != 8*time.Second {
			t.Errorf("the view is %+v, remaining %v", v, v.Remaining)
		}
		failed := p.Client.Transfer.Create().SetOrganizationID(org.ID).SetRunID(run.ID).SetKind(transfer.KindCOPY).
			SetPath("a.jpg").SetExpect(detail.Expectation{}).SetState(transfer.StateFAILED).SetReason("full").SetFinishedAt(time.Now().UTC()).SaveX(ctx)
		p.Client.SyncRun.UpdateOne(run).AddOperationsDone(3).AddOperationsFailed(1).AddBytesDone(950).ExecX(ctx)
		v = view(t, stream, "the failure", func(v *event.RunView) bool { return v.Failed == 1 })
		if v.Done != 3 || v.BytesDone != 1000 || len(v.Errors) != 1 || v.Errors[0].ID != failed.ID {
			t.Errorf("the view is %+v", v)
		}
		close(stop)
		<-sent
		v = view(t, stream, "that the workers fell silent", func(v *event.RunView) bool { return v.BytesPerSecond == 0 })
		if v.BytesDone != 950 || v.Operation != "" {
			t.Errorf("the view is %+v", v)
		}
		p.Client.SyncRun.UpdateOne(run).SetState(syncrun.StatePARTIAL).ExecX(ctx)
		v = view(t, stream, "the end", (*event.RunView).Over)
		if v.Run.State != syncrun.StatePARTIAL {
			t.Errorf("the last view is %+v", v)
		}
		if err := end(t, stream); err != nil {
			t.Errorf("the stream ended with %v", err)
		}
		// Who comes late sees the end too.
		late := follow(t, ctx, api, run)
		if v := next(t, late); !v.Over() {
			t.Errorf("the only view is %+v", v)
		}
		if err := end(t, late); err != nil {
			t.Errorf("the late stream ended with %v", err)
		}
	})
}

// However often the run changes, a subscriber is shown few views, and whether it
// reads them or not, the last one comes.
func TestProgressIsConflated(t *testing.T) {
	t.Parallel()
	testenv.Pairs(t, func(t *testing.T, p testenv.Pair) {
		ctx, org := testenv.Organization(t, p.Client)
		one := start(t, p, p.Client, always)
		run := newRun(t, ctx, p.Client, org.ID)
		eager, lazy := follow(t, ctx, one, run), follow(t, ctx, one, run)
		begin := time.Now()
		views := make(chan int)
		go func() {
			n := 0
			for range eager.Items() {
				n++
			}
			views <- n
		}()
		for range 300 {
			one.events.Progress(ctx, hub.Progress{OrganizationID: org.ID, RunID: run.ID, Worker: "w", BytesPerSecond: float64(time.Now().UnixNano())})
			p.Client.SyncRun.UpdateOne(run).AddBytesDone(1).ExecX(ctx)
			one.emit(t, ctx, file(1))
		}
		p.Client.SyncRun.UpdateOne(run).SetState(syncrun.StateCOMPLETED).ExecX(ctx)
		one.emit(t, ctx, hub.Event{Type: "run.completed", SubjectID: run.ID})
		n := <-views
		if most := 3 + int(time.Since(begin)/(250*time.Millisecond)); n > most || n < 2 {
			t.Errorf("%d views in %v", n, time.Since(begin))
		}
		if v := view(t, lazy, "the end", (*event.RunView).Over); v.BytesDone != 300 {
			t.Errorf("the last view is %+v", v)
		}
	})
}

func TestProgressOfForeignRunsIsNotThere(t *testing.T) {
	t.Parallel()
	testenv.Pairs(t, func(t *testing.T, p testenv.Pair) {
		ctx, org := testenv.Organization(t, p.Client)
		foreign, _ := testenv.Organization(t, p.Client)
		one := start(t, p, p.Client, always)
		run := newRun(t, ctx, p.Client, org.ID)
		if _, err := one.events.RunProgress(foreign, run.ID); err == nil || err.Error() != hub.NotFound("runId", run.ID).Error() {
			t.Errorf("got %v", err)
		}
		if _, err := one.events.RunProgress(rule.System(ctx), run.ID); err != nil {
			t.Errorf("the hub itself got %v", err)
		}
	})
}
