package workers

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"sync"
	"time"

	"github.com/wedsync/wedsync/ent"
	"github.com/wedsync/wedsync/ent/rule"
	"github.com/wedsync/wedsync/hub"
	"github.com/wedsync/wedsync/hub/job"
)

const (
	// maxLongRunning bounds the long-running jobs of a process.
	maxLongRunning = 1000
	// quitTime is how long handlers have to return once they are cancelled.
	quitTime = 10 * time.Second
	// settleTime bounds each of the short writes around a handler.
	settleTime = 10 * time.Second
)

// crew does the claimed jobs of a process.
type crew struct {
	cfg Config
	// slots holds a value for each job at work, long for each long-running one.
	slots, long chan struct{}
	closing     chan struct{}
	working     sync.WaitGroup

	mu     sync.Mutex
	closed bool
	holds  map[*hold]struct{}
}

// hold is one job in the crew's hands.
type hold struct {
	kind   Kind
	cancel context.CancelCauseFunc
	// ctx acts for the hub within the job's organization and carries the lease.
	// It belongs to the hold as a request's does to the request.
	ctx     context.Context
	job     *ent.Job
	claimed time.Time // when the claim was asked for: the lease lasts from then
}

func newCrew(cfg Config) *crew {
	return &crew{
		cfg:     cfg,
		slots:   make(chan struct{}, cfg.Concurrency),
		long:    make(chan struct{}, maxLongRunning),
		closing: make(chan struct{}),
		holds:   map[*hold]struct{}{},
	}
}

// take waits for a place, claims the job if it can be had and does it. Long-running
// work it only starts. It returns false if the crew is closing.
func (c *crew) take(id, kindName string) bool {
	kind, known := c.cfg.Kinds[kindName]
	if !known {
		return true // for a worker of another version
	}
	if kind.LongRunning {
		return c.start(id, kindName, func() {}) || !c.isClosing()
	}
	select {
	case c.slots <- struct{}{}:
	case <-c.closing:
		return false
	}
	defer func() { <-c.slots }()
	if !c.enter() {
		return false
	}
	c.do(id, kind)
	return true
}

// start begins with the job if a place is free, and calls ended when it is settled.
func (c *crew) start(id, kindName string, ended func()) bool {
	kind, known := c.cfg.Kinds[kindName]
	if !known {
		return false
	}
	places := c.slots
	if kind.LongRunning {
		places = c.long
	}
	select {
	case places <- struct{}{}:
	default:
		return false
	}
	if !c.enter() {
		<-places
		return false
	}
	go func() {
		defer ended()
		defer func() { <-places }()
		c.do(id, kind)
	}()
	return true
}

// do claims the job, works on it and settles how that ended. The caller has
// entered.
func (c *crew) do(id string, kind Kind) {
	defer c.working.Done()
	ctx, cancel := context.WithTimeout(context.Background(), settleTime)
	defer cancel()
	asked := time.Now()
	j, err := c.cfg.Jobs.Claim(ctx, id, c.cfg.Name)
	if err != nil {
		if !errors.Is(err, job.ErrTaken) {
			c.cfg.Log.WarnContext(ctx, "a job could not be claimed", "job", id, "error", err)
		}
		return
	}
	h := c.hold(j, kind, asked)
	defer c.drop(h)
	c.cfg.Metrics.JobStarted(j.Kind, max(0, h.claimed.Sub(j.DueAt)))
	outcome := c.settle(h, c.work(h))
	c.cfg.Metrics.JobEnded(j.Kind, outcome, time.Since(h.claimed))
}

// enter counts a claim about to be made, unless the crew is closing.
func (c *crew) enter() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return false
	}
	c.working.Add(1)
	return true
}

func (c *crew) isClosing() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.closed
}

func (c *crew) hold(j *ent.Job, kind Kind, claimed time.Time) *hold {
	ctx := hub.WithLease(rule.SystemWithin(context.Background(), j.OrganizationID), job.LeaseOf(j))
	h := &hold{kind: kind, job: j, claimed: claimed}
	h.ctx, h.cancel = context.WithCancelCause(ctx)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.holds[h] = struct{}{}
	if c.closed { // it closed while the job was claimed
		h.cancel(ErrShutdown)
	}
	return h
}

