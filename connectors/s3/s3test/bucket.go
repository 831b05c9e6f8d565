package s3test

import (
	"crypto/rand"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"
)

const isoTime = "2006-01-02T15:04:05.000Z"

// nullVersion is the id of what was written while versioning was not enabled.
const nullVersion = "null"

var bucketName = regexp.MustCompile(`^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$`)

func validBucket(name string) bool {
	return bucketName.MatchString(name) && !strings.Contains(name, "..")
}

// bucket is guarded by Server.mu.
type bucket struct {
	created time.Time
	// versioning is "", Enabled or Suspended.
	versioning string
	// keys of objects, sorted; versions of each, newest last.
	keys    []string
	objects map[string][]*version
	uploads map[string]*upload
}

// version is one stored version of an object, or a mark that it was deleted.
type version struct {
	id       string
	deleted  bool
	modified time.Time
	etag     string
	content  content
	// headers are those that come back as they were given.
	headers  http.Header
	checksum checksum
}

func newBucket(now time.Time) *bucket {
	return &bucket{created: now, objects: map[string][]*version{}, uploads: map[string]*upload{}}
}

// current is what a GET of the key finds, or nil.
func (b *bucket) current(key string) *version {
	all := b.objects[key]
	if len(all) == 0 || all[len(all)-1].deleted {
		return nil
	}
	return all[len(all)-1]
}

// find returns the version with an id, or the current one for "".
func (b *bucket) find(key, id string) (*version, error) {
	if id == "" {
		if v := b.current(key); v != nil {
			return v, nil
		}
		return nil, errNoSuchKey
	}
	for _, v := range b.objects[key] {
		if v.id == id {
			return v, nil
		}
	}
	return nil, errNoSuchVersion
}

// add makes v the newest version of the key. What it replaces is released.
func (s *Server) add(b *bucket, key string, v *version) error {
	if s.objects >= s.opts.MaxObjects {
		return errQuotaExceeded
	}
	v.id = nullVersion
	if b.versioning == "Enabled" {
		v.id = rand.Text()
	}
	err := s.drop(b, key, func(old *version) bool { return v.id == nullVersion && old.id == nullVersion })
	s.objects++
	if len(b.objects[key]) == 0 {
		at, _ := slices.BinarySearch(b.keys, key)
		b.keys = slices.Insert(b.keys, at, key)
	}
	b.objects[key] = append(b.objects[key], v)
	return err
}

// drop removes the versions of the key that match.
func (s *Server) drop(b *bucket, key string, match func(*version) bool) error {
	var err error
	kept := b.objects[key][:0:0]
	for _, v := range b.objects[key] {
		if !match(v) {
			kept = append(kept, v)
			continue
		}
		s.objects--
		err = errors.Join(err, v.content.release())
	}
	if had := len(b.objects[key]) > 0; had && len(kept) == 0 {
		delete(b.objects, key)
		at, _ := slices.BinarySearch(b.keys, key)
		b.keys = slices.Delete(b.keys, at, at+1)
		return err
	}
	if len(kept) > 0 {
		b.objects[key] = kept
	}
	return err
}

// with runs f with the request's bucket, under the lock.
func (c *call) with(f func(*bucket) error) error {
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	b := c.s.buckets[c.bucket]
	if b == nil {
		return errNoSuchBucket
	}
	return f(b)
}

func (c *call) listBuckets() error {
	type entry struct{ Name, CreationDate string }
	var out struct {
		XMLName xml.Name `xml:"ListAllMyBucketsResult"`
		Buckets []entry  `xml:"Buckets>Bucket"`
	}
	c.s.mu.RLock()
	for _, name := range slices.Sorted(maps.Keys(c.s.buckets)) {
		out.Buckets = append(out.Buckets, entry{name, c.s.buckets[name].created.UTC().Format(isoTime)})
	}
	c.s.mu.RUnlock()
	c.reply(http.StatusOK, out)
	return nil
}

