package s3

import (
	"encoding/base64"
	"encoding/hex"

	"github.com/wedsync/wedsync/connectors"
)

// proof is what comparing the store's answer with what was sent comes to.
type proof struct {
	// wrong names the digest that differs, or is "".
	wrong connectors.HashAlgorithm
	// hashes are those that the store confirmed; none if it gave nothing to go by.
	hashes connectors.Hashes
}

// prove compares what the store says of content that it took with the bytes that
// were sent.
func (c *conn) prove(sent *body, got facts) proof {
	p := proof{hashes: connectors.Hashes{}}
	if etag := revision(got.etag); c.etagIsMD5(etag, got.encryption, got.customerKey) {
		p.compare(connectors.MD5, etag, hex.EncodeToString(sent.md5.Sum(nil)))
	}
	theirs := connectors.Hashes{}
	setDigest(theirs, connectors.CRC32C, got.crc32c, 4)
	if digest, ok := theirs[connectors.CRC32C]; ok {
		p.compare(connectors.CRC32C, digest, hex.EncodeToString(sent.crc32c.Sum(nil)))
	}
	return p
}

// announced compares also with a digest that was known beforehand and that the
// store was asked to check.
func (p *proof) announced(known connectors.Hashes, got facts) {
	theirs := connectors.Hashes{}
	setDigest(theirs, connectors.SHA256, got.sha256, 32)
	for a, digest := range theirs {
		if ours, ok := known[a]; ok {
			p.compare(a, digest, ours)
		}
	}
}

func (p *proof) compare(a connectors.HashAlgorithm, theirs, ours string) {
	p.hashes[a] = theirs
	if theirs != ours {
		p.wrong = a
	}
}

// encodeDigest gives a hexadecimal digest the form of S3's headers; nil if there
// is none.
func encodeDigest(h connectors.Hashes, a connectors.HashAlgorithm) *string {
	raw, err := hex.DecodeString(h[a])
	if err != nil || len(raw) == 0 {
		return nil
	}
	return ptr(base64.StdEncoding.EncodeToString(raw))
}
