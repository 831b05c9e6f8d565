package s3

import (
	"encoding"
	"encoding/hex"
	"errors"
	"hash"

	"github.com/wedsync/wedsync/connectors"
)

// announced checks, across all parts of an upload and across restarts, that the
// whole content has the digest that was given beforehand. S3 checks parts only.
type announced struct {
	algorithm connectors.HashAlgorithm
	want      string
	sum       hash.Hash
}

// announcedIn picks the digest that costs least to compute; nil if none is known.
func announcedIn(known connectors.Hashes) *announced {
	for _, a := range []connectors.HashAlgorithm{connectors.CRC32C, connectors.SHA256, connectors.SHA1, connectors.MD5} {
		want, ok := known[a]
		if !ok {
			continue
		}
		if sum, err := a.New(); err == nil {
			return &announced{algorithm: a, want: want, sum: sum}
		}
	}
	return nil
}

// fork returns a copy to add a part to that may yet fail; nil for nil.
func (a *announced) fork() (*announced, error) {
	if a == nil {
		return nil, nil
	}
	cloner, ok := a.sum.(hash.Cloner)
	if !ok {
		return nil, errors.New("this digest cannot be copied")
	}
	sum, err := cloner.Clone()
	if err != nil {
		return nil, err
	}
	return &announced{algorithm: a.algorithm, want: a.want, sum: sum}, nil
}

// Write adds content. It never fails.
func (a *announced) Write(p []byte) (int, error) {
	if a == nil {
		return len(p), nil
	}
	return a.sum.Write(p)
}

// holds reports whether everything written has the announced digest.
func (a *announced) holds() bool {
	return a == nil || hex.EncodeToString(a.sum.Sum(nil)) == a.want
}

// save and restore carry the digest over a restart of the hub.
func (a *announced) save() (connectors.HashAlgorithm, []byte) {
	if a == nil {
		return "", nil
	}
	m, ok := a.sum.(encoding.BinaryMarshaler)
	if !ok {
		return "", nil
	}
	state, err := m.MarshalBinary()
	if err != nil {
		return "", nil
	}
	return a.algorithm, state
}

func (a *announced) restore(algorithm connectors.HashAlgorithm, state []byte) bool {
	if a == nil {
		return true
	}
	u, ok := a.sum.(encoding.BinaryUnmarshaler)
	return ok && algorithm == a.algorithm && u.UnmarshalBinary(state) == nil
}
