package catalog_test

import (
	"slices"
	"testing"

	"github.com/wedsync/wedsync/connectors/catalog"
	"github.com/wedsync/wedsync/connectors/memory"
)

func providers(c *catalog.Catalog) []string {
	var out []string
	for _, v := range c.Vendors() {
		out = append(out, v.Descriptor().Provider)
	}
	slices.Sort(out)
	return out
}

func TestProductionCatalog(t *testing.T) {
	t.Parallel()
	c := catalog.New()
	got := providers(c)
	if len(got) != 2 || got[0] != "local" || got[1] != "s3" {
		t.Errorf("providers: %v", got)
	}
	for _, p := range got {
		if v, ok := c.Lookup(p); !ok || v.Descriptor().Provider != p {
			t.Errorf("Lookup(%q) finds %v, %t", p, v, ok)
		}
	}
	if _, ok := c.Lookup("memory"); ok {
		t.Error("the memory store is for tests only")
	}
}

func TestOthers(t *testing.T) {
	t.Parallel()
	mine := memory.Vendor{Stores: memory.NewStores()}
	c := catalog.New(mine, mine)
	if got := providers(c); len(got) != 3 {
		t.Errorf("providers: %v", got)
	}
	if v, _ := c.Lookup("memory"); v != mine {
		t.Error("Lookup does not return the vendor that was brought")
	}
}
