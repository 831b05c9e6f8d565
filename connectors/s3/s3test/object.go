package s3test

import (
	"crypto/rand"
	"encoding/hex"
	"encoding/xml"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// keptHeaders are stored with an object and come back with it, besides metadata.
func keptHeaders() []string {
	return []string{"Content-Type", "Content-Encoding", "Content-Disposition", "Content-Language", "Cache-Control", "Expires"}
}

// attributes collects what a write says of the object apart from its content.
func (c *call) attributes() (http.Header, error) {
	h := http.Header{}
	for _, name := range keptHeaders() {
		if v := c.r.Header.Get(name); v != "" {
			h.Set(name, v)
		}
	}
	if encoding := h.Get("Content-Encoding"); encoding == "aws-chunked" {
		h.Del("Content-Encoding")
	}
	size := 0
	for name, values := range c.r.Header {
		if key, ok := strings.CutPrefix(name, "X-Amz-Meta-"); ok {
			h[name] = []string{strings.Join(values, ",")}
			size += len(key) + len(h[name][0])
		}
	}
	if size > maxMetadata {
		return nil, errMetadataTooLarge
	}
	if h.Get("Content-Type") == "" {
		h.Set("Content-Type", "binary/octet-stream")
	}
	return h, nil
}

// store takes in the request's body as a new blob.
func (c *call) store(limit int64) (*blob, received, error) {
	w, err := c.s.blobs.create()
	if err != nil {
		return nil, received{}, err
	}
	kept := false
	defer func() {
		if !kept {
			// The request fails already, or its client is gone.
			_ = w.drop()
		}
	}()
	got, err := c.receive(w, limit)
	if err != nil {
		return nil, received{}, err
	}
	kept = true
	b, err := w.keep()
	return b, got, err
}

// newETag is the MD5 in quotes, unless ETags are to say nothing.
func (c *call) newETag(md5 []byte) string {
	if c.s.opts.OpaqueETags {
		md5 = make([]byte, 16)
		// crypto/rand never fails.
		_, _ = rand.Read(md5)
	}
	return `"` + hex.EncodeToString(md5) + `"`
}

func (c *call) putObject() error {
	attributes, err := c.attributes()
	if err != nil {
		return err
	}
	// What cannot succeed is refused before the body travels.
	if err := c.with(func(b *bucket) error { return c.writeAllowed(b) }); err != nil {
		return err
	}
	body, got, err := c.store(c.s.opts.MaxPut)
	if err != nil {
		return err
	}
	v := &version{
		modified: c.s.opts.Now(), etag: c.newETag(got.md5), content: content{body},
		headers: attributes, checksum: got.checksum,
	}
	if err := c.publish(v); err != nil {
		return errors.Join(err, body.release())
	}
	c.describeWrite(v)
	c.w.Header().Set("ETag", c.etag(v.etag))
	return nil
}

// publish makes v visible if the request's conditions hold at that moment.
func (c *call) publish(v *version) error {
	return c.with(func(b *bucket) error { return c.place(b, v) })
}

// place is publish for those who hold the lock.
func (c *call) place(b *bucket, v *version) error {
	if err := c.writeAllowed(b); err != nil {
		return err
	}
	if err := c.s.add(b, c.key, v); err != nil {
		return err
	}
	if b.versioning != "" {
		c.w.Header().Set("X-Amz-Version-Id", v.id)
	}
	return nil
}

// describeWrite sets the headers that all answers to writes have.
func (c *call) describeWrite(v *version) {
	c.encryption()
	c.announce(v.checksum)
}

func (c *call) encryption() {
	kind := "AES256"
	if c.s.opts.OpaqueETags {
		kind = "aws:kms"
	}
	c.w.Header().Set("X-Amz-Server-Side-Encryption", kind)
}

// getObject answers GET and HEAD.
func (c *call) getObject() error {
	if c.query.Has("partNumber") {
		return errNotImplemented
	}
	var v *version
	var held content
	err := c.with(func(b *bucket) error {
		var err error
		v, err = b.find(c.key, c.query.Get("versionId"))
		if err != nil {
			return err
		}
		if v.deleted {
			c.w.Header().Set("X-Amz-Delete-Marker", "true")
			return errMethodNotAllowed
		}
		if b.versioning != "" {
			c.w.Header().Set("X-Amz-Version-Id", v.id)
		}
		if err := readAllowed(c.r.Header, v); err != nil {
			return err
		}
		held = v.content.retain()
		return nil
	})
	if err != nil {
		return err
	}
	return errors.Join(c.send(v, held), held.release())
}

// send answers with an object's headers and, for GET, its content.
func (c *call) send(v *version, held content) error {
	size := held.size()
	offset, n, partial, err := parseRange(c.r.Header.Get("Range"), size)
	if err != nil {
		return err
	}
	h := c.w.Header()
	for name, values := range v.headers {
		h[name] = values
	}
	c.encryption()
	h.Set("ETag", c.etag(v.etag))
	h.Set("Last-Modified", v.modified.UTC().Format(http.TimeFormat))
	h.Set("Accept-Ranges", "bytes")
	h.Set("Content-Length", strconv.FormatInt(n, 10))
	if c.r.Header.Get("X-Amz-Checksum-Mode") == "ENABLED" && !partial {
		c.announce(v.checksum)
	}
	status := http.StatusOK
	if partial {
		h.Set("Content-Range", contentRange(offset, n, size))
		status = http.StatusPartialContent
	}
	c.w.WriteHeader(status)
	if c.r.Method == http.MethodHead {
		return nil
	}
	if err := held.copyTo(c.w, offset, n); err != nil {
		// The client went away, or gets to see that the answer breaks off.
		panic(http.ErrAbortHandler)
	}
	return nil
}

func (c *call) deleteObject() error {
	err := c.with(func(b *bucket) error {
		marker, id, err := c.remove(b, c.key, c.query.Get("versionId"))
		if err != nil {
			return err
		}
		if marker {
			c.w.Header().Set("X-Amz-Delete-Marker", "true")
		}
		if id != "" {
			c.w.Header().Set("X-Amz-Version-Id", id)
		}
		return nil
	})
	if err != nil {
		return err
	}
	c.w.WriteHeader(http.StatusNoContent)
	return nil
}

// remove deletes a version for good or, without an id, what the key holds now;
// where there are versions, a mark takes its place.
func (c *call) remove(b *bucket, key, id string) (marker bool, removed string, err error) {
	if err := c.deleteAllowed(b, key, id); err != nil {
		return false, "", err
	}
	if id != "" {
		v, err := b.find(key, id)
		if err != nil {
			// Deleting what is not there succeeds.
			return false, id, nil
		}
		return v.deleted, id, c.s.drop(b, key, func(old *version) bool { return old == v })
	}
	if b.versioning == "" {
		return false, "", c.s.drop(b, key, func(*version) bool { return true })
	}
	mark := &version{deleted: true, modified: c.s.opts.Now()}
	err = c.s.add(b, key, mark)
	return true, mark.id, err
}

type deletedEntry struct {
	Key                   string
	VersionID             string `xml:"VersionId,omitempty"`
	DeleteMarker          bool   `xml:",omitempty"`
	DeleteMarkerVersionID string `xml:"DeleteMarkerVersionId,omitempty"`
}

type deleteError struct{ Key, Code, Message string }

func (c *call) deleteObjects() error {
	var in struct {
		Quiet  bool
		Object []struct {
			Key       string
			VersionID string `xml:"VersionId"`
		}
	}
	if err := c.decode(&in); err != nil {
		return err
	}
	if len(in.Object) == 0 || len(in.Object) > 1000 {
		return errMalformedXML
	}
	var out struct {
		XMLName xml.Name `xml:"DeleteResult"`
		Deleted []deletedEntry
		Error   []deleteError
	}
	err := c.with(func(b *bucket) error {
		for _, o := range in.Object {
			marker, id, err := c.remove(b, o.Key, o.VersionID)
			if err != nil {
				out.Error = append(out.Error, deleteError{o.Key, errInternal.code, errInternal.message})
				continue
			}
			entry := deletedEntry{Key: o.Key, VersionID: o.VersionID, DeleteMarker: marker}
			if marker && o.VersionID == "" {
				entry.DeleteMarkerVersionID = id
			}
			if !in.Quiet {
				out.Deleted = append(out.Deleted, entry)
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	c.reply(http.StatusOK, out)
	return nil
}

// httpDate parses a date of a conditional header; a bad one does not count.
func httpDate(s string) (time.Time, bool) {
	t, err := http.ParseTime(s)
	return t, err == nil
}
