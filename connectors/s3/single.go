package s3

import (
	"bytes"
	"context"
	"fmt"
	"io"

	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/wedsync/wedsync/connectors"
)

// single is an upload by one PUT. The file becomes visible when that PUT ends,
// whole or not at all; an interrupted one starts again from zero.
type single struct {
	writing
	done *connectors.Object
	// committed: the file is the caller's and no longer this session's.
	committed bool
	// sent is the latest content that was read to its end.
	sent    *body
	version *string
}

// Offset implements connectors.Session.
func (s *single) Offset() int64 {
	if s.done != nil {
		return s.up.Size
	}
	return 0
}

// PartSize implements connectors.Session.
func (s *single) PartSize() int64 { return max(s.up.Size, 1) }

// Checkpoint implements connectors.Session.
func (s *single) Checkpoint() []byte { return nil }

// Write implements connectors.Session.
func (s *single) Write(ctx context.Context, r io.Reader, n int64) error {
	if err := connectors.CheckPart(n, s.Offset(), s.up.Size, s.PartSize()); err != nil {
		return withPlace(err, "write", s.up.Path)
	}
	return s.put(ctx, "write", r)
}

// Commit implements connectors.Session. The file has been visible since the last
// Write; an empty one is made here.
func (s *single) Commit(ctx context.Context) (connectors.Object, error) {
	if s.done == nil && s.up.Size > 0 {
		return connectors.Object{}, misuse("commit", s.up.Path, "nothing has been written yet")
	}
	if s.done == nil {
		if err := s.put(ctx, "commit", bytes.NewReader(nil)); err != nil {
			return connectors.Object{}, err
		}
	}
	s.committed = true
	return *s.done, nil
}

// Abort implements connectors.Session.
func (s *single) Abort(ctx context.Context) error {
	if s.committed || s.done == nil && !s.unsure {
		return nil
	}
	return s.takeBack(ctx, s.version)
}

func (s *single) put(ctx context.Context, op string, r io.Reader) error {
	if err := s.guard(ctx, op); err != nil {
		return err
	}
	b := newBody(r, s.up.Size)
	b.last = true
	in := s.request(b)
	send, err := s.sending(ctx, op, in, b)
	if err != nil {
		return err
	}
	out, err := s.c.api.PutObject(ctx, in, send)
	if given := b.stop(); given != nil {
		return broken(op, s.up.Path, given)
	}
	if b.left == 0 {
		s.sent = b
	}
	if err != nil {
		mine, err := s.refused(ctx, op, err)
		if mine == nil {
			return err
		}
		return s.adopt(ctx, op, *mine)
	}
	return s.accept(ctx, op, out)
}

func (s *single) request(b *body) *awss3.PutObjectInput {
	in := &awss3.PutObjectInput{
		Bucket: &s.c.bucket, Key: &s.key,
		Body: b, ContentLength: &s.up.Size,
		ContentType: ptr(contentType(s.up.Path)),
		Metadata:    metadata(s.up, s.id),
		ContentMD5:  encodeDigest(s.up.Hashes, connectors.MD5),
	}
	in.IfMatch, in.IfNoneMatch = s.conditions()
	// The protocol takes one such header at most.
	if in.ChecksumSHA256 = encodeDigest(s.up.Hashes, connectors.SHA256); in.ChecksumSHA256 == nil {
		in.ChecksumCRC32C = encodeDigest(s.up.Hashes, connectors.CRC32C)
	}
	return in
}

// sending decides how the body travels. If no checksum could be given before it,
// one follows it, where the store knows that.
func (s *single) sending(ctx context.Context, op string, in *awss3.PutObjectInput, b *body) (func(*awss3.Options), error) {
	if in.ChecksumSHA256 != nil || in.ChecksumCRC32C != nil || b.left == 0 {
		return streamed, nil
	}
	spoken, err := s.c.dialect(ctx)
	switch {
	case err != nil:
		return nil, withPlace(err, op, s.up.Path)
	case spoken.trailers:
		return withTrailer(b), nil
	}
	return streamed, nil
}

// accept checks the store's answer. Without anything to go by it at least looks
// at the size.
func (s *single) accept(ctx context.Context, op string, out *awss3.PutObjectOutput) error {
	s.version = out.VersionId
	f := facts{
		etag: out.ETag, version: out.VersionId, size: s.up.Size,
		encryption: out.ServerSideEncryption, customerKey: out.SSECustomerAlgorithm,
		checksumType: out.ChecksumType, sha256: out.ChecksumSHA256, crc32c: out.ChecksumCRC32C,
	}
	p := s.prove(f)
	if p.wrong == "" && (len(p.hashes) == 0 || s.up.ModTime.IsZero()) {
		stored, err := s.c.head(ctx, op, s.up.Path)
		if err != nil {
			s.unsure = true
			return err
		}
		if revision(stored.etag) == revision(out.ETag) {
			f.size, f.modified = stored.size, stored.modified
		}
	}
	return s.finish(ctx, op, f, p)
}

func (s *single) prove(f facts) proof {
	p := s.c.prove(s.sent, f)
	p.announced(s.up.Hashes, f)
	return p
}

// adopt takes over the object of an earlier PUT whose answer was lost.
func (s *single) adopt(ctx context.Context, op string, f facts) error {
	s.version = f.version
	return s.finish(ctx, op, f, s.prove(f))
}

func (s *single) finish(ctx context.Context, op string, f facts, p proof) error {
	switch {
	case p.wrong != "":
		return s.corrupt(ctx, op, fmt.Sprintf("the store holds content with another %s than was sent", p.wrong), f.version)
	case f.size != s.up.Size:
		return s.corrupt(ctx, op, fmt.Sprintf("the store holds %d bytes where %d were sent", f.size, s.up.Size), f.version)
	}
	o := s.described(f)
	s.done = &o
	return nil
}
