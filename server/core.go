package server

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/redis/go-redis/v9"
	"go.opentelemetry.io/otel"

	"github.com/wedsync/wedsync/connectors"
	"github.com/wedsync/wedsync/connectors/catalog"
	"github.com/wedsync/wedsync/connectors/decorate"
	"github.com/wedsync/wedsync/connectors/ratelimit"
	"github.com/wedsync/wedsync/connectors/retry"
	"github.com/wedsync/wedsync/connectors/trace"
	"github.com/wedsync/wedsync/ent"
	// The schema's hooks, policies and defaults work only with it.
	"github.com/wedsync/wedsync/ent/rule"
	_ "github.com/wedsync/wedsync/ent/runtime"
	"github.com/wedsync/wedsync/hub"
	"github.com/wedsync/wedsync/hub/account"
	"github.com/wedsync/wedsync/hub/connection"
	"github.com/wedsync/wedsync/hub/event"
	"github.com/wedsync/wedsync/hub/filesync"
	"github.com/wedsync/wedsync/hub/job"
	"github.com/wedsync/wedsync/hub/transfer"
	"github.com/wedsync/wedsync/hub/vault"
	"github.com/wedsync/wedsync/hub/wedding"
	"github.com/wedsync/wedsync/internal/bus"
	"github.com/wedsync/wedsync/internal/config"
	"github.com/wedsync/wedsync/internal/database"
	"github.com/wedsync/wedsync/server/observe"
	"github.com/wedsync/wedsync/server/reach"
	"github.com/wedsync/wedsync/workers"
)

// core is what every process of the hub has, whatever its part.
type core struct {
	// name tells this process apart from every other, now and ever.
	name    string
	config  config.Config
	key     []byte
	log     *slog.Logger
	metrics *observe.Metrics

	db       *database.DB
	redis    *redis.Client
	bus      *bus.Bus
	enqueuer *workers.Enqueuer

	store       *hub.Store
	vault       *vault.Vault
	jobs        *job.Service
	accounts    *account.Service
	events      *event.Service
	connections *connection.Service
	weddings    *wedding.Service
	syncs       *filesync.Service
	transfers   *transfer.Service

	// closers end what was begun, the last first.
	closers []func() error
}

// newCore opens the database, brings its tables up to date and joins the bus. What
// it opened it closes if it fails.
func newCore(ctx context.Context, c config.Config, log *slog.Logger) (_ *core, err error) {
	k := &core{name: processName(), config: c, log: log, metrics: observe.NewMetrics()}
	defer func() {
		if err != nil {
			err = errors.Join(err, k.close())
		}
	}()
	if k.key, err = c.Key(); err != nil {
		return nil, err
	}
	if k.vault, err = vault.New(k.key); err != nil {
		return nil, err
	}
	if err := k.openDatabase(ctx); err != nil {
		return nil, err
	}
	if err := k.joinBus(ctx); err != nil {
		return nil, err
	}
	return k, k.assemble()
}

func (k *core) openDatabase(ctx context.Context) (err error) {
	if k.db, err = database.Open(ctx, k.config.DatabaseURL.Reveal(), k.config.DataDir); err != nil {
		return err
	}
	k.closers = append(k.closers, k.db.Close)
	k.metrics.Database(k.db.SQL)
	return k.db.Migrate(ctx)
}

func (k *core) joinBus(ctx context.Context) (err error) {
	var leave func() error
	if k.redis, leave, err = bus.Connect(k.config.RedisURL.Reveal()); err != nil {
		return err
	}
	k.closers = append(k.closers, leave)
	// The first connection settles what client and server can do, which go-redis
	// notes in the client's options; from here on several goroutines read those.
	ping, cancel := context.WithTimeout(ctx, pingTimeout)
	defer cancel()
	if err := k.redis.Ping(ping).Err(); err != nil {
		k.log.WarnContext(ctx, "Redis does not answer; work goes on more slowly without", "error", err)
	}
	k.bus = bus.New(k.redis, k.log)
	k.closers = append(k.closers, quietly(k.bus.Close))
	k.enqueuer = workers.NewEnqueuer(k.redis, k.bus, k.log)
	k.closers = append(k.closers, quietly(k.enqueuer.Close))
	return nil
}

// assemble makes the capabilities. They know each other only by the interfaces
// that each declares.
func (k *core) assemble() error {
	// Events ask the accounts who may still listen, and the accounts' own changes
	// are events: one of the two has to come first.
	k.events = event.New(k.db.Client, k.bus, func(ctx context.Context, v rule.Viewer) error {
		return k.accounts.StillAllowed(ctx, v)
	}, k.log)
	k.closers = append(k.closers, quietly(k.events.Close))
	k.store = hub.NewStore(k.db.Client, hub.Observers{k.enqueuer, k.events})
	k.jobs = job.New(k.db.Client, time.Now)
	k.accounts = account.New(k.store, time.Now)

	wrap, err := k.decorators()
	if err != nil {
		return err
	}
	options := connection.Options{HTTP: reach.NewClient(k.config.AllowsLocal()), Wrap: wrap, Clock: time.Now}
	if k.config.AllowsLocal() {
		options.AllowPath = reach.Folders(k.config.LocalRoots, k.config.DataDir)
	}
	k.connections = connection.New(k.store, catalog.New(), k.vault, options)
	k.closers = append(k.closers, k.connections.Close)
	k.syncs = filesync.New(k.store, k.connections, filesync.Options{Clock: time.Now, Log: k.log, Interrupt: k.enqueuer.Interrupt})
	k.weddings = wedding.New(k.store, k.syncs, time.Now)
	k.transfers = transfer.New(transfer.Config{
		Store: k.store, Connections: k.connections, Resolver: filesync.Decider{}, Progress: k.events,
		Worker: k.name, Now: time.Now,
	})
	return nil
}

// decorators returns what is put around each connection: every attempt waits for
// its turn and is seen.
func (k *core) decorators() (func(connectors.Connection, *ent.Connection) connectors.Connection, error) {
	recorder, err := trace.NewMetrics(k.metrics.Registerer())
	if err != nil {
		return nil, err
	}
	vendors := catalog.New()
	return func(c connectors.Connection, row *ent.Connection) connectors.Connection {
		limit := ratelimit.Config{}
		if v, ok := vendors.Lookup(row.Provider); ok {
			limit.PerSecond = v.Descriptor().Limits.RequestsPerSecond
		}
		return decorate.Wrap(c,
			retry.New(retry.Policy{}),
			ratelimit.New(limit),
			trace.New(trace.Config{Provider: row.Provider, Tracer: otel.Tracer("wedsync/connectors"), Recorder: recorder}),
		)
	}, nil
}

func (k *core) close() error {
	var errs []error
	for i := len(k.closers) - 1; i >= 0; i-- {
		errs = append(errs, k.closers[i]())
	}
	k.closers = nil
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("close the hub: %w", err)
	}
	return nil
}

func quietly(end func()) func() error {
	return func() error { end(); return nil }
}
