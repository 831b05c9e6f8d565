package main_test

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/wedsync/wedsync/connectors/s3/s3test"
)

const runsWithin = 3 * time.Minute

// TestKilledWorkersLoseNothing kills workers without warning at random points of a
// run, empties Redis in between, and expects every byte to be right in the end.
func TestKilledWorkersLoseNothing(t *testing.T) {
	t.Parallel()
	hub := platform(t)
	api := hub.start("serve", "--no-workers")
	client := api.client(hub.token("Studio"))
	s := newScenario(t, client, 240, 1<<20)
	// Uploads take a moment, so that kills strike in their middle.
	s.s3.Inject(s3test.Fault{Op: "PutObject", Times: 1 << 30, Delay: 40 * time.Millisecond})
	workers := []*process{hub.start("work"), hub.start("work")}
	id := s.start(client)

	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	rng := rand.New(rand.NewPCG(seed, 0))
	for kill := range 5 {
		done := 40 + kill*100 + rng.IntN(60)
		r := s.await(client, id, runsWithin, func(r runState) bool { return r.OperationsDone >= done || isOver(r) })
		if isOver(r) {
			t.Fatalf("the run was over after %d kills: %+v", kill, r)
		}
		victim := rng.IntN(len(workers))
		workers[victim].kill()
		if kill%2 == 1 {
			hub.redis.Flush(t)
		}
		workers[victim] = hub.start("work")
	}
	r := s.await(client, id, runsWithin, isOver)
	if r.State != "COMPLETED" {
		t.Fatalf("the run ended %s: %s", r.State, r.Reason)
	}
	if r.OperationsDone != r.Operations {
		t.Errorf("%d of %d operations are counted as done", r.OperationsDone, r.Operations)
	}
	s.compare()
	s.nothingLeftToDo(client)
}

// TestAnEmbeddedHubGoesOnAfterAPowerCut kills the one process there is.
func TestAnEmbeddedHubGoesOnAfterAPowerCut(t *testing.T) {
	t.Parallel()
	hub := embedded(t)
	token := hub.token("Studio")
	p := hub.start("serve")
	client := p.client(token)
	s := newScenario(t, client, 120, 1<<20)
	s.s3.Inject(s3test.Fault{Op: "PutObject", Times: 1 << 30, Delay: 40 * time.Millisecond})
	id := s.start(client)
	for kill := range 3 {
		s.await(client, id, runsWithin, func(r runState) bool { return r.OperationsDone >= 20+80*kill })
		p.kill()
		p = hub.start("serve")
		client = p.client(token)
	}
	if r := s.await(client, id, runsWithin, isOver); r.State != "COMPLETED" {
		t.Fatalf("the run ended %s: %s", r.State, r.Reason)
	}
	s.compare()
	s.nothingLeftToDo(client)
}

// TestAStoppedWorkerHandsOver asks a worker to end in the middle of a run.
func TestAStoppedWorkerHandsOver(t *testing.T) {
	t.Parallel()
	hub := platform(t)
	api := hub.start("serve", "--no-workers")
	client := api.client(hub.token("Studio"))
	s := newScenario(t, client, 120, 512<<10)
	s.s3.Inject(s3test.Fault{Op: "PutObject", Times: 1 << 30, Delay: 40 * time.Millisecond})
	first := hub.start("work")
	id := s.start(client)
	s.await(client, id, runsWithin, func(r runState) bool { return r.OperationsDone >= 30 })
	first.stop()
	hub.start("work")
	if r := s.await(client, id, runsWithin, isOver); r.State != "COMPLETED" {
		t.Fatalf("the run ended %s: %s", r.State, r.Reason)
	}
	s.compare()
	api.stop()
}
