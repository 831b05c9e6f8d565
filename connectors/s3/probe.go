package s3

import (
	"bytes"
	"context"
	"crypto/rand"

	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/wedsync/wedsync/connectors"
)

// conditionSupport is what is known of a store's conditional writes.
type conditionSupport int

const (
	// conditionsUntried: nothing is known yet.
	conditionsUntried conditionSupport = iota
	// conditionsEnforced: a write whose condition does not hold is refused.
	conditionsEnforced
	// conditionsIgnored: it is done all the same, or every condition is refused.
	conditionsIgnored
	// conditionsUncertain: it could not be tried.
	conditionsUncertain
)

// conditional tells what the store does with If-Match and If-None-Match on
// writes. Stores of other vendors may silently ignore them, and then a file that
// appeared since the plan was made would be overwritten. So it is tried out once
// per connection, before the first write that depends on it, with an empty
// object in the hub's own folder.
func (c *conn) conditional(ctx context.Context) (conditionSupport, error) {
	if c.amazon {
		return conditionsEnforced, nil
	}
	c.probing.Lock()
	defer c.probing.Unlock()
	if c.conditions == conditionsUntried {
		found, err := (&probe{c: c, key: c.root + connectors.HubFolder + "/probe-" + rand.Text()}).run(ctx)
		if err != nil {
			return conditionsUntried, err
		}
		c.conditions = found
	}
	return c.conditions, nil
}

// probe is one trial of conditional writes.
type probe struct {
	c        *conn
	key      string
	versions []string
}

// run writes an object and then twice what must not succeed.
func (p *probe) run(ctx context.Context) (found conditionSupport, err error) {
	if _, err := p.put(ctx, nil, nil); err != nil {
		if connectors.Is(err, connectors.ScopeMissing) {
			return conditionsUncertain, nil
		}
		return conditionsUntried, err
	}
	defer func() {
		if cleanErr := p.clean(ctx); err == nil {
			err = cleanErr
		}
	}()
	refused, err := p.put(ctx, nil, ptr("*"))
	if err == nil && refused {
		refused, err = p.put(ctx, quoted("00000000000000000000000000000000"), nil)
	}
	switch {
	case connectors.Is(err, connectors.Unsupported), err == nil && !refused:
		return conditionsIgnored, nil
	case err != nil:
		return conditionsUntried, err
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
	if v := value(out.VersionId); v != "" && v != "null" {
		p.versions = append(p.versions, v)
	}
	return false, nil
}

// clean removes the object, of a versioned bucket without leaving a trace. A
// credential that may not delete leaves it there.
func (p *probe) clean(ctx context.Context) error {
	targets := []*string{nil}
	if len(p.versions) > 0 {
		targets = targets[:0]
		for _, v := range p.versions {
			targets = append(targets, &v)
		}
	}
	for _, version := range targets {
		err := p.c.remove(ctx, "write", "", &awss3.DeleteObjectInput{Bucket: &p.c.bucket, Key: &p.key, VersionId: version})
		if err != nil && !connectors.Is(err, connectors.ScopeMissing) {
			return err
		}
	}
	return nil
}
