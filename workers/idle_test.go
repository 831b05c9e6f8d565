//go:build linux || darwin

package workers_test

import (
	"context"
	"syscall"
	"testing"
	"time"

	"github.com/wedsync/wedsync/ent"
	"github.com/wedsync/wedsync/workers"
)

// BenchmarkIdle measures the share of one CPU that a process spends on a worker
// without work, in-process Redis included. Run it with -benchtime 1x: it takes
// ten seconds.
func BenchmarkIdle(b *testing.B) {
	eachPair(b, func(b *testing.B, h *hall) {
		started := make(chan struct{})
		h.hire(b, "worker", map[string]workers.Kind{"start": {Handle: func(context.Context, *ent.Job) error {
			close(started)
			return nil
		}}}, func(c *workers.Config) { c.Reconcile = time.Second })
		h.enqueue(b, jobs("start", 1)...)
		receive(b, "the start", started)
		for b.Loop() {
			before, begin := cpu(b), time.Now()
			<-time.After(10 * time.Second)
			b.ReportMetric(100*(cpu(b)-before).Seconds()/time.Since(begin).Seconds(), "cpu%")
		}
		b.ReportMetric(0, "ns/op")
	})
}

// cpu is the time this process has computed.
func cpu(b *testing.B) time.Duration {
	b.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
