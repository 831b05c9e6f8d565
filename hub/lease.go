package hub

import (
	"context"
	"errors"
	"fmt"

	"github.com/wedsync/wedsync/ent/job"
	"github.com/wedsync/wedsync/ent/rule"
)

// ErrLeaseLost tells a worker that its job belongs to another by now: whatever it
// was about to commit is not committed, and it must stop.
var ErrLeaseLost = errors.New("the lease on the job was lost")

// Lease is a worker's claim on a job. Epoch counts the claims, so a worker that
// was taken for dead and comes back is told apart from its successor.
type Lease struct {
	JobID string
	Epoch int64
}

type leaseKey struct{}

// WithLease returns a context whose units of work commit only while the lease
// holds.
func WithLease(ctx context.Context, l Lease) context.Context {
	return context.WithValue(ctx, leaseKey{}, l)
}

// fence locks the job's row for the rest of the transaction, or fails with
// ErrLeaseLost if the claim in ctx is no longer the current one.
func (t *Tx) fence(ctx context.Context) error {
	l, ok := ctx.Value(leaseKey{}).(Lease)
	if !ok {
		return nil
	}
	n, err := t.Job.Update().
		Where(job.ID(l.JobID), job.Epoch(l.Epoch), job.StateEQ(job.StateCLAIMED)).
		SetEpoch(l.Epoch).Save(rule.System(ctx))
	if err != nil {
		return fmt.Errorf("check lease: %w", err)
	}
	if n == 0 {
		return ErrLeaseLost
	}
	return nil
}
