package job_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/wedsync/wedsync/connectors"
	"github.com/wedsync/wedsync/ent"
	entjob "github.com/wedsync/wedsync/ent/job"
	"github.com/wedsync/wedsync/ent/rule"
	"github.com/wedsync/wedsync/hub"
	"github.com/wedsync/wedsync/hub/job"
	"github.com/wedsync/wedsync/internal/testenv"
)

// clock is the time as the tests want it.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func newClock() *clock { return &clock{now: time.Date(2027, 6, 5, 12, 0, 0, 0, time.UTC)} }

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// silent is an observer of commits that does nothing.
type silent struct{}

func (silent) Committed(context.Context, hub.Commit) {}

// enqueue makes jobs that are due now.
func enqueue(t *testing.T, ctx context.Context, client *ent.Client, due time.Time, jobs ...hub.Job) []*ent.Job {
	t.Helper()
	before := existing(t, ctx, client)
	err := hub.NewStore(client, silent{}).InTx(ctx, func(_ context.Context, tx *hub.Tx) error {
		for _, j := range jobs {
			j.DueAt = due
			tx.Enqueue(j)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return slices.DeleteFunc(existing(t, ctx, client), func(j *ent.Job) bool {
		return slices.ContainsFunc(before, func(b *ent.Job) bool { return b.ID == j.ID })
	})
}

func existing(t *testing.T, ctx context.Context, client *ent.Client) []*ent.Job {
	t.Helper()
	all, err := client.Job.Query().Order(entjob.ByID()).All(rule.System(ctx))
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func claim(t *testing.T, s *job.Service, id, worker string) *ent.Job {
	t.Helper()
	j, err := s.Claim(t.Context(), id, worker)
	if err != nil {
		t.Fatalf("claim for %s: %v", worker, err)
	}
	return j
}

func stored(t *testing.T, client *ent.Client, id string) *ent.Job {
	t.Helper()
	return client.Job.GetX(rule.System(t.Context()), id)
}

func TestOfManyClaimersOneWins(t *testing.T) {
	t.Parallel()
	testenv.Databases(t, func(t *testing.T, db testenv.Database) {
		ctx, _ := testenv.Organization(t, db.Client)
		c := newClock()
		services := []*job.Service{job.New(db.Client, c.Now), job.New(db.Reopen(t).Client, c.Now)}
		for round := range 5 {
			j := enqueue(t, ctx, db.Client, c.Now(), hub.Job{Kind: "test", SubjectID: "s"})[0]
			var mu sync.Mutex
			var winners []string
			var all sync.WaitGroup
			for i := range 32 {
				all.Go(func() {
					name := fmt.Sprint("worker ", i)
					got, err := services[i%2].Claim(t.Context(), j.ID, name)
					if errors.Is(err, job.ErrTaken) {
						return
					}
					if err != nil || got.ClaimedBy != name || got.Epoch != 1 {
						t.Errorf("claimed %v, %v", got, err)
					}
					mu.Lock()
					winners = append(winners, name)
					mu.Unlock()
				})
			}
			all.Wait()
			if len(winners) != 1 || stored(t, db.Client, j.ID).ClaimedBy != winners[0] {
				t.Fatalf("round %d was won by %v", round, winners)
			}
		}
	})
}

func TestExpiredHolderIsFenced(t *testing.T) {
	t.Parallel()
	testenv.Databases(t, func(t *testing.T, db testenv.Database) {
		ctx, org := testenv.Organization(t, db.Client)
		c := newClock()
		s := job.New(db.Client, c.Now)
		store := hub.NewStore(db.Client, silent{})
		j := enqueue(t, ctx, db.Client, c.Now(), hub.Job{Kind: "test", SubjectID: "s"})[0]
		first := claim(t, s, j.ID, "first")
		rename := func(j *ent.Job, name string) error {
			ctx := hub.WithLease(rule.SystemWithin(ctx, org.ID), job.LeaseOf(j))
			return store.InTx(ctx, func(ctx context.Context, tx *hub.Tx) error {
				tx.Enqueue(hub.Job{Kind: "follow-up of " + name, SubjectID: "s", DueAt: c.Now()})
				return tx.Organization.UpdateOneID(org.ID).SetName(name).Exec(rule.System(ctx))
			})
		}
		if err := rename(first, "first"); err != nil {
			t.Fatal(err)
		}

		c.Advance(job.Lease - time.Second)
		if err := s.Renew(ctx, job.LeaseOf(first), time.Second); err != nil {
			t.Fatal(err)
		}
		c.Advance(job.Lease)
		if _, err := s.Claim(ctx, j.ID, "second"); !errors.Is(err, job.ErrTaken) {
			t.Fatalf("a job with a lease was claimed: %v", err)
		}
		c.Advance(time.Microsecond)
		second := claim(t, s, j.ID, "second")
		if second.Crashes != 1 {
			t.Errorf("%d crashes were counted", second.Crashes)
		}
		for what, err := range map[string]error{
			"renew":    s.Renew(ctx, job.LeaseOf(first), time.Second),
			"complete": s.Complete(ctx, job.LeaseOf(first)),
			"cancel":   s.Cancel(ctx, job.LeaseOf(first)),
			"release":  s.Release(ctx, job.LeaseOf(first)),
			"fail":     s.Fail(ctx, first, errors.New("x")),
			"give up":  s.GiveUp(ctx, first, errors.New("x")),
			"commit":   rename(first, "late"),
		} {
			if !errors.Is(err, hub.ErrLeaseLost) {
				t.Errorf("%s by the former holder: %v", what, err)
			}
		}
		if err := rename(second, "second"); err != nil {
			t.Error(err)
		}
		if err := s.Complete(ctx, job.LeaseOf(second)); err != nil {
			t.Error(err)
		}
		if err := rename(second, "too late"); !errors.Is(err, hub.ErrLeaseLost) {
			t.Errorf("commit after the end: %v", err)
		}
		if got := db.Client.Organization.GetX(ctx, org.ID).Name; got != "second" {
			t.Errorf("the last who wrote was %s", got)
		}
		kinds := map[string]int{}
		for _, j := range existing(t, ctx, db.Client) {
			kinds[j.Kind]++
		}
		if kinds["follow-up of late"]+kinds["follow-up of too late"] != 0 || kinds["follow-up of second"] != 1 {
			t.Errorf("jobs %v", kinds)
		}
	})
}

func TestEndings(t *testing.T) {
	t.Parallel()
	testenv.Databases(t, func(t *testing.T, db testenv.Database) {
		ctx, _ := testenv.Organization(t, db.Client)
		c := newClock()
		s := job.New(db.Client, c.Now)
		cause := errors.New("the store said \x00 " + strings.Repeat("ä", 3000) + "\xff")
		for name, end := range map[string]struct {
			do                 func(*ent.Job) error
			state              entjob.State
			attempts           int
			claimable, in5mins bool
		}{
			"complete": {func(j *ent.Job) error { return s.Complete(ctx, job.LeaseOf(j)) }, entjob.StateDONE, 0, false, false},
			"cancel":   {func(j *ent.Job) error { return s.Cancel(ctx, job.LeaseOf(j)) }, entjob.StateCANCELED, 0, false, false},
			"release":  {func(j *ent.Job) error { return s.Release(ctx, job.LeaseOf(j)) }, entjob.StateREADY, 0, true, true},
			"fail":     {func(j *ent.Job) error { return s.Fail(ctx, j, cause) }, entjob.StateREADY, 4, false, true},
			"give up":  {func(j *ent.Job) error { return s.GiveUp(ctx, j, cause) }, entjob.StateFAILED, 4, false, false},
		} {
			j := enqueue(t, ctx, db.Client, c.Now(), hub.Job{Kind: name, SubjectID: "s"})[0]
			if end.attempts > 0 {
				db.Client.Job.UpdateOne(j).SetAttempts(end.attempts - 1).ExecX(rule.System(ctx))
			}
			if err := end.do(claim(t, s, j.ID, "worker")); err != nil {
				t.Errorf("%s: %v", name, err)
				continue
			}
			got := stored(t, db.Client, j.ID)
			if got.State != end.state || got.Attempts != end.attempts || got.LeaseUntil != nil || got.ClaimedBy != "" {
				t.Errorf("%s: %v", name, got)
			}
			if (end.attempts > 0) != (got.LastError != "") {
				t.Errorf("%s: last error %q", name, got.LastError)
			}
			if _, err := s.Claim(ctx, j.ID, "next"); (err == nil) != end.claimable {
				t.Errorf("%s: claimed at once: %v", name, err)
			}
			c.Advance(5 * time.Minute)
			if _, err := s.Claim(ctx, j.ID, "next"); (err == nil) != end.in5mins {
				t.Errorf("%s: claimed later: %v", name, err)
			}
		}
		if _, err := s.Claim(ctx, "job_none", "worker"); !errors.Is(err, job.ErrTaken) {
			t.Errorf("claimed what is not there: %v", err)
		}
	})
}

func TestDueTakesTurns(t *testing.T) {
	t.Parallel()
	testenv.Databases(t, func(t *testing.T, db testenv.Database) {
		big, bigOrg := testenv.Organization(t, db.Client)
		small, smallOrg := testenv.Organization(t, db.Client)
		c := newClock()
		s := job.New(db.Client, c.Now)
		add := func(ctx context.Context, n int, p entjob.Priority) {
			for range n {
				enqueue(t, ctx, db.Client, c.Now(), hub.Job{Kind: "test", SubjectID: "s", Priority: p})
				c.Advance(time.Second)
			}
		}
		enqueue(t, small, db.Client, c.Now().Add(time.Hour), hub.Job{Kind: "later", SubjectID: "s"})
		add(big, 8, entjob.PriorityNORMAL)
		add(big, 3, entjob.PriorityWEDDING_DAY)
		add(small, 1, entjob.PriorityNORMAL)
		add(small, 1, entjob.PriorityBACKGROUND)
		due, err := s.Due(t.Context(), 7, "test", "later")
		if err != nil {
			t.Fatal(err)
		}
		names := map[string]string{bigOrg.ID: "big", smallOrg.ID: "small"}
		var order []string
		for _, j := range due {
			order = append(order, fmt.Sprint(names[j.OrganizationID], " ", j.Priority))
		}
		want := []string{
			"big WEDDING_DAY", "big WEDDING_DAY", "big WEDDING_DAY",
			"big NORMAL", "small NORMAL", // the small studio does not wait for the big one's eight
			"big NORMAL", "small BACKGROUND",
		}
		if !slices.Equal(order, want) {
			t.Errorf("order %q", order)
		}

		claim(t, s, due[0].ID, "worker")
		claim(t, s, due[1].ID, "dies")
		c.Advance(job.Lease + time.Second)
		if err := s.Complete(t.Context(), hub.Lease{JobID: due[0].ID, Epoch: 1}); err != nil {
			t.Fatal(err)
		}
		left, err := s.Due(t.Context(), 100, "test", "later")
		if err != nil {
			t.Fatal(err)
		}
		if len(left) != 12 || left[0].ID != due[1].ID {
			t.Errorf("%d jobs are due, first %v", len(left), left[0])
		}
	})
}

func TestCrashesAreForgivenOnceTheJobRuns(t *testing.T) {
	t.Parallel()
	testenv.Databases(t, func(t *testing.T, db testenv.Database) {
		ctx, _ := testenv.Organization(t, db.Client)
		c := newClock()
		s := job.New(db.Client, c.Now)
		j := enqueue(t, ctx, db.Client, c.Now(), hub.Job{Kind: "test", SubjectID: "s"})[0]
		crash := func() *ent.Job {
			j := claim(t, s, j.ID, "worker")
			c.Advance(job.Lease + time.Second)
			return j
		}
		for range 20 {
			if got := crash(); job.Crashed(got) || job.Exhausted(got) || got.Attempts != 0 {
				t.Fatalf("given up after %d crashes", got.Crashes)
			}
		}
		kept := claim(t, s, j.ID, "worker")
		if err := s.Renew(ctx, job.LeaseOf(kept), 2*time.Minute); err != nil {
			t.Fatal(err)
		}
		c.Advance(job.Lease + time.Second)
		for range 25 {
			if got := crash(); job.Crashed(got) {
				t.Fatalf("given up after %d crashes", got.Crashes)
			}
		}
		if got := crash(); !job.Crashed(got) || !job.Exhausted(got) {
			t.Errorf("tried again after %d crashes", got.Crashes)
		}
	})
}

func TestBackoffGrowsWithinBounds(t *testing.T) {
	t.Parallel()
	last := time.Duration(0)
	for failures := range 100 {
		wait := job.Backoff(failures, errors.New("x"))
		if wait < last*6/10 || wait < 500*time.Millisecond || wait > 6*time.Minute {
			t.Errorf("after %d failures %v, before that %v", failures, wait, last)
		}
		last = wait
	}
	asked := fmt.Errorf("list: %w", &connectors.Error{Kind: connectors.RateLimited, After: 42 * time.Second})
	if wait := job.Backoff(0, asked); wait != 42*time.Second {
		t.Errorf("a vendor that asked for 42 s gets %v", wait)
	}
	asked = &connectors.Error{Kind: connectors.RateLimited, After: 24 * time.Hour}
	if wait := job.Backoff(0, asked); wait > 5*time.Minute {
		t.Errorf("a vendor that asked for a day gets %v", wait)
	}
}

func TestDepth(t *testing.T) {
	t.Parallel()
	testenv.Databases(t, func(t *testing.T, db testenv.Database) {
		ctx, _ := testenv.Organization(t, db.Client)
		c := newClock()
		s := job.New(db.Client, c.Now)
		jobs := enqueue(t, ctx, db.Client, c.Now(), hub.Job{Kind: "a", SubjectID: "s"}, hub.Job{Kind: "a", SubjectID: "s"}, hub.Job{Kind: "b", SubjectID: "s"})
		claim(t, s, jobs[0].ID, "worker")
		if err := s.Complete(ctx, job.LeaseOf(claim(t, s, jobs[1].ID, "worker"))); err != nil {
			t.Fatal(err)
		}
		depth, err := s.Depth(ctx)
		if err != nil {
			t.Fatal(err)
		}
		got := map[job.Depth]bool{}
		for _, d := range depth {
			got[d] = true
		}
		if len(got) != 2 || !got[job.Depth{Kind: "a", State: entjob.StateCLAIMED, Count: 1}] || !got[job.Depth{Kind: "b", State: entjob.StateREADY, Count: 1}] {
			t.Errorf("depth %v", depth)
		}
	})
}

func TestPurgeKeepsWorkThatIsNotOver(t *testing.T) {
	t.Parallel()
	testenv.Databases(t, func(t *testing.T, db testenv.Database) {
		ctx, _ := testenv.Organization(t, db.Client)
		c := newClock()
		s := job.New(db.Client, c.Now)
		jobs := enqueue(t, ctx, db.Client, c.Now(), hub.Job{Kind: "over", SubjectID: "s"}, hub.Job{Kind: "waits", SubjectID: "s"})
		for _, j := range jobs {
			if j.Kind == "over" {
				if err := s.Complete(ctx, job.LeaseOf(claim(t, s, j.ID, "w"))); err != nil {
					t.Fatal(err)
				}
			}
		}
		c.Advance(6 * 24 * time.Hour)
		if n, err := s.Purge(t.Context()); n != 0 || err != nil {
			t.Errorf("removed %d too early, %v", n, err)
		}
		c.Advance(2 * 24 * time.Hour)
		if n, err := s.Purge(t.Context()); n != 1 || err != nil {
			t.Errorf("removed %d, %v", n, err)
		}
		if left := existing(t, ctx, db.Client); len(left) != 1 || left[0].Kind != "waits" {
			t.Errorf("left are %v", left)
		}
	})
}
