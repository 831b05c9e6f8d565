package workers_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/wedsync/wedsync/ent"
	"github.com/wedsync/wedsync/hub"
	"github.com/wedsync/wedsync/internal/testenv"
	"github.com/wedsync/wedsync/workers"
)

// eachPair benchmarks on both kinds of installation.
func eachPair(b *testing.B, bench func(*testing.B, *hall)) {
	b.Helper()
	for name, pair := range map[string]func(testing.TB) testenv.Pair{
		"sqlite+miniredis": testenv.EmbeddedPair,
		"postgres+redis":   testenv.ServerPair,
	} {
		b.Run(name, func(b *testing.B) {
			p := pair(b)
			ctx, org := testenv.Organization(b, p.Client)
			bench(b, newHall(b, p, ctx, org))
		})
	}
}

// BenchmarkStart measures how long after its commit a job starts, on a worker that
// is idle.
func BenchmarkStart(b *testing.B) {
	eachPair(b, func(b *testing.B, h *hall) {
		started, idle := make(chan time.Time), make(ends)
		h.hire(b, "worker", map[string]workers.Kind{"start": {Handle: func(context.Context, *ent.Job) error {
			started <- time.Now()
			return nil
		}}}, func(c *workers.Config) { c.Reconcile, c.Metrics = time.Second, idle })
		h.enqueue(b, jobs("start", 1)...)
		receive(b, "the first start", started)
		receive(b, "the first end", idle)
		var took []time.Duration
		for b.Loop() {
			h.enqueue(b, hub.Job{Kind: "start", SubjectID: "subject"})
			committed := time.Now()
			took = append(took, receive(b, "the start", started).Sub(committed))
			receive(b, "the end", idle)
		}
		slices.Sort(took)
		b.ReportMetric(float64(took[len(took)/2].Microseconds())/1000, "p50-ms")
		b.ReportMetric(float64(took[len(took)*95/100].Microseconds())/1000, "p95-ms")
		b.ReportMetric(0, "ns/op")
	})
}

// ends are metrics that tell when a job was settled.
type ends chan struct{}

func (ends) JobStarted(string, time.Duration) {}

func (e ends) JobEnded(string, workers.Outcome, time.Duration) { e <- struct{}{} }

// BenchmarkThroughput measures jobs that do nothing.
func BenchmarkThroughput(b *testing.B) {
	eachPair(b, func(b *testing.B, h *hall) {
		ended := make(chan struct{}, 1000)
		h.hire(b, "worker", map[string]workers.Kind{"nothing": {Handle: func(context.Context, *ent.Job) error {
			ended <- struct{}{}
			return nil
		}}}, func(c *workers.Config) { c.Reconcile = time.Second })
		const batch = 200
		for b.Loop() {
			h.enqueue(b, jobs("nothing", batch)...)
			for range batch {
				receive(b, "the end", ended)
			}
		}
		b.ReportMetric(float64(b.N*batch)/b.Elapsed().Seconds(), "jobs/s")
		b.ReportMetric(0, "ns/op")
	})
}
