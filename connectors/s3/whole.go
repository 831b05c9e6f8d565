package s3

import (
	"encoding"
	"encoding/hex"
	"fmt"
	"hash"

	"github.com/wedsync/wedsync/connectors"
)

// whole keeps digests over all parts of an upload, across restarts: the CRC-32C,
// which a store can check when it joins the parts, and one that was announced.
type whole struct {
	known connectors.Hashes
	sums  map[connectors.HashAlgorithm]hash.Hash
}

func newWhole(known connectors.Hashes) (*whole, error) {
	w := &whole{known: known, sums: map[connectors.HashAlgorithm]hash.Hash{}}
	algorithms := []connectors.HashAlgorithm{connectors.CRC32C}
	// One announced digest is proof enough; take the one that costs least.
	for _, a := range []connectors.HashAlgorithm{connectors.CRC32C, connectors.SHA256, connectors.SHA1, connectors.MD5} {
		if _, ok := known[a]; ok {
			algorithms = append(algorithms, a)
			break
		}
	}
	for _, a := range algorithms {
		sum, err := a.New()
		if err != nil {
			return nil, err
		}
		w.sums[a] = sum
	}
	return w, nil
}

// fork returns a copy, to add a part to that may yet fail.
func (w *whole) fork() (*whole, error) {
	forked := &whole{known: w.known, sums: map[connectors.HashAlgorithm]hash.Hash{}}
	for a, sum := range w.sums {
		cloner, ok := sum.(hash.Cloner)
		if !ok {
			return nil, fmt.Errorf("the state of %s cannot be copied", a)
		}
		clone, err := cloner.Clone()
		if err != nil {
			return nil, err
		}
		forked.sums[a] = clone
	}
	return forked, nil
}

// Write adds content. It never fails.
func (w *whole) Write(p []byte) (int, error) {
	for _, sum := range w.sums {
		sum.Write(p)
	}
	return len(p), nil
}

// digest is of everything written so far.
func (w *whole) digest(a connectors.HashAlgorithm) string {
	return hex.EncodeToString(w.sums[a].Sum(nil))
}

// differs names an announced digest that everything written does not have, or
// is "".
func (w *whole) differs() connectors.HashAlgorithm {
	for a := range w.sums {
		if want, ok := w.known[a]; ok && want != w.digest(a) {
			return a
		}
	}
	return ""
}

// save and restore carry the digests over a restart of the hub. A state holds no
// content: parts end where a block of each algorithm does.
func (w *whole) save() map[connectors.HashAlgorithm][]byte {
	states := map[connectors.HashAlgorithm][]byte{}
	for a, sum := range w.sums {
		if m, ok := sum.(encoding.BinaryMarshaler); ok {
			if state, err := m.MarshalBinary(); err == nil {
				states[a] = state
			}
		}
	}
	return states
}

// restore reports whether all digests go on where they were saved.
func (w *whole) restore(states map[connectors.HashAlgorithm][]byte) bool {
	for a, sum := range w.sums {
		u, ok := sum.(encoding.BinaryUnmarshaler)
		if !ok || u.UnmarshalBinary(states[a]) != nil {
			return false
		}
	}
	return true
}
