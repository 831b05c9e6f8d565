package s3test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"sync/atomic"
)

// blobStore keeps contents: in files, in memory, or not at all.
type blobStore struct {
	dir      string
	discard  bool
	capacity int64 // atomic
	used     int64 // atomic
}

// blob is one immutable content. It goes away with its last reference.
type blob struct {
	store *blobStore
	size  int64
	refs  atomic.Int64
	path  string
	data  []byte
}

// blobWriter takes in a content. Exactly one of keep and drop ends it.
type blobWriter struct {
	store *blobStore
	file  *os.File
	data  bytes.Buffer
	size  int64
}

func (s *blobStore) create() (*blobWriter, error) {
	w := &blobWriter{store: s}
	if s.dir == "" || s.discard {
		return w, nil
	}
	f, err := os.CreateTemp(s.dir, "content-*")
	if err != nil {
		return nil, fmt.Errorf("s3test: %w", err)
	}
	w.file = f
	return w, nil
}

// Write implements io.Writer. It fails with the store's answer when there is no
// room.
func (w *blobWriter) Write(p []byte) (int, error) {
	w.size += int64(len(p))
	if atomic.AddInt64(&w.store.used, int64(len(p))) > atomic.LoadInt64(&w.store.capacity) {
		return 0, errQuotaExceeded
	}
	switch {
	case w.store.discard:
		return len(p), nil
	case w.file != nil:
		return w.file.Write(p)
	}
	return w.data.Write(p)
}

// keep ends the writing and returns the content with one reference.
func (w *blobWriter) keep() (*blob, error) {
	b := &blob{store: w.store, size: w.size, data: w.data.Bytes()}
	b.refs.Store(1)
	if w.file != nil {
		b.path = w.file.Name()
		if err := w.file.Close(); err != nil {
			return nil, errors.Join(fmt.Errorf("s3test: %w", err), b.release())
		}
	}
	return b, nil
}

// drop ends the writing and forgets the content.
func (w *blobWriter) drop() error {
	atomic.AddInt64(&w.store.used, -w.size)
	if w.file == nil {
		return nil
	}
	return errors.Join(w.file.Close(), os.Remove(w.file.Name()))
}

func (b *blob) retain() *blob {
	b.refs.Add(1)
	return b
}

func (b *blob) release() error {
	if b.refs.Add(-1) > 0 {
		return nil
	}
	atomic.AddInt64(&b.store.used, -b.size)
	if b.path == "" {
		return nil
	}
	return os.Remove(b.path)
}

// open reads n bytes from offset on.
func (b *blob) open(offset, n int64) (io.ReadCloser, error) {
	switch {
	case b.store.discard:
		return io.NopCloser(io.LimitReader(zeros{}, n)), nil
	case b.path == "":
		return io.NopCloser(bytes.NewReader(b.data[offset : offset+n])), nil
	}
	f, err := os.Open(b.path)
	if err != nil {
		return nil, fmt.Errorf("s3test: %w", err)
	}
	return struct {
		io.Reader
		io.Closer
	}{io.NewSectionReader(f, offset, n), f}, nil
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}

// content is what an object holds: one blob, or those of its parts.
type content []*blob

func (c content) size() int64 {
	var n int64
	for _, b := range c {
		n += b.size
	}
	return n
}

func (c content) retain() content {
	for _, b := range c {
		b.retain()
	}
	return c
}

func (c content) release() error {
	var err error
	for _, b := range c {
		err = errors.Join(err, b.release())
	}
	return err
}

// copyTo writes n bytes from offset on to w.
func (c content) copyTo(w io.Writer, offset, n int64) error {
	for _, b := range c {
		if offset >= b.size {
			offset -= b.size
			continue
		}
		span := min(n, b.size-offset)
		if span == 0 {
			return nil
		}
		r, err := b.open(offset, span)
		if err != nil {
			return err
		}
		_, err = io.Copy(w, r)
		if err := errors.Join(err, r.Close()); err != nil {
			return err
		}
		offset, n = 0, n-span
	}
	return nil
}
