package memory_test

import (
	"strings"
	"testing"

	"github.com/wedsync/wedsync/connectors"
	"github.com/wedsync/wedsync/connectors/connectortest"
	"github.com/wedsync/wedsync/connectors/memory"
)

func harness(o memory.Options) connectortest.Harness {
	stores := memory.NewStores()
	vendor := memory.Vendor{Stores: stores}
	reopen := func(t *testing.T, name string) connectors.Connection {
		conn, err := vendor.Open(t.Context(), connectors.Config{Settings: map[string]string{memory.SettingStore: name}})
		if err != nil {
			t.Fatal(err)
		}
		return conn
	}
	return connectortest.Harness{
		Vendor: vendor,
		Open: func(t *testing.T) connectors.Connection {
			stores.Create(t.Name(), o)
			return reopen(t, t.Name())
		},
		Reopen: func(t *testing.T, _ connectors.Connection) connectors.Connection {
			return reopen(t, t.Name())
		},
		LargeSize: 1_000_000,
		Files:     2500,
		Verifies:  []connectors.HashAlgorithm{connectors.SHA256, connectors.SHA1, connectors.MD5, connectors.CRC32C},
		ModTime:   1,
	}
}

func TestConformance(t *testing.T) {
	t.Parallel()
	for name, o := range map[string]memory.Options{
		"Plain":  {},
		"Sparse": {NoHashes: true, NoVersions: true, PageSize: 7, PartSize: 1000},
		"Folding": {Rules: connectors.NameRules{
			MaxPathBytes: 1024, MaxNameBytes: 255, Forbidden: `<>:"\|?*`, NoTrailingDotOrSpace: true,
			ReservedNames: strings.Fields("con prn aux nul com1 lpt1"),
			FoldsCase:     true, Normalization: connectors.NormalizationFolds,
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			connectortest.Run(t, harness(o))
		})
	}
}
