package transfer

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync"

	"github.com/wedsync/wedsync/connectors"
)

// store is one side of a sync: a folder of an opened connection.
type store struct {
	connectionID string
	folder       string
	conn         connectors.Connection

	mu sync.Mutex
	// broken is why nothing can be done at the store any more, full why nothing can
	// be written to it.
	broken, full error
	// away is why the store is held not to answer for now.
	away error
	// reports are the hashes that the store was seen to report.
	reports map[connectors.HashAlgorithm]bool
}

func newStore(connectionID, folder string, conn connectors.Connection) *store {
	return &store{connectionID: connectionID, folder: folder, conn: conn, reports: map[connectors.HashAlgorithm]bool{}}
}

// at returns where the store has what the sync calls path.
func (s *store) at(path string) string {
	if s.folder == "" {
		return path
	}
	return s.folder + "/" + path
}

// storeError tells which store an error came from.
type storeError struct {
	store *store
	err   error
}

func (e *storeError) Error() string { return e.err.Error() }
func (e *storeError) Unwrap() error { return e.err }

// blame notes that err came from the store and what it means for other files.
func (s *store) blame(err error) error {
	var known *storeError
	if err == nil || errors.As(err, &known) {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	switch connectors.KindOf(err) {
	case connectors.AuthRevoked, connectors.ScopeMissing:
		if s.broken == nil {
			s.broken = err
		}
	case connectors.QuotaFull:
		if s.full == nil {
			s.full = err
		}
	}
	return &storeError{store: s, err: err}
}

// usable returns the error that made the store unusable for all files, or nil.
func (s *store) usable(writing bool) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.broken != nil:
		return &storeError{store: s, err: s.broken}
	case s.away != nil:
		return &storeError{store: s, err: s.away}
	case writing && s.full != nil:
		return &storeError{store: s, err: s.full}
	}
	return nil
}

// leave notes that the store does not answer for now, and why.
func (s *store) leave(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.away == nil {
		s.away = err
	}
}

// isAway returns why the store is held not to answer, or nil.
func (s *store) isAway() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.away
}

// probe returns why the store does not answer, or nil if it does.
func (s *store) probe(ctx context.Context) error {
	if err := s.isAway(); err != nil {
		return err
	}
	if err := s.conn.Check(ctx); connectors.KindOf(err) == connectors.Transient {
		s.leave(s.blame(err))
	}
	return s.isAway()
}

// unsupported is the error for a role that the store does not play.
func (s *store) unsupported(op, path string) error {
	return s.blame(&connectors.Error{
		Kind: connectors.Unsupported, Op: op, Path: path,
		Err: fmt.Errorf("the store cannot %s", op),
	})
}

// learn remembers which hashes the store reports.
func (s *store) learn(o connectors.Object) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for a := range o.Hashes {
		s.reports[a] = true
	}
}

// algorithms are the hashes worth computing for the store: all of them as long as
// nothing is known of it.
func (s *store) algorithms() []connectors.HashAlgorithm {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.reports) == 0 {
		return allHashes()
	}
	out := []connectors.HashAlgorithm{connectors.SHA256}
	for a := range s.reports {
		if slices.Contains(allHashes(), a) && a != connectors.SHA256 {
			out = append(out, a)
		}
	}
	return out
}

func allHashes() []connectors.HashAlgorithm {
	return []connectors.HashAlgorithm{connectors.SHA256, connectors.SHA1, connectors.MD5, connectors.CRC32C}
}

func (s *store) sink(path string) (connectors.Sink, error) {
	if k, ok := s.conn.(connectors.Sink); ok {
		return k, nil
	}
	return nil, s.unsupported("write", path)
}

// stat describes what is at path; found is false if nothing is.
func (s *store) stat(ctx context.Context, path string) (o connectors.Object, found bool, err error) {
	src, ok := s.conn.(connectors.Source)
	if !ok {
		return o, false, s.unsupported("stat", path)
	}
	o, err = src.Stat(ctx, path)
	switch {
	case err == nil:
		return o, true, nil
	case connectors.Is(err, connectors.NotFound):
		return connectors.Object{}, false, nil
	}
	return connectors.Object{}, false, s.blame(err)
}

func (s *store) open(ctx context.Context, path, revision string) (io.ReadCloser, connectors.Object, error) {
	src, ok := s.conn.(connectors.Source)
	if !ok {
		return nil, connectors.Object{}, s.unsupported("open", path)
	}
	r, o, err := src.Open(ctx, path, 0, revision)
	return r, o, s.blame(err)
}

// hash reads the revision at path and returns its digests.
func (s *store) hash(ctx context.Context, path, revision string, algorithms ...connectors.HashAlgorithm) (sums connectors.Hashes, err error) {
	h, err := connectors.NewHasher(algorithms...)
	if err != nil {
		return nil, err
	}
	r, o, err := s.open(ctx, path, revision)
	if err != nil {
		return nil, err
	}
	defer func() {
		if cerr := r.Close(); err == nil {
			err = s.blame(cerr)
		}
	}()
	n, err := io.Copy(h, contextReader{ctx, r})
	if err != nil {
		return nil, s.blame(err)
	}
	if n != o.Size {
		return nil, s.blame(changed("open", path))
	}
	return h.Sums(), nil
}

// contextReader ends reading with its context.
type contextReader struct {
	ctx context.Context
	r   io.Reader
}

func (c contextReader) Read(p []byte) (int, error) {
	if err := c.ctx.Err(); err != nil {
		return 0, err
	}
	return c.r.Read(p)
}

// remove deletes exactly the revision. What is gone already is fine.
func (s *store) remove(ctx context.Context, path, revision string) error {
	d, ok := s.conn.(connectors.Deleter)
	if !ok {
		return s.unsupported("delete", path)
	}
	err := d.Delete(ctx, path, connectors.Expect{Revision: revision})
	if connectors.Is(err, connectors.NotFound) {
		return nil
	}
	return s.blame(err)
}

// changed is the error for content that is not what it was.
func changed(op, path string) error {
	return &connectors.Error{Kind: connectors.Conflict, Op: op, Path: path, Err: errors.New("the file is not what the plan saw")}
}
