package workers

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/hibiken/asynq"
	"github.com/redis/go-redis/v9"

	"github.com/wedsync/wedsync/hub/job"
	"github.com/wedsync/wedsync/internal/bus"
)

// Config is what a Server needs. Fields without a default are required.
type Config struct {
	// Name tells this process apart from every other worker, now and ever.
	Name  string
	Jobs  *job.Service
	Kinds map[string]Kind
	// Redis says how to connect: the server makes connections of its own.
	Redis    *redis.Client
	Bus      *bus.Bus
	Enqueuer *Enqueuer
	Log      *slog.Logger
	// Metrics defaults to Uncounted.
	Metrics Metrics
	// Concurrency bounds the jobs at work, LongRunning ones aside. Default 8.
	Concurrency int
	// Grace is how long handlers may go on at shutdown before they are cancelled.
	// Default 5 s.
	Grace time.Duration
	// Reconcile is how often the server looks for jobs that nobody brought to it.
	// Default 1 s; it varies by half around that.
	Reconcile time.Duration
	// Idle bounds how long the server waits for a wake-up. Default 1 s.
	Idle time.Duration
}

const (
	defaultConcurrency = 8
	defaultGrace       = 5 * time.Second
	defaultReconcile   = time.Second
	defaultIdle        = time.Second
)

func (c Config) validated() (Config, error) {
	if c.Name == "" || c.Jobs == nil || c.Redis == nil || c.Bus == nil || c.Enqueuer == nil || c.Log == nil || len(c.Kinds) == 0 {
		return c, errors.New("workers: the configuration is incomplete")
	}
	for name, k := range c.Kinds {
		if k.Handle == nil {
			return c, fmt.Errorf("workers: kind %q has no handler", name)
		}
	}
	if c.Metrics == nil {
		c.Metrics = Uncounted{}
	}
	setDefault(&c.Concurrency, defaultConcurrency)
	setDefault(&c.Grace, defaultGrace)
	setDefault(&c.Reconcile, defaultReconcile)
	setDefault(&c.Idle, defaultIdle)
	return c, nil
}

func setDefault[T int | time.Duration](value *T, otherwise T) {
	if *value <= 0 {
		*value = otherwise
	}
}

// Server is a process's part in the work.
type Server struct {
	cfg   Config
	kinds []string
	crew  *crew
	waker *waker
	// nudged asks the reconciler to look at once.
	nudged chan struct{}
	// redisAwayUntil is how long the reconciler does without Redis, its own to use.
	redisAwayUntil time.Time
}

// NewServer returns a server that Run starts.
func NewServer(cfg Config) (*Server, error) {
	cfg, err := cfg.validated()
	if err != nil {
		return nil, err
	}
	return &Server{
		cfg:    cfg,
		kinds:  slices.Sorted(maps.Keys(cfg.Kinds)),
		crew:   newCrew(cfg),
		waker:  newWaker(len(queues()), cfg.Idle),
		nudged: make(chan struct{}, 1),
	}, nil
}

// Run works until ctx ends. Then it claims no more, lets handlers finish for the
// time of grace, cancels the rest and gives their jobs back, so that another worker
// goes on with them at once. It can be called once.
func (s *Server) Run(ctx context.Context) (err error) {
	client := alike(s.cfg.Redis)
	defer func() { err = errors.Join(err, client.Close()) }()
	client.AddHook(s.waker)
	queue := asynq.NewServerFromRedisClient(client, asynq.Config{
		Concurrency:       s.cfg.Concurrency,
		Queues:            queues(),
		TaskCheckInterval: time.Millisecond, // the waker does the waiting
		ShutdownTimeout:   time.Second,      // the crew did the waiting
		Logger:            asynqLog{s.cfg.Log},
		BaseContext:       func() context.Context { return context.WithoutCancel(ctx) },
	})
	if err := queue.Start(asynq.HandlerFunc(s.handle)); err != nil {
		return fmt.Errorf("start the queue's server: %w", err)
	}
	var loops sync.WaitGroup
	loops.Go(func() { s.listen(ctx) })
	loops.Go(func() { s.reconcile(ctx) })
	s.cfg.Log.InfoContext(ctx, "worker started", "worker", s.cfg.Name, "kinds", s.kinds)

	<-ctx.Done()
	s.waker.close()
	loops.Go(queue.Stop) // fetches no more; that may take a while if Redis is away
	err = s.crew.close(s.cfg.Grace)
	loops.Wait()
	queue.Shutdown()
	s.cfg.Log.InfoContext(ctx, "worker stopped", "worker", s.cfg.Name)
	return err
}

// alike returns another client of the same server.
func alike(c *redis.Client) *redis.Client {
	options := *c.Options()
	options.PushNotificationProcessor = nil // each client makes its own
	return redis.NewClient(&options)
}

// handle does the job that a task names. It never reports an error to asynq, whose
// retries are not needed: what was not done stays due in the table.
func (s *Server) handle(ctx context.Context, task *asynq.Task) error {
	if !s.crew.take(string(task.Payload()), task.Type()) {
		// At the end of its shutdown asynq puts back what is still in its hands:
		// perhaps a job that this very process has just released.
		<-ctx.Done()
	}
	return nil
}

// listen follows the bus: wake-ups and interruptions.
func (s *Server) listen(ctx context.Context) {
	wake, interrupt := s.cfg.Bus.Subscribe(wakeChannel), s.cfg.Bus.Subscribe(interruptChannel)
	defer wake.Close()
	defer interrupt.Close()
	for {
		select {
		case <-ctx.Done():
			return
		case <-wake.Ready():
			wake.Take()
			s.waker.wake()
		case <-interrupt.Ready():
			messages, gap := interrupt.Take()
			if gap {
				s.crew.reconsider(nil)
				continue
			}
			subjects := make(map[string]bool, len(messages))
			for _, m := range messages {
				subjects[m.Payload] = true
			}
			s.crew.reconsider(subjects)
		}
	}
}
