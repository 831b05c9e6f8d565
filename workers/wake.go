package workers

import (
	"context"
	"errors"
	"net"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
)

// waker makes asynq's polling cheap and quick. asynq asks one queue after the other
// for a task and, when all were empty, sleeps a fixed time: short, and an idle
// worker burns CPU; long, and tasks wait. The waker sits below asynq in its Redis
// client, sees the last queue's empty answer pass and holds it back until there is
// something to fetch, so that asynq's own sleep can be a millisecond.
//
// It knows two things of asynq: that tasks are fetched by a script whose first key
// ends in ":pending" and second in ":paused", and that the queues are asked in turn
// by one goroutine. Should either change, the test of the waker fails and asynq
// polls every millisecond.
type waker struct {
	queues int
	idle   time.Duration
	woken  chan struct{}
	closed chan struct{}
	// empty counts the empty answers in a row; only asynq's fetching goroutine
	// comes here.
	empty int
}

func newWaker(queues int, idle time.Duration) *waker {
	return &waker{queues: queues, idle: idle, woken: make(chan struct{}, 1), closed: make(chan struct{})}
}

// wake lets asynq look again.
func (w *waker) wake() { signal(w.woken) }

// close lets asynq go for good.
func (w *waker) close() { close(w.closed) }

// DialHook changes nothing.
func (w *waker) DialHook(next redis.DialHook) redis.DialHook {
	return func(ctx context.Context, network, addr string) (net.Conn, error) { return next(ctx, network, addr) }
}

// ProcessPipelineHook changes nothing.
func (w *waker) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return next
}

// ProcessHook holds the answer of a round without tasks back.
func (w *waker) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		err := next(ctx, cmd)
		if !fetches(cmd) {
			return err
		}
		switch {
		case err == nil:
			w.empty = 0
		case errors.Is(err, redis.Nil):
			if w.empty++; w.empty >= w.queues {
				w.empty = 0
				w.wait(ctx)
			}
		case redis.HasErrorPrefix(err, "NOSCRIPT"):
			// asynq sends the script itself next.
		default:
			// Redis is away. Without a pause asynq would ask again at once.
			w.empty = 0
			w.wait(ctx)
		}
		return err
	}
}

func (w *waker) wait(ctx context.Context) {
	idle := time.NewTimer(w.idle)
	defer idle.Stop()
	select {
	case <-w.woken:
	case <-w.closed:
	case <-ctx.Done():
	case <-idle.C:
	}
}

// fetches reports whether cmd is asynq's script that fetches a task:
// EVALSHA sha 4 asynq:{q}:pending asynq:{q}:paused …
func fetches(cmd redis.Cmder) bool {
	args := cmd.Args()
	if len(args) < 5 || (cmd.Name() != "evalsha" && cmd.Name() != "eval") {
		return false
	}
	first, _ := args[3].(string)
	second, _ := args[4].(string)
	return strings.HasSuffix(first, ":pending") && strings.HasSuffix(second, ":paused")
}
