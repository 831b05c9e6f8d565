package s3_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/wedsync/wedsync/connectors"
	"github.com/wedsync/wedsync/connectors/connectortest"
	"github.com/wedsync/wedsync/connectors/s3"
	"github.com/wedsync/wedsync/connectors/s3/s3test"
)

const (
	mib       = 1 << 20
	accessKey = "AKIDEXAMPLE"
	secretKey = "wJalrXUtnFEMI+EXAMPLEKEY"
)

// store is one bucket somewhere, to open connections to.
type store struct {
	vendor   s3.Vendor
	endpoint string
	bucket   string
	settings map[string]string
	client   *http.Client
}

func (s store) config() connectors.Config {
	settings := map[string]string{"bucket": s.bucket, "endpoint": s.endpoint, "part_size_mib": "5"}
	for name, v := range s.settings {
		settings[name] = v
	}
	client := s.client
	if client == nil {
		client = http.DefaultClient
	}
	return connectors.Config{
		Settings: settings,
		Secrets:  map[string]string{"access_key_id": accessKey, "secret_access_key": secretKey},
		HTTP:     client,
	}
}

// all is every role that S3 plays.
type all interface {
	connectors.Connection
	connectors.Source
	connectors.Sink
	connectors.Deleter
	connectors.Mover
	connectors.Copier
	connectors.Versioner
}

func (s store) open(t *testing.T) all {
	t.Helper()
	conn, err := s.vendor.Open(t.Context(), s.config())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := conn.Close(); err != nil {
			t.Error(err)
		}
	})
	return conn.(all)
}

// stated completes a listing with what only Stat tells: an S3 listing has
// neither the author's time, nor hashes, nor versions (see TestListTellsLess).
type stated struct {
	all
	store store
}

func (s stated) List(ctx context.Context, prefix, cursor string) (connectors.Page, error) {
	page, err := s.all.List(ctx, prefix, cursor)
	for i, o := range page.Objects {
		full, err := s.Stat(ctx, o.Path)
		if err != nil {
			return connectors.Page{}, err
		}
		if full.Revision != o.Revision || full.Size != o.Size {
			return connectors.Page{}, fmt.Errorf("List and Stat of %q disagree: %+v, %+v", o.Path, o, full)
		}
		page.Objects[i] = full
	}
	return page, err
}

// harness runs the suite on stores that fresh makes. A listing of so many files
// takes several pages there.
func harness(vendor s3.Vendor, files int, fresh func(t *testing.T) store) connectortest.Harness {
	open := func(t *testing.T, s store) connectors.Connection {
		s.vendor = vendor
		return stated{s.open(t), s}
	}
	return connectortest.Harness{
		Vendor: vendor,
		Open:   func(t *testing.T) connectors.Connection { return open(t, fresh(t)) },
		Reopen: func(t *testing.T, c connectors.Connection) connectors.Connection {
			return open(t, c.(stated).store)
		},
		LargeSize: 10*mib + 345,
		Files:     files,
		Verifies:  []connectors.HashAlgorithm{connectors.MD5, connectors.SHA256, connectors.CRC32C},
		ModTime:   time.Nanosecond,
	}
}

func TestConformance(t *testing.T) {
	t.Parallel()
	small := s3.WithLimits(6*mib, 0)
	for name, variant := range map[string]struct {
		options   s3test.Options
		versioned bool
		settings  map[string]string
	}{
		"Plain":     {},
		"Versioned": {versioned: true},
		// A store that gives no proof of what it took, and a folder of the bucket.
		"Silent": {
			options:  s3test.Options{OpaqueETags: true, NoTrailers: true},
			settings: map[string]string{"prefix": "weddings/Anna & Tom +1"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := variant.options
			o.AccessKey, o.SecretKey, o.PageSize, o.Dir = accessKey, secretKey, 7, t.TempDir()
			server, endpoint := s3test.Start(t, o)
			var serial atomic.Int64
			connectortest.Run(t, harness(small, 25, func(t *testing.T) store {
				bucket := fmt.Sprintf("%s-%d", strings.ToLower(name), serial.Add(1))
				if err := server.CreateBucket(bucket, variant.versioned); err != nil {
					t.Fatal(err)
				}
				return store{endpoint: endpoint, bucket: bucket, settings: variant.settings}
			}))
		})
	}
}
