package local

import (
	"context"
	"crypto/rand"
	"errors"
	"io"
	"io/fs"
	"os"
	"path"
	"strings"
	"time"

	"github.com/wedsync/wedsync/connectors"
)

const (
	// uploadsFolder is where files grow until they are whole.
	uploadsFolder = connectors.HubFolder + "/uploads"
	// uploadsLive is how long an unfinished upload is kept after its last byte.
	uploadsLive = 7 * 24 * time.Hour
	partSize    = 4 << 20
)

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
	if err := c.meet("begin", up.Path, up.Expect); err != nil {
		return nil, err
	}
	s := &session{connection: c, up: up, temp: rand.Text()}
	var err error
	if s.hasher, err = s.newHasher(); err != nil {
		return nil, err
	}
	if s.f, err = c.createTemp(s.temp); err != nil {
		return nil, classify("begin", up.Path, err)
	}
	return s, nil
}

func (c *connection) createTemp(name string) (*os.File, error) {
	dir, err := c.makeFolder(uploadsFolder)
	if err != nil {
		return nil, err
	}
	defer dir.Close()
	return dir.OpenFile(name, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o666)
}

// Resume implements connectors.Sink. What the file holds counts only as far as
// its checksum is the one in the checkpoint: after a power cut there may be
// zeros where bytes were.
func (c *connection) Resume(ctx context.Context, up connectors.Upload, data []byte) (connectors.Session, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	expired := func(why string) error { return fail(connectors.SessionExpired, "resume", up.Path, why) }
	cp, err := parseCheckpoint(data)
	if err != nil || cp.Path != up.Path || cp.Size != up.Size {
		return nil, expired("the checkpoint does not belong to this upload")
	}
	dir, err := c.openFolder(uploadsFolder)
	if err != nil {
		return nil, expired("the unfinished file is gone")
	}
	defer dir.Close()
	if info, err := dir.Lstat(cp.Temp); err != nil || !info.Mode().IsRegular() || info.Size() < cp.Offset {
		return nil, expired("the unfinished file is gone or shorter than it was")
	}
	f, err := dir.OpenFile(cp.Temp, os.O_RDWR, 0)
	if err != nil {
		return nil, classify("resume", up.Path, err)
	}
	s := &session{connection: c, up: up, temp: cp.Temp, f: f, offset: cp.Offset}
	if err := s.rehash(); err != nil {
		return nil, errors.Join(classify("resume", up.Path, err), f.Close())
	}
	if s.checksum() != cp.Checksum {
		return nil, errors.Join(expired("the unfinished file is damaged"), f.Close())
	}
	return s, nil
}

// session is one upload. Its file is open as long as the session is in use.
type session struct {
	*connection
	up     connectors.Upload
	temp   string // name in uploadsFolder
	f      *os.File
	offset int64
	// hasher has seen the first offset bytes; nil after a failed Write, when it
	// has seen more.
	hasher *connectors.Hasher
}

func (s *session) Offset() int64   { return s.offset }
func (s *session) PartSize() int64 { return partSize }

// newHasher knows the digests that came with the upload, and the one that guards
// checkpoints.
func (s *session) newHasher() (*connectors.Hasher, error) {
	h, err := connectors.NewHasher(append(s.up.Hashes.Algorithms(), connectors.CRC32C)...)
	if err != nil {
		return nil, &connectors.Error{Kind: connectors.Invalid, Op: "begin", Path: s.up.Path, Err: err}
	}
	return h, nil
}

// rehash reads what the file holds up to offset and cuts off the rest.
func (s *session) rehash() error {
	h, err := s.newHasher()
	if err != nil {
		return err
	}
	if err := s.f.Truncate(s.offset); err != nil {
		return err
	}
	if _, err := io.Copy(h, io.NewSectionReader(s.f, 0, s.offset)); err != nil {
		return err
	}
	s.hasher = h
	return nil
}

func (s *session) checksum() string { return s.hasher.Sums()[connectors.CRC32C] }

func (s *session) Write(ctx context.Context, r io.Reader, n int64) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := connectors.CheckPart(n, s.offset, s.up.Size, partSize); err != nil {
		return err
	}
	if s.hasher == nil {
		if err := s.rehash(); err != nil {
			return classify("write", s.up.Path, err)
		}
	}
	at := io.NewOffsetWriter(s.f, s.offset)
	if err := connectors.CopyPart(io.MultiWriter(at, s.hasher), r, n); err != nil {
		s.hasher = nil
		return classify("write", s.up.Path, err)
	}
	s.offset += n
	return nil
}

func (s *session) Checkpoint() []byte {
	if s.hasher == nil && s.rehash() != nil {
		return nil
	}
	return checkpoint{Temp: s.temp, Path: s.up.Path, Size: s.up.Size, Offset: s.offset, Checksum: s.checksum()}.format()
}

func (s *session) Commit(ctx context.Context) (connectors.Object, error) {
	if err := ctx.Err(); err != nil {
		return connectors.Object{}, err
	}
	if s.offset != s.up.Size {
		return connectors.Object{}, fail(connectors.Invalid, "commit", s.up.Path, "the upload is not complete")
	}
	if s.hasher == nil {
		if err := s.rehash(); err != nil {
			return connectors.Object{}, classify("commit", s.up.Path, err)
		}
	}
	if equal, known := s.hasher.Sums().Match(s.up.Hashes); known && !equal {
		return connectors.Object{}, fail(connectors.Corrupt, "commit", s.up.Path, "the content does not match its hash")
	}
	obj, err := s.publish("commit", s.f, s.temp, s.up)
	if err != nil {
		return connectors.Object{}, err
	}
	return obj, classify("commit", s.up.Path, s.f.Close())
}

func (s *session) Abort(context.Context) error {
	// A session that was committed has closed the file already.
	if err := s.f.Close(); err != nil && !errors.Is(err, fs.ErrClosed) {
		return classify("abort", s.up.Path, err)
	}
	err := s.root.Remove(path.Join(uploadsFolder, s.temp))
	if err == nil || errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return classify("abort", s.up.Path, err)
}

// sweep removes uploads that nobody came back to.
func (c *connection) sweep() error {
	dir, err := c.openFolder(uploadsFolder)
	switch connectors.KindOf(classify("open", "", err)) {
	case "":
	case connectors.NotFound, connectors.ScopeMissing:
		return nil
	default:
		return err
	}
	defer dir.Close()
	all, err := names(dir, -1)
	if err != nil {
		return err
	}
	for _, name := range all {
		info, err := dir.Lstat(name)
		if err != nil || c.settle.now().Sub(changeTime(info)) < uploadsLive {
			continue
		}
		if err := dir.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, fs.ErrPermission) {
			return err
		}
	}
	return nil
}

// tempName reports whether name is one that Begin makes.
func tempName(name string) bool {
	return len(name) == 26 && strings.Trim(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567") == ""
}
