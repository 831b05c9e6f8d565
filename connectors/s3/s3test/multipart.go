package s3test

import (
	"cmp"
	"crypto/md5"
	"crypto/rand"
	"encoding/xml"
	"errors"
	"fmt"
	"hash"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// upload is an unfinished multipart upload, guarded by Server.mu.
type upload struct {
	id, key string
	headers http.Header
	// checksum is the name of the one that every part must come with, or "";
	// fullObject that the whole gets it too, and not one of the parts' checksums.
	checksum   string
	fullObject bool
	parts      map[int]part
}

type part struct {
	etag     string
	md5      []byte
	checksum checksum
	blob     *blob
	modified time.Time
}

func newMD5() hash.Hash { return md5.New() }

// withUpload runs f with the upload that the request names, under the lock.
func (c *call) withUpload(f func(*bucket, *upload) error) error {
	return c.with(func(b *bucket) error {
		u := b.uploads[c.query.Get("uploadId")]
		if u == nil || u.key != c.key {
			return errNoSuchUpload
		}
		return f(b, u)
	})
}

// forget drops an upload with its parts.
func (s *Server) forget(b *bucket, u *upload) error {
	var err error
	for _, p := range u.parts {
		s.objects--
		err = errors.Join(err, p.blob.release())
	}
	delete(b.uploads, u.id)
	return err
}

// ForgetUploads drops all unfinished uploads of a bucket, as a lifecycle rule
// does after some days.
func (s *Server) ForgetUploads(bucketName string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	b := s.buckets[bucketName]
	if b == nil {
		return fmt.Errorf("s3test: no bucket %q", bucketName)
	}
	var err error
	for _, u := range b.uploads {
		err = errors.Join(err, s.forget(b, u))
	}
	return err
}

func (c *call) createUpload() error {
	headers, err := c.attributes()
	if err != nil {
		return err
	}
	u := &upload{
		id: rand.Text(), key: c.key, headers: headers, parts: map[int]part{},
		checksum: strings.ToLower(c.r.Header.Get("X-Amz-Checksum-Algorithm")),
	}
	if u.checksum != "" && newChecksum(u.checksum) == nil {
		return invalidRequest("Checksum algorithm provided is unsupported.")
	}
	switch c.r.Header.Get("X-Amz-Checksum-Type") {
	case "", "COMPOSITE":
	case "FULL_OBJECT":
		if u.fullObject = true; u.checksum != "crc32c" {
			// S3 does this for every CRC; here one is enough.
			return errNotImplemented
		}
	default:
		return invalidRequest("Value for x-amz-checksum-type header is invalid.")
	}
	err = c.with(func(b *bucket) error {
		if len(b.uploads) >= 10_000 {
			return errQuotaExceeded
		}
		b.uploads[u.id] = u
		return nil
	})
	if err != nil {
		return err
	}
	c.encryption()
	c.reply(http.StatusOK, struct {
		XMLName  xml.Name `xml:"InitiateMultipartUploadResult"`
		Bucket   string
		Key      string
		UploadID string `xml:"UploadId"`
	}{Bucket: c.bucket, Key: c.key, UploadID: u.id})
	return nil
}

func (c *call) partNumber() (int, error) {
	n, err := strconv.Atoi(c.query.Get("partNumber"))
	if err != nil || n < 1 || n > maxParts {
		return 0, invalidArgument(fmt.Sprintf("Part number must be an integer between 1 and %d, inclusive", maxParts))
	}
	return n, nil
}

func (c *call) uploadPart() error {
	number, err := c.partNumber()
	if err != nil {
		return err
	}
	if err := c.withUpload(func(*bucket, *upload) error { return nil }); err != nil {
		return err
	}
	body, got, err := c.store(maxPartSize)
	if err != nil {
		return err
	}
	p := part{etag: c.newETag(got.md5), md5: got.md5, checksum: got.checksum, blob: body, modified: c.s.opts.Now()}
	if err := c.keepPart(number, p); err != nil {
		return errors.Join(err, body.release())
	}
	c.encryption()
	if got.checksum.name != "" {
		c.w.Header().Set(checksumHeader+got.checksum.name, got.checksum.value)
	}
	c.w.Header().Set("ETag", c.etag(p.etag))
	return nil
}

// keepPart puts a part into the upload, in place of any of its number.
func (c *call) keepPart(number int, p part) error {
	return c.withUpload(func(_ *bucket, u *upload) error {
		// An upload that declared none takes parts with any; they are checked and not kept.
		if u.checksum != "" && p.checksum.name != u.checksum {
			return invalidRequest(fmt.Sprintf("Checksum Type mismatch occurred, expected checksum Type: %s, actual checksum Type: %s",
				u.checksum, cmp.Or(p.checksum.name, "null")))
		}
		var err error
		if old, ok := u.parts[number]; ok {
			err = old.blob.release()
		} else if c.s.objects >= c.s.opts.MaxObjects {
			return errQuotaExceeded
		} else {
			c.s.objects++
		}
		u.parts[number] = p
		return err
	})
}

type listedPart struct {
	PartNumber   int
	LastModified string
	ETag         string
	Size         int64
}

func (c *call) listParts() error {
	limit, after := c.s.opts.PageSize, 0
	for name, into := range map[string]*int{"max-parts": &limit, "part-number-marker": &after} {
		if raw := c.query.Get(name); raw != "" {
			n, err := strconv.Atoi(raw)
			if err != nil || n < 0 {
				return invalidArgument("Provided " + name + " not an integer or within integer range")
			}
			*into = n
		}
	}
	limit = min(limit, c.s.opts.PageSize)
	var out struct {
		XMLName              xml.Name `xml:"ListPartsResult"`
		Bucket, Key          string
		UploadID             string `xml:"UploadId"`
		PartNumberMarker     int
		NextPartNumberMarker int
		MaxParts             int
		IsTruncated          bool
		Part                 []listedPart
	}
	err := c.withUpload(func(_ *bucket, u *upload) error {
		out.Bucket, out.Key, out.UploadID, out.PartNumberMarker, out.MaxParts = c.bucket, c.key, u.id, after, limit
		for _, n := range slices.Sorted(maps.Keys(u.parts)) {
			if n <= after {
				continue
			}
			if len(out.Part) == limit {
				out.IsTruncated = limit > 0
				break
			}
			p := u.parts[n]
			out.Part = append(out.Part, listedPart{n, p.modified.UTC().Format(isoTime), p.etag, p.blob.size})
			out.NextPartNumberMarker = n
		}
		return nil
	})
	if err != nil {
		return err
	}
	c.reply(http.StatusOK, out)
	return nil
}

type completeDocument struct {
	XMLName xml.Name `xml:"CompleteMultipartUpload"`
	Part    []struct {
		PartNumber        int
		ETag              string
		ChecksumCRC32     string
		ChecksumCRC32C    string
		ChecksumCRC64NVME string
		ChecksumSHA1      string
		ChecksumSHA256    string
	}
}

func (c *call) completeUpload() error {
	var in completeDocument
	if err := c.decode(&in); err != nil {
		return err
	}
	if len(in.Part) == 0 || len(in.Part) > maxParts {
		return errMalformedXML
	}
	var v *version
	err := c.withUpload(func(b *bucket, u *upload) error {
		var err error
		if v, err = c.assemble(u, in); err != nil {
			return err
		}
		if err := c.place(b, v); err != nil {
			return errors.Join(err, v.content.release())
		}
		return c.s.forget(b, u)
	})
	if err != nil {
		return err
	}
	c.describeWrite(v)
	c.reply(http.StatusOK, struct {
		XMLName  xml.Name `xml:"CompleteMultipartUploadResult"`
		Location string
		Bucket   string
		Key      string
		ETag     string
	}{Location: c.r.URL.Path, Bucket: c.bucket, Key: c.key, ETag: c.etag(v.etag)})
	return nil
}

// assemble makes an object of the parts that the client lists.
func (c *call) assemble(u *upload, in completeDocument) (*version, error) {
	for i, listed := range in.Part[1:] {
		if listed.PartNumber <= in.Part[i].PartNumber {
			return nil, errInvalidPartOrder
		}
	}
	sum := newMD5()
	var chosen content
	for i, listed := range in.Part {
		p, ok := u.parts[listed.PartNumber]
		switch {
		case !ok, strings.Trim(listed.ETag, `"`) != strings.Trim(p.etag, `"`):
			return nil, errInvalidPart
		case i < len(in.Part)-1 && p.blob.size < minPartSize:
			return nil, errEntityTooSmall
		}
		sum.Write(p.md5)
		chosen = append(chosen, p.blob)
	}
	whole, err := c.wholeChecksum(u, in)
	if err != nil {
		return nil, err
	}
	etag := strings.Trim(c.newETag(sum.Sum(nil)), `"`)
	return &version{
		modified: c.s.opts.Now(), headers: u.headers, content: chosen.retain(),
		etag: fmt.Sprintf(`"%s-%d"`, etag, len(chosen)), checksum: whole,
	}, nil
}

func (c *call) abortUpload() error {
	err := c.withUpload(func(b *bucket, u *upload) error { return c.s.forget(b, u) })
	if err != nil {
		return err
	}
	c.w.WriteHeader(http.StatusNoContent)
	return nil
}
