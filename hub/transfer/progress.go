package transfer

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/wedsync/wedsync/ent"
	"github.com/wedsync/wedsync/hub"
)

const (
	// tick is how often progress is shown at most.
	tick = 250 * time.Millisecond
	// rateOver is over how many ticks the rate is taken.
	rateOver = 12
)

// meter counts what a shard has on its way.
type meter struct {
	total    atomic.Int64
	inFlight atomic.Int64
	doing    atomic.Pointer[string]
}

func (m *meter) add(n int64) {
	m.total.Add(n)
	m.inFlight.Add(n)
}

// settled takes out what the books account for from now on.
func (m *meter) settled(n int64) { m.inFlight.Add(-n) }

func (m *meter) show(operation string) { m.doing.Store(&operation) }

// report shows the meter to the sink until ctx ends. Without change it stays
// silent.
func (s *Service) report(ctx context.Context, run *ent.SyncRun, m *meter) {
	ticker := time.NewTicker(tick)
	defer ticker.Stop()
	type mark struct {
		at    time.Time
		total int64
	}
	marks := []mark{{s.now(), m.total.Load()}}
	var last hub.Progress
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		now := mark{s.now(), m.total.Load()}
		marks = append(marks, now)
		if len(marks) > rateOver {
			marks = marks[1:]
		}
		p := hub.Progress{
			OrganizationID: run.OrganizationID, RunID: run.ID, Worker: s.config.Worker,
			BytesInFlight: m.inFlight.Load(),
		}
		if d := now.at.Sub(marks[0].at).Seconds(); d > 0 {
			p.BytesPerSecond = float64(now.total-marks[0].total) / d
		}
		if doing := m.doing.Load(); doing != nil {
			p.Operation = *doing
		}
		if p == last {
			continue
		}
		last, p.At = p, now.at
		s.config.Progress.Progress(ctx, p)
	}
}
