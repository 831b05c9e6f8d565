package s3

import (
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"

	"github.com/wedsync/wedsync/connectors"
)

// proof is what comparing the store's answer with what was sent comes to.
type proof struct {
	// wrong names the digest that differs, or is "".
	wrong string
	// hashes are those that the store confirmed; none if it gave nothing to go by.
	hashes connectors.Hashes
	// checked: some digest was compared and was right.
	checked bool
}

// prove compares what the store says of content that it took with the bytes that
// were sent and with the digests known beforehand, which it was asked to check.
func (c *conn) prove(sent *body, known connectors.Hashes, got facts) proof {
	p := proof{hashes: connectors.Hashes{}}
	if etag := revision(got.etag); c.etagIsMD5(etag, got.encryption, got.customerKey) {
		p.compare("MD5", etag, hex.EncodeToString(sent.md5.Sum(nil)))
		p.hashes[connectors.MD5] = etag
	}
	if got.crc64 != nil && sent.crc64 != nil {
		p.compare("CRC64NVME", *got.crc64, base64.StdEncoding.EncodeToString(binary.BigEndian.AppendUint64(nil, sent.crc64.Sum64())))
	}
	theirs := connectors.Hashes{}
	setDigest(theirs, connectors.SHA256, got.sha256, 32)
	setDigest(theirs, connectors.CRC32C, got.crc32c, 4)
	for algorithm, digest := range theirs {
		if ours, ok := known[algorithm]; ok {
			p.compare(string(algorithm), digest, ours)
			p.hashes[algorithm] = digest
		}
	}
	return p
}

func (p *proof) compare(name, theirs, ours string) {
	p.checked = true
	if theirs != ours {
		p.wrong = name
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
