package memory

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"io"

	"github.com/wedsync/wedsync/connectors"
)

// upload is what the store holds of an unfinished file.
type upload struct {
	path string
	size int64
	body bytes.Buffer
}

// session is one life's view of an upload.
type session struct {
	*store
	id     string
	up     connectors.Upload
	offset int64
}

// checkpoint is what Resume needs to find an upload again.
type checkpoint struct {
	Upload string `json:"upload"`
	Offset int64  `json:"offset"`
}

// Begin implements connectors.Sink.
func (c *connection) Begin(ctx context.Context, up connectors.Upload) (connectors.Session, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if err := c.checkName("begin", up.Path); err != nil {
		return nil, err
	}
	if up.Size < 0 {
		return nil, fail(connectors.Invalid, "begin", up.Path, "the size is negative")
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := c.meet("begin", up.Path, up.Expect); err != nil {
		return nil, err
	}
	s := &session{store: c.store, id: rand.Text(), up: up}
	c.uploads[s.id] = &upload{path: up.Path, size: up.Size}
	return s, nil
}

// Resume implements connectors.Sink.
func (c *connection) Resume(ctx context.Context, up connectors.Upload, data []byte) (connectors.Session, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	var cp checkpoint
	if err := json.Unmarshal(data, &cp); err != nil {
		return nil, fail(connectors.SessionExpired, "resume", up.Path, "the checkpoint is not readable")
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	held := c.uploads[cp.Upload]
	if held == nil || held.path != up.Path || held.size != up.Size {
		return nil, fail(connectors.SessionExpired, "resume", up.Path, "the store knows no such upload")
	}
	return &session{store: c.store, id: cp.Upload, up: up, offset: int64(held.body.Len())}, nil
}

func (s *session) Offset() int64   { return s.offset }
func (s *session) PartSize() int64 { return s.options.PartSize }

func (s *session) Checkpoint() []byte {
	// Marshalling two plain fields cannot fail.
	data, _ := json.Marshal(checkpoint{Upload: s.id, Offset: s.offset})
	return data
}

func (s *session) Write(ctx context.Context, r io.Reader, n int64) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := connectors.CheckPart(n, s.offset, s.up.Size, s.options.PartSize); err != nil {
		return err
	}
	var part bytes.Buffer
	if err := connectors.CopyPart(&part, r, n); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	held, err := s.held("write")
	if err != nil {
		return err
	}
	// bytes.Buffer.Write never fails.
	_, _ = held.body.Write(part.Bytes())
	s.offset += n
	return nil
}

// held returns the store's part of the upload, which another life may have
// finished, aborted or continued.
func (s *session) held(op string) (*upload, error) {
	held := s.uploads[s.id]
	if held == nil || int64(held.body.Len()) != s.offset {
		return nil, fail(connectors.SessionExpired, op, s.up.Path, "the upload was ended or continued elsewhere")
	}
	return held, nil
}

func (s *session) Commit(ctx context.Context) (connectors.Object, error) {
	if err := ctx.Err(); err != nil {
		return connectors.Object{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	held, err := s.held("commit")
	if err != nil {
		return connectors.Object{}, err
	}
	if s.offset != s.up.Size {
		return connectors.Object{}, fail(connectors.Invalid, "commit", s.up.Path, "the upload is not complete")
	}
	sums, err := s.verify(held.body.Bytes())
	if err != nil {
		return connectors.Object{}, err
	}
	if err := s.meet("commit", s.up.Path, s.up.Expect); err != nil {
		return connectors.Object{}, err
	}
	delete(s.uploads, s.id)
	obj := connectors.Object{Path: s.up.Path, ModTime: s.up.ModTime.UTC()}
	if !s.options.NoHashes {
		obj.Hashes = sums
	}
	return s.place(obj, held.body.Bytes()), nil
}

// verify compares the body with the hashes that came with the upload and returns
// those that the store reports.
func (s *session) verify(body []byte) (connectors.Hashes, error) {
	h, err := connectors.NewHasher(append(s.up.Hashes.Algorithms(), hashes()...)...)
	if err != nil {
		return nil, &connectors.Error{Kind: connectors.Invalid, Op: "commit", Path: s.up.Path, Err: err}
	}
	// Hasher.Write never fails.
	_, _ = h.Write(body)
	sums := h.Sums()
	if equal, known := sums.Match(s.up.Hashes); known && !equal {
		return nil, fail(connectors.Corrupt, "commit", s.up.Path, "the content does not match its hash")
	}
	out := connectors.Hashes{}
	for _, a := range hashes() {
		out[a] = sums[a]
	}
	return out, nil
}

func (s *session) Abort(context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.uploads, s.id)
	return nil
}
