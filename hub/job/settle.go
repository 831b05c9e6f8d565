package job

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/wedsync/wedsync/connectors"
	"github.com/wedsync/wedsync/ent"
	entjob "github.com/wedsync/wedsync/ent/job"
	"github.com/wedsync/wedsync/ent/rule"
	"github.com/wedsync/wedsync/hub"
)

const (
	// maxCrashes bounds how many workers a job may take down.
	maxCrashes = 25

	firstBackoff = time.Second
	maxBackoff   = 5 * time.Minute
	maxErrorText = 2000

	// keepOver is how long jobs that are over can be looked at.
	keepOver = 7 * 24 * time.Hour
)

// ErrCrashed is the reason for which a job is given up that took its workers down.
var ErrCrashed = errors.New("the work was given up because its workers died of it")

// Complete ends the claimed job: its work is done.
func (s *Service) Complete(ctx context.Context, l hub.Lease) error {
	return save(ctx, s.over(l, entjob.StateDONE), "complete job")
}

// Cancel ends the claimed job: its work is no longer wanted.
func (s *Service) Cancel(ctx context.Context, l hub.Lease) error {
	return save(ctx, s.over(l, entjob.StateCANCELED), "cancel job")
}

// Release gives the claimed job back at once, as if it had not been claimed.
func (s *Service) Release(ctx context.Context, l hub.Lease) error {
	return save(ctx, s.over(l, entjob.StateREADY), "release job")
}

// Crashed reports whether the job took down so many workers that it is not to be
// tried again.
func Crashed(j *ent.Job) bool { return j.Crashes > maxCrashes }

// Exhausted reports whether a failure now would be the claimed job's last.
func Exhausted(j *ent.Job) bool { return j.Attempts+1 >= j.MaxAttempts || Crashed(j) }

// Fail records that the claimed job's handler failed: it is due again after a
// back-off.
func (s *Service) Fail(ctx context.Context, j *ent.Job, cause error) error {
	return save(ctx, s.over(LeaseOf(j), entjob.StateREADY).AddAttempts(1).
		SetDueAt(s.now().Add(Backoff(j.Attempts, cause))).SetLastError(errorText(cause)), "record failure of job")
}

// GiveUp ends the claimed job as failed. Whoever waits for its work has to be told
// before.
func (s *Service) GiveUp(ctx context.Context, j *ent.Job, cause error) error {
	return save(ctx, s.over(LeaseOf(j), entjob.StateFAILED).AddAttempts(1).
		SetLastError(errorText(cause)), "give up job")
}

// Backoff is how long to wait after the failure that followed so many others. A
// vendor that asked for a longer wait gets it, within bounds.
func Backoff(failures int, cause error) time.Duration {
	wait := maxBackoff
	if failures < 9 {
		wait = min(firstBackoff<<failures, maxBackoff)
	}
	// Jobs that failed together are not tried together.
	wait = wait*4/5 + rand.N(wait*2/5)
	var vendor *connectors.Error
	if errors.As(cause, &vendor) {
		wait = min(max(wait, vendor.After), maxBackoff)
	}
	return wait
}

// Purge removes the jobs that were over long ago and returns how many.
func (s *Service) Purge(ctx context.Context) (int, error) {
	n, err := s.client.Job.Delete().
		Where(entjob.StateIn(entjob.StateDONE, entjob.StateFAILED, entjob.StateCANCELED), entjob.DueAtLT(s.now().Add(-keepOver))).
		Exec(rule.System(ctx))
	if err != nil {
		return 0, fmt.Errorf("remove old jobs: %w", err)
	}
	return n, nil
}

// held updates the job while the lease is the current claim.
func (s *Service) held(l hub.Lease) *ent.JobUpdate {
	return s.client.Job.Update().
		Where(entjob.ID(l.JobID), entjob.Epoch(l.Epoch), entjob.StateEQ(entjob.StateCLAIMED))
}

func (s *Service) over(l hub.Lease, state entjob.State) *ent.JobUpdate {
	return s.held(l).SetState(state).ClearLeaseUntil().SetClaimedBy("").SetCrashes(0)
}

func save(ctx context.Context, u *ent.JobUpdate, what string) error {
	n, err := u.Save(rule.System(ctx))
	if err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	if n == 0 {
		return hub.ErrLeaseLost
	}
	return nil
}

// errorText is the error as the table can hold it.
func errorText(err error) string {
	text := strings.ToValidUTF8(strings.ReplaceAll(err.Error(), "\x00", ""), "\uFFFD")
	for len(text) > maxErrorText {
		_, size := utf8.DecodeLastRuneInString(text)
		text = text[:len(text)-size]
	}
	return text
}
