package server

import (
	"context"
	"crypto/rand"
	"os"

	"github.com/wedsync/wedsync/hub"
	"github.com/wedsync/wedsync/workers"
)

// kinds says which capability does which kind of job.
func (k *core) kinds() map[string]workers.Kind {
	return map[string]workers.Kind{
		hub.JobRunPlan:   {Handle: k.syncs.HandlePlan, GiveUp: k.syncs.GiveUp, Wanted: k.syncs.RunWanted},
		hub.JobRunShard:  {Handle: k.transfers.HandleShard, GiveUp: k.syncs.GiveUp, Wanted: k.syncs.RunWanted},
		hub.JobRunFinish: {Handle: k.syncs.HandleFinish, GiveUp: k.syncs.GiveUp},
		hub.JobSyncWatch: {Handle: k.syncs.HandleWatch, Wanted: k.syncs.WatchWanted, LongRunning: true},
	}
}

// work does jobs until ctx ends, and a little longer.
func (k *core) work(ctx context.Context) error {
	w, err := workers.NewServer(workers.Config{
		Name: k.name, Jobs: k.jobs, Kinds: k.kinds(), Redis: k.redis, Bus: k.bus, Enqueuer: k.enqueuer,
		Log: k.log, Metrics: k.metrics,
	})
	if err != nil {
		return err
	}
	return w.Run(ctx)
}

// processName returns a name that no other process has.
func processName() string {
	host, err := os.Hostname()
	if err != nil {
		host = "hub" // the rest of the name suffices
	}
	return host[:min(len(host), 60)] + "-" + rand.Text()
}
