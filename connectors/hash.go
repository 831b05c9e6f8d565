package connectors

import (
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
	"hash/crc32"
	"maps"
	"slices"
)

// HashAlgorithm names a digest as vendors report it.
type HashAlgorithm string

const (
	// SHA256 is the hub's own content hash.
	SHA256 HashAlgorithm = "SHA256"
	SHA1   HashAlgorithm = "SHA1"
	MD5    HashAlgorithm = "MD5"
	// CRC32C is CRC-32 with the Castagnoli polynomial, big-endian.
	CRC32C HashAlgorithm = "CRC32C"
)

// Hashes maps an algorithm to the digest in lower-case hexadecimal.
type Hashes map[HashAlgorithm]string

// Match compares the digests that both sides know. known is false if they have
// none in common, which proves nothing either way.
func (h Hashes) Match(other Hashes) (equal, known bool) {
	for a, digest := range h {
		theirs, ok := other[a]
		if !ok {
			continue
		}
		if digest != theirs {
			return false, true
		}
		known = true
	}
	return known, known
}

// New returns a fresh hash function for the algorithm.
func (a HashAlgorithm) New() (hash.Hash, error) {
	switch a {
	case SHA256:
		return sha256.New(), nil
	case SHA1:
		return sha1.New(), nil
	case MD5:
		return md5.New(), nil
	case CRC32C:
		return crc32.New(crc32.MakeTable(crc32.Castagnoli)), nil
	}
	return nil, fmt.Errorf("unknown hash algorithm %q", string(a))
}

// Hasher computes several digests in one pass. It is an io.Writer.
type Hasher struct{ sums map[HashAlgorithm]hash.Hash }

// NewHasher returns a Hasher for the given algorithms; doubles are harmless.
func NewHasher(algorithms ...HashAlgorithm) (*Hasher, error) {
	h := &Hasher{sums: make(map[HashAlgorithm]hash.Hash, len(algorithms))}
	for _, a := range algorithms {
		if _, ok := h.sums[a]; ok {
			continue
		}
		sum, err := a.New()
		if err != nil {
			return nil, err
		}
		h.sums[a] = sum
	}
	return h, nil
}

// Write adds p to every digest; it never fails.
func (h *Hasher) Write(p []byte) (int, error) {
	for _, sum := range h.sums {
		sum.Write(p)
	}
	return len(p), nil
}

// Sums returns the digests of everything written so far.
func (h *Hasher) Sums() Hashes {
	out := make(Hashes, len(h.sums))
	for a, sum := range h.sums {
		out[a] = hex.EncodeToString(sum.Sum(nil))
	}
	return out
}

// Algorithms lists the algorithms of h in a stable order.
func (h Hashes) Algorithms() []HashAlgorithm { return slices.Sorted(maps.Keys(h)) }
