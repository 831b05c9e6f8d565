package job

import (
	"context"
	"errors"
	"fmt"
	"time"

	"entgo.io/ent/dialect/sql"

	"github.com/wedsync/wedsync/ent"
	entjob "github.com/wedsync/wedsync/ent/job"
	"github.com/wedsync/wedsync/ent/predicate"
	"github.com/wedsync/wedsync/ent/rule"
	"github.com/wedsync/wedsync/hub"
)

const (
	// Lease is how long a job is left to a worker that gives no sign.
	Lease = 15 * time.Second
	// RenewEvery is how often a worker gives one.
	RenewEvery = Lease / 3

	// claimAhead lets a job start although the clock of the process that made it
	// is ahead.
	claimAhead = 2 * time.Second
	// settled is how long a job keeps its worker alive before its earlier crashes
	// are held to have had other causes.
	settled = time.Minute
)

// ErrTaken says that there is nothing to claim: another worker has the job, or it
// is over, or not due.
var ErrTaken = errors.New("the job is not to be had")

// Service is the table of work. It acts for the hub itself, whoever the viewer is.
type Service struct {
	client *ent.Client
	clock  func() time.Time
}

// New returns the table in client's database. clock is time.Now but for tests.
func New(client *ent.Client, clock func() time.Time) *Service {
	return &Service{client: client, clock: clock}
}

func (s *Service) now() time.Time { return s.clock().UTC().Truncate(time.Microsecond) }

// LeaseOf is the claim that a claimed job was returned with.
func LeaseOf(j *ent.Job) hub.Lease { return hub.Lease{JobID: j.ID, Epoch: j.Epoch} }

// Claim makes the job worker's for the time of a lease, or fails with ErrTaken. Of
// any number of workers at most one gets it.
func (s *Service) Claim(ctx context.Context, id, worker string) (*ent.Job, error) {
	ctx = rule.System(ctx)
	j, err := s.client.Job.Get(ctx, id)
	if ent.IsNotFound(err) {
		return nil, ErrTaken
	}
	if err != nil {
		return nil, fmt.Errorf("claim job: %w", err)
	}
	now := s.now()
	crashes := j.Crashes
	if j.State == entjob.StateCLAIMED {
		crashes++
	}
	until := now.Add(Lease)
	n, err := s.client.Job.Update().
		Where(entjob.ID(id), entjob.Epoch(j.Epoch), claimable(now, now.Add(claimAhead))).
		SetState(entjob.StateCLAIMED).SetEpoch(j.Epoch + 1).SetLeaseUntil(until).
		SetClaimedBy(worker).SetCrashes(crashes).Save(ctx)
	if err != nil {
		return nil, fmt.Errorf("claim job: %w", err)
	}
	if n == 0 {
		return nil, ErrTaken
	}
	j.State, j.Epoch, j.LeaseUntil, j.ClaimedBy, j.Crashes = entjob.StateCLAIMED, j.Epoch+1, &until, worker, crashes
	return j, nil
}

// claimable selects jobs that wait and are due, and those whose lease ran out.
func claimable(now, due time.Time) predicate.Job {
	return entjob.Or(
		entjob.And(entjob.StateEQ(entjob.StateREADY), entjob.DueAtLTE(due)),
		entjob.And(entjob.StateEQ(entjob.StateCLAIMED), entjob.LeaseUntilLT(now)),
	)
}

// Renew gives the worker another lease, or fails with hub.ErrLeaseLost. held is how
// long the worker has had the job.
func (s *Service) Renew(ctx context.Context, l hub.Lease, held time.Duration) error {
	u := s.held(l).SetLeaseUntil(s.now().Add(Lease))
	if held > settled {
		u.SetCrashes(0)
	}
	return save(ctx, u, "renew lease")
}

// Due returns up to limit jobs of the kinds that can be claimed, in the order in
// which to do so: organizations take turns, and a priority gets twice the turns of
// the one below.
func (s *Service) Due(ctx context.Context, limit int, kinds ...string) ([]*ent.Job, error) {
	now := s.now()
	jobs, err := s.client.Job.Query().Where(entjob.KindIn(kinds...), claimable(now, now)).
		Order(byTurn, entjob.ByDueAt(), entjob.ByID()).Limit(limit).All(rule.System(ctx))
	if err != nil {
		return nil, fmt.Errorf("list due jobs: %w", err)
	}
	return jobs, nil
}

func byTurn(s *sql.Selector) {
	priority, organization, due := s.C(entjob.FieldPriority), s.C(entjob.FieldOrganizationID), s.C(entjob.FieldDueAt)
	s.OrderExpr(sql.ExprFunc(func(b *sql.Builder) {
		b.WriteString("ROW_NUMBER() OVER (PARTITION BY " + priority + ", " + organization + " ORDER BY " + due + ")")
		b.WriteString(" * CASE " + priority)
		b.WriteString(" WHEN ").Arg(entjob.PriorityWEDDING_DAY).WriteString(" THEN 1")
		b.WriteString(" WHEN ").Arg(entjob.PriorityINTERACTIVE).WriteString(" THEN 2")
		b.WriteString(" WHEN ").Arg(entjob.PriorityNORMAL).WriteString(" THEN 4 ELSE 8 END")
	}))
}

// Depth counts the jobs of each kind that are not over, by state.
func (s *Service) Depth(ctx context.Context) ([]Depth, error) {
	var rows []Depth
	err := s.client.Job.Query().
		Where(entjob.StateIn(entjob.StateREADY, entjob.StateCLAIMED)).
		GroupBy(entjob.FieldKind, entjob.FieldState).Aggregate(ent.Count()).
		Scan(rule.System(ctx), &rows)
	if err != nil {
		return nil, fmt.Errorf("count jobs: %w", err)
	}
	return rows, nil
}

// Depth says how many jobs of a kind are in a state.
type Depth struct {
	Kind  string       `json:"kind"`
	State entjob.State `json:"state"`
	Count int          `json:"count"`
}
