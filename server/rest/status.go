package rest

import (
	"context"
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/wedsync/wedsync/ent"
	"github.com/wedsync/wedsync/ent/filesync"
	"github.com/wedsync/wedsync/ent/syncrun"
	"github.com/wedsync/wedsync/ent/transfer"
	"github.com/wedsync/wedsync/hub"
	"github.com/wedsync/wedsync/internal/id"
)

// maxFailures bounds the failures in one answer; all of them are in the API.
const maxFailures = 50

// Store reads statuses from the database.
type Store struct {
	client *ent.Client
	// live is the address of the hub's websocket.
	live  string
	clock func() time.Time
}

// NewStore returns a store for the hub at publicURL.
func NewStore(client *ent.Client, publicURL string, clock func() time.Time) *Store {
	// http becomes ws, https becomes wss.
	return &Store{client: client, live: "ws" + strings.TrimPrefix(publicURL, "http") + "/graphql", clock: clock}
}

// SyncStatus tells how the sync's latest run gets on.
func (s *Store) SyncStatus(ctx context.Context, syncID string) (SyncStatus, error) {
	// What is no id is not taken to the database, which would stumble over some.
	if kind, err := id.Parse(syncID); err != nil || kind != id.Sync {
		return SyncStatus{}, hub.NotFound("syncId", syncID)
	}
	found, err := s.client.FileSync.Query().Where(filesync.ID(syncID)).Exist(ctx)
	if err != nil {
		return SyncStatus{}, fmt.Errorf("read sync: %w", err)
	}
	if !found {
		return SyncStatus{}, hub.NotFound("syncId", syncID)
	}
	run, err := s.client.SyncRun.Query().Where(syncrun.SyncID(syncID)).Order(ent.Desc(syncrun.FieldID)).First(ctx)
	if ent.IsNotFound(err) {
		return SyncStatus{SyncID: syncID, Status: "IDLE", Errors: []Failure{}}, nil
	}
	if err != nil {
		return SyncStatus{}, fmt.Errorf("read run: %w", err)
	}
	status := SyncStatus{
		SyncID: syncID, Status: string(run.State), Progress: progress(run),
		FilesProcessed: run.OperationsDone + run.OperationsFailed, TotalFiles: run.Operations,
		EstimatedCompletion: s.estimate(run), RealTimeUpdates: s.follow(run.ID),
	}
	if status.CurrentOperation, err = s.operation(ctx, run); err != nil {
		return SyncStatus{}, err
	}
	if status.Errors, err = s.failures(ctx, run); err != nil {
		return SyncStatus{}, err
	}
	return status, nil
}

// progress goes by bytes where there are any, and is 100 only when all is over.
func progress(run *ent.SyncRun) float64 {
	switch run.State {
	case syncrun.StateCOMPLETED, syncrun.StatePARTIAL:
		return 100
	}
	part := 0.0
	switch {
	case run.BytesTotal > 0:
		part = float64(run.BytesDone) / float64(run.BytesTotal)
	case run.Operations > 0:
		part = float64(run.OperationsDone+run.OperationsFailed) / float64(run.Operations)
	}
	return min(math.Floor(part*1000)/10, 99.9)
}

// estimate supposes that the rest goes as fast as what is done.
func (s *Store) estimate(run *ent.SyncRun) *time.Time {
	if run.State != syncrun.StateRUNNING || run.StartedAt == nil || run.BytesDone <= 0 || run.BytesTotal < run.BytesDone {
		return nil
	}
	now := s.clock().UTC()
	rest := float64(now.Sub(*run.StartedAt)) * float64(run.BytesTotal-run.BytesDone) / float64(run.BytesDone)
	if rest < 0 || rest > float64(365*24*time.Hour) {
		return nil
	}
	end := now.Add(time.Duration(rest)).Truncate(time.Second)
	return &end
}

// operation names one of the operations at work.
func (s *Store) operation(ctx context.Context, run *ent.SyncRun) (*string, error) {
	if run.State != syncrun.StateRUNNING {
		return nil, nil
	}
	t, err := s.client.Transfer.Query().
		Where(transfer.RunID(run.ID), transfer.StateEQ(transfer.StateRUNNING)).
		Order(ent.Desc(transfer.FieldUpdatedAt)).First(ctx)
	if ent.IsNotFound(err) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read operation: %w", err)
	}
	text := fmt.Sprintf("%s %q", strings.ToLower(strings.ReplaceAll(string(t.Kind), "_", " ")), t.Path)
	return &text, nil
}

func (s *Store) failures(ctx context.Context, run *ent.SyncRun) ([]Failure, error) {
	rows, err := s.client.Transfer.Query().
		Where(transfer.RunID(run.ID), transfer.StateIn(transfer.StateFAILED, transfer.StateREFUSED)).
		Order(ent.Asc(transfer.FieldID)).Limit(maxFailures).All(ctx)
	if err != nil {
		return nil, fmt.Errorf("read failures: %w", err)
	}
	out := make([]Failure, len(rows))
	for i, t := range rows {
		out[i] = Failure{Path: t.Path, State: string(t.State), Message: t.Reason}
	}
	return out, nil
}

// query follows a run.
const query = `subscription ($runId: ID!) { runProgress(runId: $runId) { state filesTotal filesDone filesFailed bytesTotal bytesDone bytesPerSecond remainingMs operation at } }`

func (s *Store) follow(runID string) *Live {
	return &Live{URL: s.live, Subprotocol: "graphql-transport-ws", Query: query, Variables: map[string]string{"runId": runID}}
}
