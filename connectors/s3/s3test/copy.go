package s3test

import (
	"encoding/xml"
	"errors"
	"io"
	"maps"
	"net/http"
	"net/url"
	"strings"
)

// copySource is a parsed x-amz-copy-source header.
type copySource struct{ bucket, key, version string }

// parseCopySource reads "/bucket/key?versionId=…", percent-encoded.
func parseCopySource(header string) (copySource, bool) {
	path, query, hasQuery := strings.Cut(header, "?")
	var src copySource
	if hasQuery {
		id, ok := strings.CutPrefix(query, "versionId=")
		if !ok || id == "" {
			return copySource{}, false
		}
		src.version = id
	}
	// The header is decoded as a form value: a plus sign means a space.
	path, err := url.QueryUnescape(path)
	if err != nil {
		return copySource{}, false
	}
	src.bucket, src.key, _ = strings.Cut(strings.TrimPrefix(path, "/"), "/")
	return src, validBucket(src.bucket) && src.key != "" && len(src.key) <= maxKeyBytes
}

// source finds what a copy is made from and holds on to its content.
func (c *call) source() (*version, content, error) {
	src, ok := parseCopySource(c.r.Header.Get("X-Amz-Copy-Source"))
	if !ok {
		return nil, nil, invalidArgument("Copy Source must mention the source bucket and key: sourcebucket/sourcekey")
	}
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	b := c.s.buckets[src.bucket]
	if b == nil {
		return nil, nil, errNoSuchBucket
	}
	v, err := b.find(src.key, src.version)
	switch {
	case err != nil:
		return nil, nil, err
	case v.deleted:
		return nil, nil, invalidRequest("The source of a copy request may not specifically refer to a delete marker by version id.")
	}
	if err := copyAllowed(c.r.Header, v); err != nil {
		return nil, nil, err
	}
	same := src.bucket == c.bucket && src.key == c.key && src.version == ""
	if same && c.op == "CopyObject" && c.r.Header.Get("X-Amz-Metadata-Directive") != "REPLACE" {
		return nil, nil, invalidRequest("This copy request is illegal because it is trying to copy an object to itself without changing the object's metadata.")
	}
	return v, v.content.retain(), nil
}

type copyResult struct {
	XMLName      xml.Name
	LastModified string
	ETag         string
}

func (c *call) copyObject() (err error) {
	from, held, err := c.source()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, held.release()) }()
	if held.size() > c.s.opts.MaxCopy {
		return invalidRequest("The specified copy source is larger than the maximum allowable size for a copy source")
	}
	headers := from.headers
	switch directive := c.r.Header.Get("X-Amz-Metadata-Directive"); directive {
	case "", "COPY":
	case "REPLACE":
		if headers, err = c.attributes(); err != nil {
			return err
		}
	default:
		return invalidArgument("Unknown metadata directive.")
	}
	made, got, err := c.duplicate(held, 0, held.size())
	if err != nil {
		return err
	}
	v := &version{
		modified: c.s.opts.Now(), etag: c.newETag(got), content: content{made},
		headers: maps.Clone(headers),
	}
	if !from.checksum.composite {
		v.checksum = from.checksum
	}
	if err := c.publish(v); err != nil {
		return errors.Join(err, made.release())
	}
	c.describeWrite(v)
	c.reply(http.StatusOK, copyResult{
		XMLName: xml.Name{Local: "CopyObjectResult"}, LastModified: v.modified.UTC().Format(isoTime), ETag: c.etag(v.etag),
	})
	return nil
}

// duplicate makes one new blob of a range, with its MD5.
func (c *call) duplicate(from content, offset, n int64) (*blob, []byte, error) {
	w, err := c.s.blobs.create()
	if err != nil {
		return nil, nil, err
	}
	sum := newMD5()
	if err := from.copyTo(io.MultiWriter(w, sum), offset, n); err != nil {
		return nil, nil, errors.Join(err, w.drop())
	}
	b, err := w.keep()
	return b, sum.Sum(nil), err
}

// parseCopyRange reads the range of a part copy, which must name both ends and
// lie inside the source.
func parseCopyRange(header string, size int64) (offset, n int64, ok bool) {
	span, prefixed := strings.CutPrefix(header, "bytes=")
	first, last, dash := strings.Cut(span, "-")
	offset, ok1 := digits(first)
	end, ok2 := digits(last)
	return offset, end - offset + 1, prefixed && dash && ok1 && ok2 && offset <= end && end < size
}

func (c *call) uploadPartCopy() (err error) {
	number, err := c.partNumber()
	if err != nil {
		return err
	}
	_, held, err := c.source()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, held.release()) }()
	offset, n := int64(0), held.size()
	if header := c.r.Header.Get("X-Amz-Copy-Source-Range"); header != "" {
		var ok bool
		if offset, n, ok = parseCopyRange(header, held.size()); !ok {
			return invalidArgument("The x-amz-copy-source-range value must be of the form bytes=first-last where first and last are the zero-based offsets of the first and last bytes to copy")
		}
	}
	if n > c.s.opts.MaxCopy {
		return invalidRequest("The specified copy source is larger than the maximum allowable size for a copy source")
	}
	made, got, err := c.duplicate(held, offset, n)
	if err != nil {
		return err
	}
	p := part{etag: c.newETag(got), md5: got, blob: made, modified: c.s.opts.Now()}
	if err := c.keepPart(number, p); err != nil {
		return errors.Join(err, made.release())
	}
	c.encryption()
	c.reply(http.StatusOK, copyResult{
		XMLName: xml.Name{Local: "CopyPartResult"}, LastModified: p.modified.UTC().Format(isoTime), ETag: c.etag(p.etag),
	})
	return nil
}
