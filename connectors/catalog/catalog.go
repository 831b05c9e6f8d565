package catalog

import (
	"cmp"
	"slices"

	"github.com/wedsync/wedsync/connectors"
	"github.com/wedsync/wedsync/connectors/local"
	"github.com/wedsync/wedsync/connectors/s3"
)

// Catalog is a fixed set of vendors. It is safe for concurrent use.
type Catalog struct {
	vendors    []connectors.Vendor // in the order of their names
	byProvider map[string]connectors.Vendor
}

// New returns the catalog of every vendor the hub knows. One of others takes the
// place of the vendor with the same provider; this is how tests bring their own.
func New(others ...connectors.Vendor) *Catalog {
	c := &Catalog{byProvider: map[string]connectors.Vendor{}}
	for _, v := range append([]connectors.Vendor{
		local.Vendor{},
		s3.Vendor{},
	}, others...) {
		c.byProvider[v.Descriptor().Provider] = v
	}
	for _, v := range c.byProvider {
		c.vendors = append(c.vendors, v)
	}
	slices.SortFunc(c.vendors, func(a, b connectors.Vendor) int {
		return cmp.Or(
			cmp.Compare(a.Descriptor().Name, b.Descriptor().Name),
			cmp.Compare(a.Descriptor().Provider, b.Descriptor().Provider),
		)
	})
	return c
}

// Vendors returns all vendors in the order of their names.
func (c *Catalog) Vendors() []connectors.Vendor { return slices.Clone(c.vendors) }

// Lookup returns the vendor with the provider id, if there is one.
func (c *Catalog) Lookup(provider string) (connectors.Vendor, bool) {
	v, ok := c.byProvider[provider]
	return v, ok
}
