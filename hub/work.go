package hub

import (
	"context"
	"time"
)

// Kinds of jobs by which capabilities hand work to each other.
const (
	// JobRunPlan reads the world of a run and writes its operations, or compares
	// them with the world before a plan starts. Subject: the run.
	JobRunPlan = "run.plan"
	// JobRunShard carries out one shard of a run. Subject: the run; part: the shard.
	JobRunShard = "run.shard"
	// JobRunFinish closes a run whose operations are all over. Subject: the run.
	JobRunFinish = "run.finish"
	// JobSyncWatch follows the change feed of a continuous sync's source. It runs
	// as long as the sync is continuous. Subject: the sync.
	JobSyncWatch = "sync.watch"
)

// Progress is a passing picture of a run. It is never stored: what is final stands
// in the run's row.
type Progress struct {
	OrganizationID string `json:"organizationId"`
	RunID          string `json:"runId"`
	// Worker tells apart the processes that work on the run.
	Worker string `json:"worker"`
	// BytesInFlight were sent for operations that are not recorded as done yet.
	BytesInFlight int64 `json:"bytesInFlight"`
	// BytesPerSecond is this worker's rate over the last seconds.
	BytesPerSecond float64 `json:"bytesPerSecond"`
	// Operation says what is being done, for people: `copying "IMG 1.jpg" to S3`.
	Operation string    `json:"operation"`
	At        time.Time `json:"at"`
}

// ProgressSink takes pictures of progress. It drops what it cannot pass on and
// never blocks.
type ProgressSink interface {
	Progress(ctx context.Context, p Progress)
}
