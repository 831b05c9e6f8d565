package s3test

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// writeAllowed evaluates the conditions of a write to the request's key.
func (c *call) writeAllowed(b *bucket) error {
	match, noneMatch := c.r.Header.Get("If-Match"), c.r.Header.Get("If-None-Match")
	switch {
	case c.s.opts.IgnoreConditions, match == "" && noneMatch == "":
		return nil
	case c.s.opts.RejectConditions, match != "" && noneMatch != "", noneMatch != "" && noneMatch != "*":
		return errNotImplemented
	}
	there := b.current(c.key)
	switch {
	case noneMatch != "" && there != nil:
		return errPreconditionFailed
	case match != "" && there == nil:
		return errNoSuchKey
	case match != "" && !matches(match, there.etag):
		return errPreconditionFailed
	}
	return nil
}

// deleteAllowed evaluates If-Match of a delete.
func (c *call) deleteAllowed(b *bucket, key, id string) error {
	match := c.r.Header.Get("If-Match")
	switch {
	case match == "" || c.s.opts.IgnoreConditions:
		return nil
	case c.s.opts.RejectConditions:
		return errNotImplemented
	}
	v, err := b.find(key, id)
	switch {
	case err != nil:
		return err
	case !matches(match, v.etag):
		return errPreconditionFailed
	}
	return nil
}

// readAllowed evaluates the conditions of a read as RFC 9110 orders them.
func readAllowed(h http.Header, v *version) error {
	return evaluate(v, h.Get("If-Match"), h.Get("If-None-Match"), h.Get("If-Modified-Since"), h.Get("If-Unmodified-Since"))
}

// copyAllowed evaluates the conditions on a copy's source.
func copyAllowed(h http.Header, v *version) error {
	const p = "X-Amz-Copy-Source-"
	err := evaluate(v, h.Get(p+"If-Match"), h.Get(p+"If-None-Match"), h.Get(p+"If-Modified-Since"), h.Get(p+"If-Unmodified-Since"))
	if err != nil {
		return errPreconditionFailed
	}
	return nil
}

func evaluate(v *version, match, noneMatch, modifiedSince, unmodifiedSince string) error {
	modified := v.modified.Truncate(time.Second)
	if match != "" {
		if !matches(match, v.etag) {
			return errPreconditionFailed
		}
	} else if t, ok := httpDate(unmodifiedSince); ok && modified.After(t) {
		return errPreconditionFailed
	}
	if noneMatch != "" {
		if matches(noneMatch, v.etag) {
			return errNotModified
		}
	} else if t, ok := httpDate(modifiedSince); ok && !modified.After(t) {
		return errNotModified
	}
	return nil
}

// matches compares a list of ETags, or *, with the one that is there.
func matches(list, etag string) bool {
	for candidate := range strings.SplitSeq(list, ",") {
		candidate = strings.TrimSpace(candidate)
		if candidate == "*" || strings.Trim(candidate, `"`) == strings.Trim(etag, `"`) {
			return true
		}
	}
	return false
}

// parseRange reads a Range header. What is not one range of bytes is ignored, as
// S3 does.
func parseRange(header string, size int64) (offset, n int64, partial bool, err error) {
	span, ok := strings.CutPrefix(header, "bytes=")
	first, last, dash := strings.Cut(span, "-")
	if !ok || !dash || strings.Contains(span, ",") {
		return 0, size, false, nil
	}
	if first == "" {
		suffix, ok := digits(last)
		switch {
		case !ok:
			return 0, size, false, nil
		case suffix == 0 || size == 0:
			return 0, 0, false, errInvalidRange
		}
		n = min(suffix, size)
		return size - n, n, true, nil
	}
	offset, ok = digits(first)
	end := size - 1
	if last != "" && ok {
		end, ok = digits(last)
	}
	switch {
	case !ok, last != "" && end < offset:
		return 0, size, false, nil
	case offset >= size:
		return 0, 0, false, errInvalidRange
	}
	return offset, min(end, size-1) - offset + 1, true, nil
}

// digits reads a number without sign that fits.
func digits(s string) (int64, bool) {
	n, err := strconv.ParseUint(s, 10, 63)
	return int64(n), err == nil
}

func contentRange(offset, n, size int64) string {
	return fmt.Sprintf("bytes %d-%d/%d", offset, offset+n-1, size)
}
