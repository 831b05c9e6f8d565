package workers

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"

	"github.com/wedsync/wedsync/ent"
)

const (
	// dueLimit bounds one look at the table.
	dueLimit = 500
	// patience is how long a job may be due in a queue, while a place is free for
	// it here, before it is done without the queue.
	patience = 3 * time.Second
	// withoutRedis is how long Redis is left alone after it took no job.
	withoutRedis = time.Second
	// breather bounds how often nudges make the reconciler look.
	breather = 20 * time.Millisecond
)

// reconcile finds the jobs that are due and in nobody's hands: those whose task or
// wake-up was lost, whose back-off is over, whose worker died. It puts them into
// the queues, and does them itself if the queues fail to bring them.
func (s *Server) reconcile(ctx context.Context) {
	for {
		wait := time.NewTimer(s.cfg.Reconcile/2 + rand.N(s.cfg.Reconcile))
		select {
		case <-ctx.Done():
			wait.Stop()
			return
		case <-wait.C:
		case <-s.nudged:
		case <-s.cfg.Enqueuer.failed:
		}
		wait.Stop()
		if err := s.reconcileOnce(ctx); err != nil && ctx.Err() == nil {
			s.cfg.Log.WarnContext(ctx, "the worker cannot look for due jobs", "error", err)
		}
		rest(ctx, breather)
	}
}

func rest(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}

func (s *Server) reconcileOnce(ctx context.Context) error {
	due, err := s.cfg.Jobs.Due(ctx, dueLimit, s.kinds...)
	if err != nil {
		return err
	}
	for _, j := range due {
		if ctx.Err() != nil || !s.offer(ctx, j) {
			return nil
		}
	}
	return nil
}

// offer brings the job to its queue or, if need be, to this process's own crew. It
// returns false if there is no use in offering others.
func (s *Server) offer(ctx context.Context, j *ent.Job) bool {
	if time.Now().After(s.redisAwayUntil) {
		switch err := s.cfg.Enqueuer.enqueue(ctx, j); {
		case err == nil:
			return true
		case errors.Is(err, errQueued):
			if overdue(j) {
				s.crew.start(j.ID, j.Kind, func() {})
			}
			return true
		}
		s.redisAwayUntil = time.Now().Add(withoutRedis)
	}
	// Each job that ends makes room for the next at once.
	return s.crew.start(j.ID, j.Kind, func() { signal(s.nudged) })
}

// overdue reports whether a queue had time enough to bring the job. A job whose
// lease ran out is due for as long as that was ago.
func overdue(j *ent.Job) bool {
	since := j.DueAt
	if j.LeaseUntil != nil {
		since = *j.LeaseUntil
	}
	return time.Since(since) > patience
}
