package s3

import (
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"path"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/wedsync/wedsync/connectors"
)

// Keys of the metadata that travels with an object.
const (
	// metaModTime holds seconds since 1970 with a fraction, as rclone keeps them.
	metaModTime = "mtime"
	// metaSHA256 holds the content's hash for people and programs that look. It is
	// nobody's proof and never becomes an entry of Object.Hashes.
	metaSHA256 = "sha256"
	// metaUpload identifies the session that wrote the object, so that a session
	// whose answer was lost recognizes its own work.
	metaUpload = "wedsync-upload"
)

// facts are what a store tells about an object, as far as the request asks.
type facts struct {
	etag, version *string
	size          int64
	modified      *time.Time
	metadata      map[string]string
	encryption    types.ServerSideEncryption
	// customerKey is set if the request brought its own encryption key.
	customerKey *string
	// Checksums that the store verified, base64 as it spells them.
	checksumType   types.ChecksumType
	sha256, crc32c *string
}

// object describes the file at p.
func (c *conn) object(p string, f facts) connectors.Object {
	o := connectors.Object{
		Path:     p,
		Size:     f.size,
		ModTime:  value(f.modified),
		Revision: revision(f.etag),
		Version:  value(f.version),
		Hashes:   connectors.Hashes{},
	}
	if t, ok := parseModTime(f.metadata[metaModTime]); ok {
		o.ModTime = t
	}
	if c.etagIsMD5(o.Revision, f.encryption, f.customerKey) {
		o.Hashes[connectors.MD5] = o.Revision
	}
	if f.checksumType != types.ChecksumTypeComposite {
		setDigest(o.Hashes, connectors.SHA256, f.sha256, 32)
		setDigest(o.Hashes, connectors.CRC32C, f.crc32c, 4)
	}
	return o
}

// setDigest takes over a checksum that the store verified. Checksums of parts'
// checksums carry a count ("…-3") and are no digest of the content.
func setDigest(h connectors.Hashes, a connectors.HashAlgorithm, encoded *string, size int) {
	raw, err := base64.StdEncoding.DecodeString(value(encoded))
	if err == nil && len(raw) == size {
		h[a] = hex.EncodeToString(raw)
	}
}

// revision is the ETag without its quotes.
func revision(etag *string) string {
	return strings.Trim(strings.TrimPrefix(value(etag), "W/"), `"`)
}

// quoted is a revision as a precondition header spells it.
func quoted(revision string) *string { return ptr(`"` + revision + `"`) }

// etagIsMD5 reports whether the ETag is the MD5 of the content: not for objects
// of several parts, nor for those encrypted with a key of the customer's.
func (c *conn) etagIsMD5(etag string, sse types.ServerSideEncryption, customerKey *string) bool {
	plain := sse == "" || sse == types.ServerSideEncryptionAes256
	return plain && value(customerKey) == "" && !c.randomETags && isMD5(etag)
}

func isMD5(s string) bool {
	if len(s) != 32 {
		return false
	}
	for _, b := range []byte(s) {
		if (b < '0' || b > '9') && (b < 'a' || b > 'f') {
			return false
		}
	}
	return true
}

// metadata is what is stored with a new object.
func metadata(up connectors.Upload, session string) map[string]string {
	m := map[string]string{metaUpload: session}
	if !up.ModTime.IsZero() {
		m[metaModTime] = formatModTime(up.ModTime)
	}
	if digest, ok := up.Hashes[connectors.SHA256]; ok {
		m[metaSHA256] = digest
	}
	return m
}

func formatModTime(t time.Time) string {
	seconds, nanos := t.Unix(), int64(t.Nanosecond())
	sign := ""
	if seconds < 0 {
		// The fraction counts away from zero in the text, but upwards in Time.
		sign = "-"
		seconds = -seconds
		if nanos > 0 {
			seconds, nanos = seconds-1, int64(time.Second)-nanos
		}
	}
	if nanos == 0 {
		return fmt.Sprintf("%s%d", sign, seconds)
	}
	return strings.TrimRight(fmt.Sprintf("%s%d.%09d", sign, seconds, nanos), "0")
}

// parseModTime reads what formatModTime, rclone or another program wrote.
func parseModTime(s string) (time.Time, bool) {
	whole, fraction, _ := strings.Cut(s, ".")
	whole, negative := strings.CutPrefix(whole, "-")
	seconds, err := strconv.ParseUint(whole, 10, 40)
	if err != nil {
		return time.Time{}, false
	}
	var nanos uint64
	if fraction != "" {
		digits := (fraction + "000000000")[:9]
		if nanos, err = strconv.ParseUint(digits, 10, 32); err != nil {
			return time.Time{}, false
		}
	}
	if negative {
		return time.Unix(-int64(seconds), -int64(nanos)).UTC(), true
	}
	return time.Unix(int64(seconds), int64(nanos)).UTC(), true
}

// contentType is the media type that browsers need to show a file. Only types
// whose meaning is settled are given.
func contentType(p string) string {
	switch strings.ToLower(path.Ext(p)) {
	case ".jpg", ".jpeg":
		return "image/jpeg"
	case ".png":
		return "image/png"
	case ".gif":
		return "image/gif"
	case ".webp":
		return "image/webp"
	case ".avif":
		return "image/avif"
	case ".heic":
		return "image/heic"
	case ".heif":
		return "image/heif"
	case ".tif", ".tiff":
		return "image/tiff"
	case ".dng":
		return "image/x-adobe-dng"
	case ".cr2", ".cr3":
		return "image/x-canon-" + strings.ToLower(path.Ext(p))[1:]
	case ".nef":
		return "image/x-nikon-nef"
	case ".arw":
		return "image/x-sony-arw"
	case ".xmp":
		return "application/rdf+xml"
	case ".mp4", ".m4v":
		return "video/mp4"
	case ".mov":
		return "video/quicktime"
	case ".pdf":
		return "application/pdf"
	case ".json":
		return "application/json"
	case ".txt":
		return "text/plain; charset=utf-8"
	case ".csv":
		return "text/csv; charset=utf-8"
	case ".zip":
		return "application/zip"
	}
	return "application/octet-stream"
}
