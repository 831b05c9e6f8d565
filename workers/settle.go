package workers

import (
	"context"
	"errors"

	"github.com/wedsync/wedsync/hub"
	"github.com/wedsync/wedsync/hub/job"
)

// settle records how the work ended. The handler's context may be cancelled by
// now; its values, viewer and lease, still hold.
func (c *crew) settle(h *hold, err error) Outcome {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(h.ctx), settleTime)
	defer cancel()
	outcome, serr := c.record(ctx, h, err)
	switch {
	case errors.Is(serr, hub.ErrLeaseLost):
		outcome = OutcomeLost
	case serr != nil:
		// The lease will run out and the work be done once more, which it allows.
		c.cfg.Log.WarnContext(ctx, "the end of a job could not be recorded",
			"kind", h.job.Kind, "job", h.job.ID, "outcome", outcome, "error", serr)
	}
	if outcome == OutcomeLost {
		c.cfg.Log.InfoContext(ctx, "a job was ended or taken over by others", "kind", h.job.Kind, "job", h.job.ID)
	}
	return outcome
}

func (c *crew) record(ctx context.Context, h *hold, err error) (Outcome, error) {
	lease, cause := job.LeaseOf(h.job), context.Cause(h.ctx)
	switch {
	case errors.Is(cause, hub.ErrLeaseLost) || errors.Is(err, hub.ErrLeaseLost):
		return OutcomeLost, nil
	case err == nil:
		return OutcomeDone, c.cfg.Jobs.Complete(ctx, lease)
	case errors.Is(cause, ErrUnwanted):
		return OutcomeCanceled, c.cfg.Jobs.Cancel(ctx, lease)
	case errors.Is(cause, ErrShutdown):
		return OutcomeReleased, c.release(ctx, h)
	case job.Exhausted(h.job):
		return c.giveUp(ctx, h, err)
	}
	c.cfg.Log.WarnContext(ctx, "a job failed and will be tried again",
		"kind", h.job.Kind, "job", h.job.ID, "subject", h.job.SubjectID, "attempt", h.job.Attempts+1, "error", err)
	return OutcomeFailed, c.cfg.Jobs.Fail(ctx, h.job, err)
}

// release gives the job back and tells the other workers.
func (c *crew) release(ctx context.Context, h *hold) error {
	if err := c.cfg.Jobs.Release(ctx, job.LeaseOf(h.job)); err != nil {
		return err
	}
	if err := c.cfg.Enqueuer.enqueue(ctx, h.job); err != nil {
		c.cfg.Log.InfoContext(ctx, "a released job waits to be found", "job", h.job.ID, "error", err)
	}
	return nil
}

// giveUp tells whoever waits for the work, and then marks the job. If nobody can
// be told, the job stays alive so that it is tried again.
func (c *crew) giveUp(ctx context.Context, h *hold, err error) (Outcome, error) {
	c.cfg.Log.ErrorContext(ctx, "a job is given up",
		"kind", h.job.Kind, "job", h.job.ID, "subject", h.job.SubjectID, "error", err)
	if h.kind.GiveUp != nil {
		if gerr := h.kind.GiveUp(ctx, h.job, err); gerr != nil {
			if errors.Is(gerr, hub.ErrLeaseLost) {
				return OutcomeLost, nil
			}
			return OutcomeFailed, c.cfg.Jobs.Fail(ctx, h.job, errors.Join(err, gerr))
		}
	}
	return OutcomeGivenUp, c.cfg.Jobs.GiveUp(ctx, h.job, err)
}
