package workers

import (
	"context"
	"errors"
	"time"

	"github.com/wedsync/wedsync/ent"
)

// Causes for which a handler's context is cancelled, besides hub.ErrLeaseLost.
var (
	// ErrShutdown: the process ends. The job goes to another worker at once.
	ErrShutdown = errors.New("the worker is shutting down")
	// ErrUnwanted: the work is no longer wanted. The job ends as canceled.
	ErrUnwanted = errors.New("the work is no longer wanted")
)

// Handler does the work of a job. Its context acts for the hub within the job's
// organization, carries the lease, and is cancelled when the lease is lost, the
// worker shuts down or the work is no longer wanted; the handler then returns
// promptly. It may run again for the same job at any time, here or elsewhere.
type Handler func(ctx context.Context, j *ent.Job) error

// Kind is what workers know of one kind of job.
type Kind struct {
	Handle Handler
	// GiveUp tells whoever waits for the work that it will not be done, because of
	// cause. It comes before the job is marked as failed, and comes again if that
	// does not work out. May be nil.
	GiveUp func(ctx context.Context, j *ent.Job, cause error) error
	// Wanted reports whether the work is wanted still. It is asked before the work
	// begins, now and then during it, and when Interrupt hints at a change. May be
	// nil: the work is always wanted.
	Wanted func(ctx context.Context, j *ent.Job) (bool, error)
	// LongRunning work goes on until it is not wanted, and does not count against
	// the worker's concurrency.
	LongRunning bool
}

// Outcome says how a worker's hold on a job ended.
type Outcome string

// The outcomes.
const (
	OutcomeDone     Outcome = "done"
	OutcomeFailed   Outcome = "failed"   // will be tried again
	OutcomeGivenUp  Outcome = "given_up" // will not
	OutcomeCanceled Outcome = "canceled"
	OutcomeReleased Outcome = "released" // left to another worker at shutdown
	OutcomeLost     Outcome = "lost"     // taken over by another worker
)

// Metrics counts what workers do.
type Metrics interface {
	// JobStarted: a job's handler starts after it waited so long since it was due.
	JobStarted(kind string, waited time.Duration)
	// JobEnded: the handler ran so long.
	JobEnded(kind string, outcome Outcome, took time.Duration)
}

// Uncounted is for those who do not count.
type Uncounted struct{}

// JobStarted does nothing.
func (Uncounted) JobStarted(string, time.Duration) {}

// JobEnded does nothing.
func (Uncounted) JobEnded(string, Outcome, time.Duration) {}
