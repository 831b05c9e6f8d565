package s3

import (
	"crypto/md5"
	"errors"
	"fmt"
	"hash"
	"hash/crc32"
	"io"
	"sync"

	"github.com/wedsync/wedsync/connectors"
)

// body is the content of one upload request: exactly n bytes of a reader, with
// their digests. A shorter reader fails before the request can be complete, and
// so does, at the end of a file, a longer one.
type body struct {
	mu   sync.Mutex
	from io.Reader
	left int64
	// last: nothing may follow the n bytes.
	last   bool
	md5    hash.Hash
	crc32c hash.Hash
	// whole gets the content too, if it is not nil.
	whole io.Writer
	err   error
}

func newBody(r io.Reader, n int64) *body {
	return &body{from: r, left: n, md5: md5.New(), crc32c: crc32.New(crc32.MakeTable(crc32.Castagnoli))}
}

// Read implements io.Reader for the HTTP transport.
func (b *body) Read(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch {
	case b.err != nil:
		return 0, b.err
	case b.left == 0:
		return 0, io.EOF
	case int64(len(p)) > b.left:
		p = p[:b.left]
	}
	n, err := b.from.Read(p)
	b.left -= int64(n)
	switch {
	case b.left == 0:
		// What completes the request is given out only once all is well.
		err = b.nothingFollows(err)
	case err == io.EOF:
		err = &connectors.Error{Kind: connectors.Corrupt, Op: "write",
			Err: fmt.Errorf("the content ended %d bytes early: %w", b.left, io.ErrUnexpectedEOF)}
	}
	if err != nil {
		b.err = err
		return 0, err
	}
	b.md5.Write(p[:n])
	b.crc32c.Write(p[:n])
	if b.whole != nil {
		// Digests never fail.
		_, _ = b.whole.Write(p[:n])
	}
	return n, nil
}

// nothingFollows looks beyond the last byte of the file; err is what came with
// that byte.
func (b *body) nothingFollows(err error) error {
	if err == io.EOF || err == nil && !b.last {
		return nil
	}
	if err != nil {
		return err
	}
	var beyond [1]byte
	switch n, err := io.ReadFull(b.from, beyond[:]); {
	case n > 0:
		return &connectors.Error{Kind: connectors.Corrupt, Op: "write",
			Err: errors.New("the content is longer than announced")}
	case err != io.EOF:
		return err
	}
	return nil
}

// stop ends all reading. The transport may go on reading after it returned an
// answer; after stop it no longer touches the caller's reader. It returns what
// the caller's reader failed with, if it did.
func (b *body) stop() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	failed := b.err
	if failed == nil {
		b.err = errStopped
	}
	return failed
}

var errStopped = errors.New("the request is over")
