package s3test

import (
	"encoding/base64"
	"encoding/xml"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

type listedObject struct {
	Key          string
	LastModified string
	ETag         string
	Size         int64
	StorageClass string
}

type commonPrefix struct{ Prefix string }

type listing struct {
	XMLName               xml.Name `xml:"ListBucketResult"`
	Name                  string
	Prefix                string
	Delimiter             string `xml:",omitempty"`
	StartAfter            string `xml:",omitempty"`
	EncodingType          string `xml:",omitempty"`
	ContinuationToken     string `xml:",omitempty"`
	NextContinuationToken string `xml:",omitempty"`
	MaxKeys               int
	KeyCount              int
	IsTruncated           bool
	Contents              []listedObject
	CommonPrefixes        []commonPrefix
}

// page reads the parameters that all listings share.
func (c *call) page() (limit int, spell func(string) string, err error) {
	limit = c.s.opts.PageSize
	if raw := c.query.Get("max-keys"); raw != "" {
		asked, err := strconv.Atoi(raw)
		if err != nil || asked < 0 {
			return 0, nil, invalidArgument("Provided max-keys not an integer or within integer range")
		}
		limit = min(limit, asked)
	}
	switch c.query.Get("encoding-type") {
	case "":
		return limit, func(s string) string { return s }, nil
	case "url":
		return limit, encodeKey, nil
	}
	return 0, nil, invalidArgument("Invalid Encoding Method specified in Request")
}

// encodeKey spells a key as listings with encoding-type=url do.
func encodeKey(s string) string { return strings.ReplaceAll(url.QueryEscape(s), "%2F", "/") }

func (c *call) listObjects() error {
	if c.query.Get("list-type") != "2" {
		return errNotImplemented
	}
	limit, spell, err := c.page()
	if err != nil {
		return err
	}
	token, after := c.query.Get("continuation-token"), c.query.Get("start-after")
	if c.query.Has("continuation-token") {
		raw, err := base64.RawURLEncoding.DecodeString(token)
		if err != nil || len(raw) == 0 {
			return invalidArgument("The continuation token provided is incorrect")
		}
		after = string(raw)
	}
	prefix, delimiter := c.query.Get("prefix"), c.query.Get("delimiter")
	out := listing{
		Name: c.bucket, Prefix: spell(prefix), Delimiter: spell(delimiter), StartAfter: spell(c.query.Get("start-after")),
		EncodingType: c.query.Get("encoding-type"), ContinuationToken: token, MaxKeys: limit,
	}
	err = c.with(func(b *bucket) error {
		last := ""
		for e := range b.entries(prefix, delimiter, after) {
			if out.KeyCount == limit {
				out.IsTruncated = limit > 0
				break
			}
			out.KeyCount++
			last = e.last
			if e.object == nil {
				out.CommonPrefixes = append(out.CommonPrefixes, commonPrefix{spell(e.name)})
				continue
			}
			out.Contents = append(out.Contents, listedObject{
				Key: spell(e.name), LastModified: e.object.modified.UTC().Format(isoTime),
				ETag: e.object.etag, Size: e.object.content.size(), StorageClass: "STANDARD",
			})
		}
		if out.IsTruncated {
			out.NextContinuationToken = base64.RawURLEncoding.EncodeToString([]byte(last))
		}
		return nil
	})
	if err != nil {
		return err
	}
	c.reply(http.StatusOK, out)
	return nil
}

// entry is an object, or a prefix that several share up to the delimiter.
type entry struct {
	name   string
	object *version
	// last is after which key the listing goes on.
	last string
}

// entries yields what a listing shows, in order, after a key.
func (b *bucket) entries(prefix, delimiter, after string) func(func(entry) bool) {
	return func(yield func(entry) bool) {
		at, _ := slices.BinarySearch(b.keys, max(prefix, after))
		for at < len(b.keys) && strings.HasPrefix(b.keys[at], prefix) {
			key := b.keys[at]
			at++
			v := b.current(key)
			if key <= after || v == nil {
				continue
			}
			e := entry{name: key, object: v, last: key}
			if i := strings.Index(key[len(prefix):], delimiter); delimiter != "" && i >= 0 {
				shared := key[:len(prefix)+i+len(delimiter)]
				for at < len(b.keys) && strings.HasPrefix(b.keys[at], shared) {
					at++
				}
				e = entry{name: shared, last: b.keys[at-1]}
			}
			if !yield(e) {
				return
			}
		}
	}
}

type listedVersion struct {
	XMLName      xml.Name
	Key          string
	VersionID    string `xml:"VersionId"`
	IsLatest     bool
	LastModified string
	ETag         string `xml:",omitempty"`
	Size         *int64 `xml:",omitempty"`
	StorageClass string `xml:",omitempty"`
}

func (c *call) listVersions() error {
	limit, spell, err := c.page()
	if err != nil {
		return err
	}
	prefix, keyMarker, idMarker := c.query.Get("prefix"), c.query.Get("key-marker"), c.query.Get("version-id-marker")
	if c.query.Has("delimiter") {
		return errNotImplemented
	}
	if idMarker != "" && keyMarker == "" {
		return invalidArgument("A version-id marker cannot be specified without a key marker.")
	}
	var out struct {
		XMLName             xml.Name `xml:"ListVersionsResult"`
		Name, Prefix        string
		KeyMarker           string
		VersionIDMarker     string `xml:"VersionIdMarker"`
		NextKeyMarker       string `xml:",omitempty"`
		NextVersionIDMarker string `xml:"NextVersionIdMarker,omitempty"`
		EncodingType        string `xml:",omitempty"`
		MaxKeys             int
		IsTruncated         bool
		Entries             []listedVersion
	}
	out.Name, out.Prefix, out.KeyMarker, out.VersionIDMarker = c.bucket, spell(prefix), spell(keyMarker), idMarker
	out.EncodingType, out.MaxKeys = c.query.Get("encoding-type"), limit
	err = c.with(func(b *bucket) error {
		for key, v := range b.history(prefix, keyMarker, idMarker) {
			if len(out.Entries) == limit {
				out.IsTruncated = limit > 0
				break
			}
			all := b.objects[key]
			e := listedVersion{
				XMLName: xml.Name{Local: "Version"}, Key: spell(key), VersionID: v.id, IsLatest: v == all[len(all)-1],
				LastModified: v.modified.UTC().Format(isoTime), ETag: v.etag, StorageClass: "STANDARD",
			}
			if v.deleted {
				e.XMLName.Local, e.StorageClass = "DeleteMarker", ""
			} else {
				size := v.content.size()
				e.Size = &size
			}
			out.NextKeyMarker, out.NextVersionIDMarker = spell(key), v.id
			out.Entries = append(out.Entries, e)
		}
		if !out.IsTruncated {
			out.NextKeyMarker, out.NextVersionIDMarker = "", ""
		}
		return nil
	})
	if err != nil {
		return err
	}
	c.reply(http.StatusOK, out)
	return nil
}

// history yields versions by key and, within a key, newest first, after the
// marked one.
func (b *bucket) history(prefix, keyMarker, idMarker string) func(func(string, *version) bool) {
	return func(yield func(string, *version) bool) {
		at, _ := slices.BinarySearch(b.keys, max(prefix, keyMarker))
		for _, key := range b.keys[at:] {
			if !strings.HasPrefix(key, prefix) {
				return
			}
			if key == keyMarker && idMarker == "" {
				continue
			}
			passed := key != keyMarker
			for _, v := range slices.Backward(b.objects[key]) {
				if passed && !yield(key, v) {
					return
				}
				passed = passed || v.id == idMarker
			}
		}
	}
}
