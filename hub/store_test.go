package hub_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/wedsync/wedsync/ent"
	entevent "github.com/wedsync/wedsync/ent/event"
	"github.com/wedsync/wedsync/ent/job"
	"github.com/wedsync/wedsync/ent/rule"
	"github.com/wedsync/wedsync/hub"
	"github.com/wedsync/wedsync/internal/testenv"
)

// recorder keeps the commits it is told of.
type recorder struct {
	mu      sync.Mutex
	commits []hub.Commit
}

func (r *recorder) Committed(_ context.Context, c hub.Commit) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.commits = append(r.commits, c)
}

// rename changes the organization and leaves one of everything.
func rename(ctx context.Context, tx *hub.Tx, org, name string) error {
	tx.Emit(hub.Event{Type: "organization.renamed", SubjectID: org, WeddingID: "wed_1", Data: map[string]string{"name": name}})
	tx.Audit(hub.Audit{Action: "organization.rename", SubjectID: org, Data: map[string]string{"name": name}})
	tx.Enqueue(hub.Job{Kind: "greet", SubjectID: org, Part: 3, Priority: job.PriorityINTERACTIVE})
	return tx.Organization.UpdateOneID(org).SetName(name).Exec(ctx)
}

// books are what a unit leaves besides the change itself.
type books struct {
	name   string
	events []*ent.Event
	audits []*ent.AuditEntry
	jobs   []*ent.Job
}

func read(t *testing.T, ctx context.Context, c *ent.Client, org string) books {
	t.Helper()
	ctx = rule.SystemWithin(context.WithoutCancel(ctx), org)
	return books{
		name:   c.Organization.GetX(ctx, org).Name,
		events: c.Event.Query().Order(entevent.BySeq()).AllX(ctx),
		audits: c.AuditEntry.Query().AllX(ctx),
		jobs:   c.Job.Query().AllX(ctx),
	}
}

func TestAUnitCommitsWithItsBooks(t *testing.T) {
	t.Parallel()
	testenv.Databases(t, func(t *testing.T, db testenv.Database) {
		ctx, org := testenv.Organization(t, db.Client)
		viewer, _ := rule.From(ctx)
		viewer.TokenID = "tok_1"
		ctx = rule.With(ctx, viewer)
		var first, second recorder
		store := hub.NewStore(db.Client, hub.Observers{&first, &second})
		due := time.Now().Add(time.Hour).UTC().Truncate(time.Microsecond)
		if err := store.InTx(ctx, func(ctx context.Context, tx *hub.Tx) error {
			tx.Enqueue(hub.Job{Kind: "later", SubjectID: "s", DueAt: due})
			return rename(ctx, tx, org.ID, "New")
		}); err != nil {
			t.Fatal(err)
		}
		got := read(t, ctx, db.Client, org.ID)
		if got.name != "New" || len(got.events) != 1 || len(got.audits) != 1 || len(got.jobs) != 2 {
			t.Fatalf("left %+v", got)
		}
		var data map[string]string
		e := got.events[0]
		if err := json.Unmarshal(e.Data, &data); err != nil || data["name"] != "New" {
			t.Errorf("event data %s", e.Data)
		}
		if e.Seq != 1 || e.Type != "organization.renamed" || e.SubjectID != org.ID || e.WeddingID != "wed_1" || e.Actor != viewer.UserID {
			t.Errorf("event %v", e)
		}
		if a := got.audits[0]; a.Actor != viewer.UserID || a.Via != "tok_1" || a.Action != "organization.rename" {
			t.Errorf("audit entry %v", a)
		}
		for _, j := range got.jobs {
			if j.Kind == "later" && !j.DueAt.Equal(due) || j.Kind == "greet" && (j.Part != 3 || j.Priority != job.PriorityINTERACTIVE || j.DueAt.After(time.Now())) {
				t.Errorf("job %v", j)
			}
		}
		for _, o := range []*recorder{&first, &second} {
			if len(o.commits) != 1 || o.commits[0].OrganizationID != org.ID || o.commits[0].LastSeq != 1 || len(o.commits[0].Jobs) != 2 {
				t.Errorf("observed %+v", o.commits)
			}
		}
	})
}

