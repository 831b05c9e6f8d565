package memory

import (
	"context"
	"errors"
	"sync"

	"github.com/wedsync/wedsync/connectors"
)

// SettingStore names the store to open.
const SettingStore = "store"

// Options decide what a store is like. The zero value is a store without bounds
// that keeps versions and reports every hash it declares.
type Options struct {
	// Rules for names; stores that fold can be had this way.
	Rules connectors.NameRules
	// PartSize of uploads; 0 means 256 KiB.
	PartSize int64
	// PageSize of listings; 0 means 1000.
	PageSize int
	// NoHashes makes the store report none, as many real ones do.
	NoHashes bool
	// NoVersions makes the store forget what was overwritten.
	NoVersions bool
}

// Vendor opens stores of one set. Stores that share a Stores share their files.
type Vendor struct{ Stores *Stores }

// Stores are the in-memory stores of one test, by name.
type Stores struct {
	mu     sync.Mutex
	byName map[string]*store
}

// NewStores returns an empty set.
func NewStores() *Stores { return &Stores{byName: map[string]*store{}} }

// Create makes a store with options, in place of any of that name. A store that
// was not created comes into being with the zero Options when it is opened.
func (s *Stores) Create(name string, o Options) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.byName[name] = newStore(o)
}

func (s *Stores) open(name string) *store {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.byName[name] == nil {
		s.byName[name] = newStore(Options{})
	}
	return s.byName[name]
}

// Descriptor implements connectors.Vendor.
func (Vendor) Descriptor() connectors.Descriptor {
	d := connectors.Descriptor{
		Provider: "memory",
		Name:     "Memory",
		Category: connectors.CategoryStorage,
		Auth:     connectors.AuthNone,
		Settings: []connectors.Setting{{
			Name:     SettingStore,
			Label:    "Store",
			Help:     "The name of the store; it exists as long as the program runs.",
			Required: true,
		}},
		Hashes: hashes(),
		Notes:  []string{"For tests: everything is lost when the program ends."},
	}
	for _, r := range connectors.Roles() {
		d.Roles = append(d.Roles, connectors.RoleSupport{Role: r, Supported: true})
	}
	return d
}

func hashes() []connectors.HashAlgorithm {
	return []connectors.HashAlgorithm{connectors.SHA256, connectors.MD5}
}

// Open implements connectors.Vendor.
func (v Vendor) Open(_ context.Context, cfg connectors.Config) (connectors.Connection, error) {
	name := cfg.Settings[SettingStore]
	if name == "" {
		return nil, &connectors.Error{Kind: connectors.Invalid, Op: "open", Field: SettingStore, Err: errors.New("the store has no name")}
	}
	return &connection{store: v.Stores.open(name)}, nil
}

// connection is a view of a store; it holds nothing of its own, so that any
// number of them can be open.
type connection struct{ *store }

func (c *connection) Names() connectors.NameRules     { return c.options.Rules }
func (c *connection) Check(ctx context.Context) error { return ctx.Err() }
func (c *connection) Close() error                    { return nil }

// The compiler proves that every role is there.
var (
	_ connectors.Source     = (*connection)(nil)
	_ connectors.Sink       = (*connection)(nil)
	_ connectors.Deleter    = (*connection)(nil)
	_ connectors.Mover      = (*connection)(nil)
	_ connectors.Copier     = (*connection)(nil)
	_ connectors.Versioner  = (*connection)(nil)
	_ connectors.ChangeFeed = (*connection)(nil)
)
