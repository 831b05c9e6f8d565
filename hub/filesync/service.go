package filesync

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"entgo.io/ent/dialect/sql"

	"github.com/wedsync/wedsync/connectors"
	"github.com/wedsync/wedsync/ent"
	entsync "github.com/wedsync/wedsync/ent/filesync"
	"github.com/wedsync/wedsync/ent/job"
	"github.com/wedsync/wedsync/hub"
)

// Connections opens the organization's connections and knows their providers.
type Connections interface {
	// Open returns a connection that is shared with others and stays open. One
	// that cannot be used is a hub.Error that says why.
	Open(ctx context.Context, connectionID string) (connectors.Connection, error)
	// Provider describes a vendor.
	Provider(id string) (connectors.Descriptor, bool)
}

// Options are what the operator decides. Zero durations mean their defaults.
type Options struct {
	Clock func() time.Time
	// Log tells of continuous syncs that cannot watch their source.
	Log *slog.Logger
	// Rescan is how often a continuous sync reads its source in full if that
	// cannot tell of changes, and how long it waits after a failure; 0: 5 minutes.
	Rescan time.Duration
	// Watch is how often a continuous sync looks whether the run before the next is
	// over; 0: 2 seconds.
	Watch time.Duration
	// Interrupt, if set, hints to workers that a run may not be wanted any more.
	// Without it they notice some seconds later.
	Interrupt func(ctx context.Context, runID string)
}

// Service is safe for concurrent use.
type Service struct {
	store       *hub.Store
	connections Connections
	options     Options
}

// New returns a service on the store.
func New(store *hub.Store, connections Connections, options Options) *Service {
	if options.Rescan == 0 {
		options.Rescan = 5 * time.Minute
	}
	if options.Watch == 0 {
		options.Watch = 2 * time.Second
	}
	return &Service{store: store, connections: connections, options: options}
}

// now is the time as both databases store it.
func (s *Service) now() time.Time { return s.options.Clock().UTC().Truncate(time.Microsecond) }

// lock returns the sync, whose row stays locked until the transaction ends: what
// decides whether a run may begin or end happens one at a time.
func lock(ctx context.Context, tx *hub.Tx, field, syncID string) (*ent.FileSync, error) {
	err := tx.FileSync.UpdateOneID(syncID).Modify(func(u *sql.UpdateBuilder) {
		u.Set(entsync.FieldUpdatedAt, sql.Expr(entsync.FieldUpdatedAt))
	}).Exec(ctx)
	if err != nil {
		return nil, hub.Translate(err, field, syncID)
	}
	f, err := tx.FileSync.Get(ctx, syncID)
	if err != nil {
		return nil, fmt.Errorf("read sync: %w", err)
	}
	return f, nil
}

// priority is the urgency of the sync's jobs.
func priority(f *ent.FileSync) job.Priority { return job.Priority(f.Priority) }
