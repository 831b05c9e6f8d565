package s3

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"

	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/wedsync/wedsync/connectors"
)

// dialect is what a store makes of the newer parts of the protocol.
type dialect struct {
	conditions conditionSupport
	// trailers: a checksum can follow the body, and the store checks it.
	trailers bool
}

// conditionSupport is what is known of a store's conditional writes.
type conditionSupport int

const (
	// conditionsUncertain: it could not be tried.
	conditionsUncertain conditionSupport = iota
	// conditionsEnforced: a write whose condition does not hold is refused.
	conditionsEnforced
	// conditionsIgnored: it is done all the same, or every condition is refused.
	conditionsIgnored
)

// dialect finds out how to write to the store. Stores of other vendors than
// Amazon may silently ignore If-Match and If-None-Match, and then a file that
// appeared since the plan was made would be overwritten; and they may not know
// checksums behind the body. So both are tried out once per connection, before
// the first write that depends on them, with a tiny object in the hub's folder.
func (c *conn) dialect(ctx context.Context) (dialect, error) {
	if c.amazon {
		return dialect{conditions: conditionsEnforced, trailers: true}, nil
	}
	c.probing.Lock()
	defer c.probing.Unlock()
	if c.spoken == nil {
		p := probe{c: c, key: c.root + connectors.HubFolder + "/probe-" + rand.Text()}
		found, err := p.run(ctx)
		if err != nil {
			return dialect{}, err
		}
		c.spoken = &found
	}
	return *c.spoken, nil
}

// probe is one trial.
type probe struct {
	c        *conn
	key      string
	versions []string
}

func (p *probe) run(ctx context.Context) (found dialect, err error) {
	found.trailers, err = p.tryTrailer(ctx)
	if err == nil && !found.trailers {
		_, err = p.put(ctx, nil, nil)
	}
	switch {
	case connectors.Is(err, connectors.ScopeMissing):
		// The credential may not write there; elsewhere it may.
		return dialect{}, nil
	case err != nil:
		return dialect{}, err
	}
	defer func() {
		if cleanErr := p.clean(ctx); err == nil {
			err = cleanErr
		}
	}()
	found.conditions, err = p.tryConditions(ctx)
	return found, err
}

// tryTrailer writes the object with a checksum behind its body. Whatever a store
// answers that does not know this, it is no failure of the probe.
func (p *probe) tryTrailer(ctx context.Context) (works bool, err error) {
	const text = "probe"
	b := newBody(bytes.NewReader([]byte(text)), int64(len(text)))
	out, err := p.c.api.PutObject(ctx, &awss3.PutObjectInput{
		Bucket: &p.c.bucket, Key: &p.key, Body: b, ContentLength: ptr(b.left),
	}, withTrailer(b))
	if given := b.stop(); given != nil {
		return false, given
	}
	if err != nil {
		failed := p.c.fail("write", "", err)
		switch failed.Kind {
		case connectors.Transient, connectors.RateLimited, connectors.AuthExpired, connectors.NotFound, connectors.QuotaFull:
			return false, failed
		}
		return false, nil
	}
	p.note(out.VersionId)
	proved := p.c.prove(b, facts{
		etag: out.ETag, encryption: out.ServerSideEncryption, customerKey: out.SSECustomerAlgorithm, crc32c: out.ChecksumCRC32C,
	})
	return proved.wrong == "" && proved.hashes[connectors.CRC32C] != "", nil
}

// tryConditions writes twice what must not succeed.
func (p *probe) tryConditions(ctx context.Context) (conditionSupport, error) {
	refused, err := p.put(ctx, nil, ptr("*"))
	if err == nil && refused {
		refused, err = p.put(ctx, quoted("00000000000000000000000000000000"), nil)
	}
	switch {
	case connectors.Is(err, connectors.Unsupported), err == nil && !refused:
		return conditionsIgnored, nil
	case err != nil:
		return conditionsUncertain, err
	}
	return conditionsEnforced, nil
}

// put reports whether the store refused the write because of its condition.
func (p *probe) put(ctx context.Context, ifMatch, ifNoneMatch *string) (refused bool, err error) {
	out, err := p.c.api.PutObject(ctx, &awss3.PutObjectInput{
		Bucket: &p.c.bucket, Key: &p.key, Body: bytes.NewReader(nil), ContentLength: ptr(int64(0)),
		IfMatch: ifMatch, IfNoneMatch: ifNoneMatch,
	})
	if err != nil {
		failed := p.c.fail("write", "", err)
		if failed.Kind == connectors.Conflict {
			return true, nil
		}
		return false, failed
	}
	p.note(out.VersionId)
	return false, nil
}

func (p *probe) note(version *string) {
	if v := value(version); v != "" && v != nullVersion {
		p.versions = append(p.versions, v)
	}
}

// clean removes the object, of a versioned bucket without leaving a trace. A
// credential that may not delete leaves it there.
func (p *probe) clean(ctx context.Context) error {
	targets := []*string{nil}
	if len(p.versions) > 0 {
		targets = nil
		for _, v := range p.versions {
			targets = append(targets, &v)
		}
	}
	var all error
	for _, version := range targets {
		err := p.c.remove(ctx, "write", "", &awss3.DeleteObjectInput{Bucket: &p.c.bucket, Key: &p.key, VersionId: version})
		if err != nil && !connectors.Is(err, connectors.ScopeMissing) {
			all = errors.Join(all, err)
		}
	}
	return all
}
