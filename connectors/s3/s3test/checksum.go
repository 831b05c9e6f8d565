package s3test

import (
	"crypto/sha1"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"hash"
	"hash/crc32"
	"hash/crc64"
)

const checksumHeader = "X-Amz-Checksum-"

// checksum is one of S3's additional checksums.
type checksum struct {
	// name is that of the header without its prefix, in lower case; "" for none.
	name string
	// value as the headers spell it.
	value string
	// composite: it is over the checksums of an object's parts.
	composite bool
}

func newChecksum(name string) hash.Hash {
	switch name {
	case "crc32":
		return crc32.NewIEEE()
	case "crc32c":
		return crc32.New(crc32.MakeTable(crc32.Castagnoli))
	case "crc64nvme":
		return crc64.New(crc64.MakeTable(0x9a6c9329ac4bc9b5))
	case "sha1":
		return sha1.New()
	case "sha256":
		return sha256.New()
	}
	return nil
}

// announce sets the headers that tell of an object's checksum.
func (c *call) announce(sum checksum) {
	if sum.name == "" {
		return
	}
	kind := "FULL_OBJECT"
	if sum.composite {
		kind = "COMPOSITE"
	}
	c.w.Header().Set(checksumHeader+sum.name, sum.value)
	c.w.Header().Set("X-Amz-Checksum-Type", kind)
}

// wholeChecksum makes an upload's checksum from those of its parts and compares
// it with what the client expects.
func (c *call) wholeChecksum(u *upload, in completeDocument) (checksum, error) {
	if u.checksum == "" {
		return checksum{}, nil
	}
	whole := checksum{name: u.checksum, composite: !u.fullObject}
	var crc uint32
	parts := newChecksum(u.checksum)
	for _, listed := range in.Part {
		p := u.parts[listed.PartNumber]
		raw, err := base64.StdEncoding.DecodeString(p.checksum.value)
		if err != nil || len(raw) < 4 {
			return checksum{}, errInternal
		}
		given := listed.ChecksumCRC32 + listed.ChecksumCRC32C + listed.ChecksumCRC64NVME + listed.ChecksumSHA1 + listed.ChecksumSHA256
		switch {
		case given == "" && !u.fullObject:
			return checksum{}, invalidRequest("The upload was created using a " + u.checksum + " checksum. The complete request must include the checksum for each part.")
		case given != "" && given != p.checksum.value:
			return checksum{}, errInvalidPart
		}
		parts.Write(raw)
		crc = joinCRC32C(crc, binary.BigEndian.Uint32(raw), p.blob.size)
	}
	if u.fullObject {
		whole.value = base64.StdEncoding.EncodeToString(binary.BigEndian.AppendUint32(nil, crc))
	} else {
		whole.value = fmt.Sprintf("%s-%d", base64.StdEncoding.EncodeToString(parts.Sum(nil)), len(in.Part))
	}
	if want := c.r.Header.Get(checksumHeader + u.checksum); want != "" && want != whole.value {
		return checksum{}, errChecksumMismatch
	}
	return whole, nil
}

// joinCRC32C is the CRC-32C of one content behind another, of which only the
// checksums and the second one's length are known. To append n zero bytes to a
// content multiplies its CRC by x^8n modulo the polynomial; the rest is linear.
func joinCRC32C(first, second uint32, n int64) uint32 {
	// Bits are reflected: the highest one stands for x^0.
	factor, power := uint32(1)<<31, uint32(1)<<23
	for ; n > 0; n >>= 1 {
		if n&1 == 1 {
			factor = multiplyCRC32C(factor, power)
		}
		power = multiplyCRC32C(power, power)
	}
	return multiplyCRC32C(first, factor) ^ second
}

// multiplyCRC32C multiplies two polynomials modulo Castagnoli's.
func multiplyCRC32C(a, b uint32) uint32 {
	var product uint32
	for ; b != 0; b <<= 1 {
		if b>>31 == 1 {
			product ^= a
		}
		low := a & 1
		a >>= 1
		if low == 1 {
			a ^= crc32.Castagnoli
		}
	}
	return product
}
