package workers

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/hibiken/asynq"
	"github.com/redis/go-redis/v9"

	"github.com/wedsync/wedsync/ent"
	entjob "github.com/wedsync/wedsync/ent/job"
	"github.com/wedsync/wedsync/hub"
	"github.com/wedsync/wedsync/internal/bus"
)

const (
	// Channels of the bus.
	wakeChannel      = "wedsync:work:wake"
	interruptChannel = "wedsync:work:interrupt"

	// waitingSize bounds the commits' jobs that wait for Redis; the reconciler
	// finds those that are dropped.
	waitingSize = 4096
	enqueueTime = 2 * time.Second

	// taskTime keeps asynq from ending tasks of its own accord: leases do that.
	taskTime = 30 * 24 * time.Hour
	// taskRetries is for tasks that asynq itself loses hold of; handlers never
	// report an error to it.
	taskRetries = 5
)

// queues are asynq's, with the share of turns that each gets while all have tasks.
func queues() map[string]int {
	return map[string]int{
		queueOf(entjob.PriorityWEDDING_DAY): 8,
		queueOf(entjob.PriorityINTERACTIVE): 4,
		queueOf(entjob.PriorityNORMAL):      2,
		queueOf(entjob.PriorityBACKGROUND):  1,
	}
}

func queueOf(p entjob.Priority) string { return string(p) }

// Enqueuer tells workers of jobs. It is the hub's observer of commits.
type Enqueuer struct {
	asynq *asynq.Client
	bus   *bus.Bus
	log   *slog.Logger

	waiting chan *ent.Job
	// failed receives a value when Redis took no job, for the workers of this
	// process.
	failed chan struct{}
	stop   context.CancelFunc
	done   sync.WaitGroup
}

// NewEnqueuer returns an Enqueuer over client and b, which stay the caller's. Close
// ends it.
func NewEnqueuer(client redis.UniversalClient, b *bus.Bus, log *slog.Logger) *Enqueuer {
	ctx, stop := context.WithCancel(context.Background())
	e := &Enqueuer{
		asynq: asynq.NewClientFromRedisClient(client), bus: b, log: log, stop: stop,
		waiting: make(chan *ent.Job, waitingSize),
		failed:  make(chan struct{}, 1),
	}
	e.done.Go(func() { e.forward(ctx) })
	return e
}

// Close stops telling. What was not told yet the reconciler finds.
func (e *Enqueuer) Close() {
	e.stop()
	e.done.Wait()
}

// Committed passes the commit's jobs on. It never blocks.
func (e *Enqueuer) Committed(_ context.Context, c hub.Commit) {
	for _, j := range c.Jobs {
		select {
		case e.waiting <- j:
		default:
			return // the reconciler will find it and those after it
		}
	}
}

// Interrupt hints that work for the subject may no longer be wanted: a run was
// paused, a sync archived. Workers then ask the job's kind.
func (e *Enqueuer) Interrupt(_ context.Context, subjectID string) {
	e.bus.Publish(interruptChannel, subjectID)
}

func (e *Enqueuer) forward(ctx context.Context) {
	failing := false
	for {
		var j *ent.Job
		select {
		case <-ctx.Done():
			return
		case j = <-e.waiting:
		}
		if j.DueAt.After(time.Now().Add(enqueueTime)) {
			continue // the reconciler enqueues it when it is due
		}
		err := e.enqueue(ctx, j)
		if errors.Is(err, errQueued) {
			err = nil
		}
		if (err != nil) != failing && ctx.Err() == nil {
			failing = err != nil
			e.report(ctx, err)
		}
	}
}

func (e *Enqueuer) report(ctx context.Context, err error) {
	if err != nil {
		e.log.WarnContext(ctx, "Redis takes no jobs; workers find them in the database", "error", err)
		return
	}
	e.log.InfoContext(ctx, "Redis takes jobs again")
}

// errQueued says that the queue had this claim of the job before.
var errQueued = errors.New("the job is queued")

// enqueue puts the job's id into its queue, once for each time it can be claimed,
// and wakes the workers.
func (e *Enqueuer) enqueue(ctx context.Context, j *ent.Job) error {
	ctx, cancel := context.WithTimeout(ctx, enqueueTime)
	defer cancel()
	_, err := e.asynq.EnqueueContext(ctx, asynq.NewTask(j.Kind, []byte(j.ID)),
		asynq.TaskID(fmt.Sprintf("job:%s:%d", j.ID, j.Epoch)),
		asynq.Queue(queueOf(j.Priority)), asynq.Timeout(taskTime), asynq.MaxRetry(taskRetries))
	switch {
	case errors.Is(err, asynq.ErrTaskIDConflict):
		return errQueued
	case err != nil:
		signal(e.failed)
		return fmt.Errorf("enqueue job: %w", err)
	}
	e.bus.Publish(wakeChannel, "")
	return nil
}

// signal sends without waiting; the channel holds one value.
func signal(c chan<- struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}