func (c *call) createBucket() error {
	// The document may name a region; there is only one.
	if _, err := c.receive(io.Discard, maxXMLBody); err != nil {
		return err
	}
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	if c.s.buckets[c.bucket] != nil {
		return errBucketExists
	}
	if len(c.s.buckets) >= 1000 {
		return answer(400, "TooManyBuckets", "You have attempted to create more buckets than allowed")
	}
	c.s.buckets[c.bucket] = newBucket(c.s.opts.Now())
	c.w.Header().Set("Location", "/"+c.bucket)
	return nil
}

func (c *call) headBucket() error {
	return c.with(func(*bucket) error {
		c.w.Header().Set("X-Amz-Bucket-Region", c.s.opts.Region)
		return nil
	})
}

func (c *call) deleteBucket() error {
	err := c.with(func(b *bucket) error {
		if len(b.objects) > 0 {
			return errBucketNotEmpty
		}
		for _, u := range b.uploads {
			if err := c.s.forget(b, u); err != nil {
				return err
			}
		}
		delete(c.s.buckets, c.bucket)
		return nil
	})
	if err != nil {
		return err
	}
	c.w.WriteHeader(http.StatusNoContent)
	return nil
}

func (c *call) getBucketLocation() error {
	if err := c.with(func(*bucket) error { return nil }); err != nil {
		return err
	}
	location := c.s.opts.Region
	if location == defaultRegion {
		location = ""
	}
	c.reply(http.StatusOK, struct {
		XMLName xml.Name `xml:"LocationConstraint"`
		Value   string   `xml:",chardata"`
	}{Value: location})
	return nil
}

type versioningDocument struct {
	XMLName xml.Name `xml:"VersioningConfiguration"`
	Status  string   `xml:",omitempty"`
}

func (c *call) getBucketVersioning() error {
	var out versioningDocument
	err := c.with(func(b *bucket) error {
		out.Status = b.versioning
		return nil
	})
	if err != nil {
		return err
	}
	c.reply(http.StatusOK, out)
	return nil
}

func (c *call) putBucketVersioning() error {
	var in versioningDocument
	if err := c.decode(&in); err != nil {
		return err
	}
	if in.Status != "Enabled" && in.Status != "Suspended" {
		return errMalformedXML
	}
	return c.with(func(b *bucket) error {
		b.versioning = in.Status
		return nil
	})
}

// CreateBucket makes a bucket, with or without versioning.
func (s *Server) CreateBucket(name string, versioned bool) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !validBucket(name) || s.buckets[name] != nil {
		return fmt.Errorf("s3test: bucket %q is there already or has no valid name", name)
	}
	s.buckets[name] = newBucket(s.opts.Now())
	if versioned {
		s.buckets[name].versioning = "Enabled"
	}
	return nil
}

// CorruptStored changes a byte of the content that a key holds, as a failing
// disk would: neither its ETag nor its checksum change.
func (s *Server) CorruptStored(bucketName, key string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	b := s.buckets[bucketName]
	if b == nil || b.current(key) == nil || b.current(key).content.size() == 0 {
		return fmt.Errorf("s3test: %s/%s holds nothing to corrupt", bucketName, key)
	}
	v := b.current(key)
	w, err := s.blobs.create()
	if err != nil {
		return err
	}
	r := &corruptBody{ReadCloser: contentReader(v.content)}
	_, err = io.Copy(w, r)
	if err := errors.Join(err, r.Close()); err != nil {
		return errors.Join(err, w.drop())
	}
	bad, err := w.keep()
	if err != nil {
		return err
	}
	old := v.content
	v.content = content{bad}
	return old.release()
}

// contentReader reads a whole content.
func contentReader(c content) io.ReadCloser {
	r, w := io.Pipe()
	go func() { w.CloseWithError(c.copyTo(w, 0, c.size())) }()
	return r
}

// Uploads is how many multipart uploads of a bucket are unfinished.
func (s *Server) Uploads(bucketName string) int {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if b := s.buckets[bucketName]; b != nil {
		return len(b.uploads)
	}
	return 0
}