func (c *crew) drop(h *hold) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.holds, h)
	h.cancel(nil)
}

// work runs the handler while the lease is kept.
func (c *crew) work(h *hold) error {
	if job.Crashed(h.job) {
		return job.ErrCrashed
	}
	keep, letGo := context.WithCancel(h.ctx)
	var keeping sync.WaitGroup
	keeping.Go(func() { c.keep(keep, h) })
	defer keeping.Wait()
	defer letGo()
	if c.consider(h); h.ctx.Err() != nil {
		return h.ctx.Err()
	}
	return c.run(h)
}

// run is the handler, whose panic is a failure like another.
func (c *crew) run(h *hold) (err error) {
	defer func() {
		if p := recover(); p != nil {
			c.cfg.Log.ErrorContext(h.ctx, "a handler panicked", "kind", h.job.Kind, "job", h.job.ID,
				"panic", p, "stack", string(debug.Stack()))
			err = fmt.Errorf("the handler panicked: %v", p)
		}
	}()
	return h.kind.Handle(h.ctx, h.job)
}

// keep renews the lease until ctx ends. If that fails for so long that another
// worker may have the job, the handler is cancelled.
func (c *crew) keep(ctx context.Context, h *hold) {
	until := h.claimed.Add(job.Lease)
	valid := time.NewTimer(time.Until(until))
	defer valid.Stop()
	tick := time.NewTicker(job.RenewEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-valid.C:
			h.cancel(hub.ErrLeaseLost)
			return
		case <-tick.C:
		}
		asked := time.Now()
		err := c.renew(ctx, h, until)
		switch {
		case errors.Is(err, hub.ErrLeaseLost):
			h.cancel(hub.ErrLeaseLost)
			return
		case err == nil:
			until = asked.Add(job.Lease)
			valid.Reset(time.Until(until))
			c.consider(h)
		case ctx.Err() == nil:
			c.cfg.Log.WarnContext(ctx, "a lease could not be renewed", "job", h.job.ID, "error", err)
		}
	}
}

// renew waits for a slow database until the lease that it prolongs is over: who gave
// up earlier to try again would lose the place in the queue of writers.
func (c *crew) renew(ctx context.Context, h *hold, until time.Time) error {
	ctx, cancel := context.WithDeadline(ctx, until)
	defer cancel()
	return c.cfg.Jobs.Renew(ctx, job.LeaseOf(h.job), time.Since(h.claimed))
}

// reconsider asks whether the work for the subjects, or all work if that is nil, is
// wanted still.
func (c *crew) reconsider(subjects map[string]bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for h := range c.holds {
		if subjects == nil || subjects[h.job.SubjectID] {
			go c.consider(h)
		}
	}
}

// consider cancels the handler if its work is not wanted any more. If it cannot be
// known, it will be asked again.
func (c *crew) consider(h *hold) {
	if h.kind.Wanted == nil {
		return
	}
	ctx, cancel := context.WithTimeout(h.ctx, settleTime)
	defer cancel()
	wanted, err := h.kind.Wanted(ctx, h.job)
	switch {
	case err == nil && !wanted:
		h.cancel(ErrUnwanted)
	case err != nil && h.ctx.Err() == nil:
		c.cfg.Log.WarnContext(ctx, "it is not known whether a job is wanted", "job", h.job.ID, "error", err)
	}
}

// close cancels long-running work at once and the rest after grace, and returns
// when everything is settled or cannot be waited for any longer.
func (c *crew) close(grace time.Duration) error {
	c.mu.Lock()
	c.closed = true
	close(c.closing)
	for h := range c.holds {
		if h.kind.LongRunning {
			h.cancel(ErrShutdown)
		}
	}
	c.mu.Unlock()
	settled := make(chan struct{})
	go func() {
		c.working.Wait()
		close(settled)
	}()
	if within(grace, settled) {
		return nil
	}
	c.mu.Lock()
	for h := range c.holds {
		h.cancel(ErrShutdown)
	}
	c.mu.Unlock()
	if within(quitTime, settled) {
		return nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return fmt.Errorf("%d handlers did not stop in time; their leases will run out", len(c.holds))
}

func within(d time.Duration, done <-chan struct{}) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-done:
		return true
	case <-timer.C:
		return false
	}
}
