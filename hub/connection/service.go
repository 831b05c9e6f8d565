package connection

import (
	"context"
	"net/http"
	"time"

	"github.com/wedsync/wedsync/connectors"
	"github.com/wedsync/wedsync/ent"
	"github.com/wedsync/wedsync/ent/rule"
	"github.com/wedsync/wedsync/hub"
)

// tryFor bounds each attempt to open and check a connection.
const tryFor = 30 * time.Second

// Catalog knows the vendors.
type Catalog interface {
	Lookup(provider string) (connectors.Vendor, bool)
	Vendors() []connectors.Vendor
}

// Vault seals the secrets of connections for the place they belong to.
type Vault interface {
	Seal(secrets map[string]string, organizationID, ownerID, field string) ([]byte, error)
	Open(sealed []byte, organizationID, ownerID, field string) (map[string]string, error)
}

// Options are what the operator decides.
type Options struct {
	// HTTP carries the requests of every connection; its dialer enforces the
	// address policy.
	HTTP *http.Client
	// AllowPath decides which folders of this machine may be roots; nil: none.
	AllowPath func(path string) bool
	// Wrap puts retry, rate limits and tracing around an opened connection; nil
	// puts nothing.
	Wrap func(connectors.Connection, *ent.Connection) connectors.Connection
	// MaxOpen is how many connections stay open while nobody uses them; 0: 100.
	MaxOpen int
	Clock   func() time.Time
}

// Service is safe for concurrent use.
type Service struct {
	store   *hub.Store
	catalog Catalog
	vault   Vault
	options Options
	pool    *pool
}

// New returns a service over the vendors of the catalog. Close it to close what
// it holds open.
func New(store *hub.Store, catalog Catalog, vault Vault, options Options) *Service {
	if options.Wrap == nil {
		options.Wrap = func(c connectors.Connection, _ *ent.Connection) connectors.Connection { return c }
	}
	if options.MaxOpen == 0 {
		options.MaxOpen = 100
	}
	return &Service{store: store, catalog: catalog, vault: vault, options: options, pool: newPool(options.MaxOpen, options.Clock)}
}

// Close closes every open connection. Whoever still uses one gets errors.
func (s *Service) Close() error { return s.pool.closeAll() }

// Providers describes every vendor in the order of their names.
func (s *Service) Providers() []connectors.Descriptor {
	vendors := s.catalog.Vendors()
	out := make([]connectors.Descriptor, len(vendors))
	for i, v := range vendors {
		out[i] = v.Descriptor()
	}
	return out
}

// Provider describes one vendor.
func (s *Service) Provider(id string) (connectors.Descriptor, bool) {
	v, ok := s.catalog.Lookup(id)
	if !ok {
		return connectors.Descriptor{}, false
	}
	return v.Descriptor(), true
}

func (s *Service) now() time.Time { return s.options.Clock().UTC().Truncate(time.Microsecond) }

// requireAdmin refuses before anything outside is touched; the data layer would
// only refuse to write.
func requireAdmin(ctx context.Context) error {
	if v, _ := rule.From(ctx); !v.IsSystem() && !v.Role.Includes(rule.RoleAdmin) {
		return hub.Errorf(hub.CodeForbidden, "", "only admins manage connections")
	}
	return nil
}

// vendorOf returns the vendor of a stored connection.
func (s *Service) vendorOf(c *ent.Connection) (connectors.Vendor, error) {
	v, ok := s.catalog.Lookup(c.Provider)
	if !ok {
		return nil, hub.Errorf(hub.CodeUnsupported, "", "this hub does not know the provider %q any more", c.Provider)
	}
	return v, nil
}

const secretsField = "secrets"

func (s *Service) seal(c values, organizationID, connectionID string) ([]byte, error) {
	if len(c.secrets) == 0 {
		return nil, nil
	}
	return s.vault.Seal(c.secrets, organizationID, connectionID, secretsField)
}

// stored returns what a connection was connected with.
func (s *Service) stored(c *ent.Connection) (values, error) {
	v := values{settings: c.Settings, secrets: map[string]string{}}
	if len(c.Secrets) == 0 {
		return v, nil
	}
	var err error
	v.secrets, err = s.vault.Open(c.Secrets, c.OrganizationID, c.ID, secretsField)
	return v, err
}

func (s *Service) config(v values, d connectors.Descriptor, baseURL string) connectors.Config {
	return connectors.Config{
		Settings:  v.withDefaults(d),
		Secrets:   v.secrets,
		HTTP:      s.options.HTTP,
		BaseURL:   baseURL,
		AllowPath: s.options.AllowPath,
	}
}