func TestAUnitThatFailsLeavesNothing(t *testing.T) {
	t.Parallel()
	testenv.Databases(t, func(t *testing.T, db testenv.Database) {
		ctx, org := testenv.Organization(t, db.Client)
		before := read(t, ctx, db.Client, org.ID).name
		var observed recorder
		store := hub.NewStore(db.Client, &observed)
		boom := errors.New("boom")
		cancelled, cancel := context.WithCancel(ctx)
		for name, try := range map[string]struct {
			ctx  context.Context
			then func(tx *hub.Tx) error
			want error
		}{
			"error":     {ctx, func(*hub.Tx) error { return boom }, boom},
			"cancelled": {cancelled, func(*hub.Tx) error { cancel(); return cancelled.Err() }, context.Canceled},
			"bad event": {ctx, func(tx *hub.Tx) error { tx.Emit(hub.Event{Type: "x", Data: func() {}}); return nil }, nil},
			"bad audit": {ctx, func(tx *hub.Tx) error { tx.Audit(hub.Audit{Action: "x", Data: func() {}}); return nil }, nil},
			"bad job":   {ctx, func(tx *hub.Tx) error { tx.Enqueue(hub.Job{Kind: strings.Repeat("x", 1000)}); return nil }, nil},
			"panic":     {ctx, func(*hub.Tx) error { panic(boom) }, boom},
		} {
			err := caught(func() error {
				return store.InTx(try.ctx, func(ctx context.Context, tx *hub.Tx) error {
					if err := rename(ctx, tx, org.ID, name); err != nil {
						return err
					}
					return try.then(tx)
				})
			})
			if err == nil || try.want != nil && !errors.Is(err, try.want) {
				t.Errorf("%s: %v", name, err)
			}
			if strings.Contains(err.Error(), "roll back") {
				t.Errorf("%s: rolling back failed: %v", name, err)
			}
		}
		got := read(t, ctx, db.Client, org.ID)
		if got.name != before || len(got.events)+len(got.audits)+len(got.jobs) != 0 || len(observed.commits) != 0 {
			t.Errorf("left %+v, observed %v", got, observed.commits)
		}
		// No connection is left in a transaction, and numbers go on without a gap.
		if err := store.InTx(ctx, func(ctx context.Context, tx *hub.Tx) error { return rename(ctx, tx, org.ID, "after") }); err != nil {
			t.Fatal(err)
		}
		if got := read(t, ctx, db.Client, org.ID); len(got.events) != 1 || got.events[0].Seq != 1 {
			t.Errorf("events %v", got.events)
		}
	})
}

// caught returns a panic's error like one that was returned.
func caught(do func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = p.(error)
		}
	}()
	return do()
}

func TestUnitsNeedAViewerWhoMay(t *testing.T) {
	t.Parallel()
	testenv.Databases(t, func(t *testing.T, db testenv.Database) {
		ctx, org := testenv.Organization(t, db.Client)
		store := hub.NewStore(db.Client, deaf{})
		reader, _ := rule.From(ctx)
		reader.Role = rule.RoleViewer
		for name, ctx := range map[string]context.Context{
			"nobody":                  t.Context(),
			"a reader":                rule.With(ctx, reader),
			"the hub outside of any":  rule.System(ctx),
			"the hub within another":  rule.SystemWithin(ctx, "org_other"),
			"an owner of another one": rule.With(ctx, rule.Viewer{OrganizationID: "org_other", Role: rule.RoleOwner}),
		} {
			err := store.InTx(ctx, func(ctx context.Context, tx *hub.Tx) error { return rename(ctx, tx, org.ID, name) })
			if err == nil {
				t.Errorf("%s may", name)
			}
		}
		if got := read(t, ctx, db.Client, org.ID); len(got.events)+len(got.jobs)+len(got.audits) != 0 {
			t.Errorf("left %+v", got)
		}
	})
}

// Events of units that commit at the same time are numbered without a gap, in the
// order in which they can be seen: whoever sees a number has seen all before it.
func TestNumbersAreGaplessAndInOrderOfCommit(t *testing.T) {
	t.Parallel()
	testenv.Databases(t, func(t *testing.T, db testenv.Database) {
		ctx, org := testenv.Organization(t, db.Client)
		var observed recorder
		stores := []*hub.Store{hub.NewStore(db.Client, &observed), hub.NewStore(db.Reopen(t).Client, &observed)}
		const writers, units = 8, 20
		var writing, watching sync.WaitGroup
		stop := make(chan struct{})
		watching.Go(func() {
			seen := int64(0)
			for {
				seqs := seqsAfter(t, ctx, db.Client, seen)
				for i, seq := range seqs {
					if seq != seen+int64(i)+1 {
						t.Errorf("after %d came %v", seen, seqs)
						return
					}
				}
				seen += int64(len(seqs))
				select {
				case <-stop:
					return
				default:
				}
			}
		})
		for w := range writers {
			writing.Go(func() {
				for u := range units {
					err := stores[w%2].InTx(ctx, func(ctx context.Context, tx *hub.Tx) error {
						for range 1 + u%3 {
							tx.Emit(hub.Event{Type: "x", SubjectID: fmt.Sprint(w, u)})
						}
						if u%5 == 4 {
							return errors.New("this unit fails")
						}
						return nil
					})
					if (err != nil) != (u%5 == 4) {
						t.Errorf("unit: %v", err)
					}
				}
			})
		}
		writing.Wait()
		close(stop)
		watching.Wait()
		all := seqsAfter(t, ctx, db.Client, 0)
		if last := db.Client.Organization.GetX(ctx, org.ID).EventSeq; int64(len(all)) != last || !slices.IsSorted(all) {
			t.Errorf("%d events, the last is %d", len(all), last)
		}
		if want := writers * units * 4 / 5; len(observed.commits) != want {
			t.Errorf("%d commits were observed, want %d", len(observed.commits), want)
		}
	})
}

func seqsAfter(t *testing.T, ctx context.Context, c *ent.Client, seq int64) []int64 {
	t.Helper()
	events, err := c.Event.Query().Where(entevent.SeqGT(seq)).Order(entevent.BySeq()).All(ctx)
	if err != nil {
		t.Error(err)
	}
	seqs := make([]int64, len(events))
	for i, e := range events {
		seqs[i] = e.Seq
	}
	return seqs
}
