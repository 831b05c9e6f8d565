package s3

import (
	"context"
	"errors"
	"strings"
	"sync"

	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/wedsync/wedsync/connectors"
)

const (
	mib = int64(1) << 20
	gib = int64(1) << 30

	minPartSize = 5 * mib
	maxPartSize = 5 * gib
	maxParts    = 10_000
	// maxFileSize is what every store of this kind is documented to take.
	maxFileSize = 5 << 40
	// maxKeyBytes bounds a key, and with it prefix and path together.
	maxKeyBytes = 1024

	// nullVersion is the id of what was stored while versioning was off.
	nullVersion = "null"
)

// limits are the sizes at which another kind of request is needed.
type limits struct {
	// single is the largest file sent in one request.
	single int64
	// copyAtOnce is the largest object that the store copies in one request.
	copyAtOnce int64
}

// Vendor is S3.
type Vendor struct {
	// limits replaces the defaults where it is not zero.
	limits limits
}

// Descriptor implements connectors.Vendor.
func (Vendor) Descriptor() connectors.Descriptor {
	yes := func(r connectors.Role) connectors.RoleSupport {
		return connectors.RoleSupport{Role: r, Supported: true}
	}
	return connectors.Descriptor{
		Provider: "s3",
		Name:     "Amazon S3 and compatible storage",
		Category: connectors.CategoryStorage,
		Auth:     connectors.AuthAccessKey,
		Settings: declaredSettings(),
		Roles: []connectors.RoleSupport{
			yes(connectors.RoleSource),
			yes(connectors.RoleSink),
			yes(connectors.RoleDeleter),
			yes(connectors.RoleMover),
			yes(connectors.RoleCopier),
			yes(connectors.RoleVersioner),
			{
				Role: connectors.RoleChangeFeed,
				Reason: "S3 tells of changes only through bucket notifications to a queue of the account's own; " +
					"until that is supported, changes are found by listing",
			},
		},
		Hashes: []connectors.HashAlgorithm{connectors.MD5, connectors.SHA256, connectors.CRC32C},
		Limits: connectors.Limits{
			MaxFileSize:       maxFileSize,
			MinPartSize:       minPartSize,
			MaxPartSize:       maxPartSize,
			MaxParts:          maxParts,
			RequestsPerSecond: 3500,
			Concurrency:       16,
		},
		Notes: []string{
			"Listings show the store's own modification time; the author's is kept in the metadata key mtime, as rclone does.",
			"Earlier versions can be read where versioning is switched on for the bucket.",
			"Stores that ignore conditional writes are detected; there, two programs writing the same path at the same moment can overwrite each other.",
			"A move or copy onto a path that another program writes at the same moment is refused only by stores that check conditions on copies.",
			"Objects in an archive storage class must be restored before they can be read.",
		},
	}
}

// Open implements connectors.Vendor. Of stores other than Amazon's it asks for a
// listing of one key, to learn which names they can hold.
func (v Vendor) Open(ctx context.Context, cfg connectors.Config) (connectors.Connection, error) {
	s, err := parseSettings(cfg)
	if err != nil {
		return nil, err
	}
	if cfg.HTTP == nil {
		return nil, &connectors.Error{Kind: connectors.Permanent, Op: "open", Err: errors.New("no HTTP client was given")}
	}
	c := &conn{
		api:      newClient(s, cfg.HTTP),
		bucket:   s.bucket,
		root:     s.root,
		partSize: s.partSize,
		limits:   limits{single: 64 * mib, copyAtOnce: 5 * gib},
		amazon:   s.amazon(),
		redact:   s.redactor(),
	}
	// Directory buckets (S3 Express) give ETags that look like an MD5 and are none.
	c.randomETags = strings.HasSuffix(s.bucket, "--x-s3")
	if v.limits.single > 0 {
		c.limits.single = v.limits.single
	}
	if v.limits.copyAtOnce > 0 {
		c.limits.copyAtOnce = v.limits.copyAtOnce
	}
	if err := c.survey(ctx); err != nil {
		return nil, err
	}
	return c, nil
}

// conn is one bucket, or one folder of it. It implements every role that the
// descriptor names.
type conn struct {
	api    *awss3.Client
	bucket string
	// root is "" or the prefix of every key, ending in a slash.
	root     string
	partSize int64
	limits   limits
	// amazon: the store is Amazon's own, whose documented behaviour is known.
	amazon      bool
	randomETags bool
	redact      *strings.Replacer
	names       connectors.NameRules

	probing sync.Mutex
	// spoken is the store's dialect once it is known.
	spoken *dialect
}

// Names implements connectors.Connection.
func (c *conn) Names() connectors.NameRules { return c.names }

// Check implements connectors.Connection by listing one key, which needs the
// least that any use of the connection needs.
func (c *conn) Check(ctx context.Context) error {
	_, err := c.api.ListObjectsV2(ctx, &awss3.ListObjectsV2Input{
		Bucket: &c.bucket, Prefix: &c.root, MaxKeys: ptr(int32(1)),
	})
	if err != nil {
		return c.fail("check", "", err)
	}
	return nil
}

// Close implements connectors.Connection. The HTTP client is the hub's: others may
// share it, and closing its idle connections can break their requests.
func (c *conn) Close() error { return nil }

// key maps a path to the key that holds it.
func (c *conn) key(op, path string) (string, error) {
	if why := c.names.Check(path); why != "" {
		return "", &connectors.Error{Kind: connectors.NameRejected, Op: op, Path: path, Err: errors.New(why)}
	}
	return c.root + path, nil
}

// The compiler proves that every role of the descriptor is there.
var (
	_ connectors.Source    = (*conn)(nil)
	_ connectors.Sink      = (*conn)(nil)
	_ connectors.Deleter   = (*conn)(nil)
	_ connectors.Mover     = (*conn)(nil)
	_ connectors.Copier    = (*conn)(nil)
	_ connectors.Versioner = (*conn)(nil)
)

func ptr[T any](v T) *T { return &v }

// value is *p, or zero for a nil p.
func value[T any](p *T) T {
	if p == nil {
		var zero T
		return zero
	}
	return *p
}
