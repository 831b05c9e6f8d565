package transfer

import (
	"context"
	"time"

	"github.com/wedsync/wedsync/connectors"
	"github.com/wedsync/wedsync/hub"
)

// defaultFiles is how many files of a shard are carried out at once.
const defaultFiles = 4

// Connections opens stored connections. They are shared, and not to be closed.
type Connections interface {
	Open(ctx context.Context, connectionID string) (connectors.Connection, error)
}

// Config is what a Service works with.
type Config struct {
	Store       *hub.Store
	Connections Connections
	Resolver    Resolver
	Progress    hub.ProgressSink
	// Worker names this process in progress.
	Worker string
	Now    func() time.Time
	// Files is how many files of a shard are carried out at once; 0 means 4.
	Files int
}

// Service carries out the operations of runs.
type Service struct {
	config Config
	engine *engine
}

// New returns a Service.
func New(c Config) *Service {
	if c.Files <= 0 {
		c.Files = defaultFiles
	}
	return &Service{config: c, engine: newEngine(c.Now)}
}

// now is the time as the databases store it.
func (s *Service) now() time.Time { return s.config.Now().UTC().Truncate(time.Microsecond) }
