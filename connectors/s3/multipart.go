package s3

import (
	"context"
	"crypto/md5"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strconv"

	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/wedsync/wedsync/connectors"
)

// multipart is an upload in parts. Nothing is visible before Commit.
type multipart struct {
	writing
	uploadID string
	partSize int64
	// etags of the parts that the store holds and that were right.
	etags []string
	// committed is what the store holds if a session before this one, of which
	// this is the continuation, got as far as that.
	committed *facts
	whole     *whole
	// checksummed: every part comes with its CRC-32C, and the store checks that of
	// the whole.
	checksummed bool
	// over: the file is the caller's and no longer this session's.
	over bool
}

// beginParts starts an upload at the store.
func (c *conn) beginParts(ctx context.Context, w writing) (*multipart, error) {
	digests, err := newWhole(w.up.Hashes)
	if err != nil {
		return nil, misuse("begin", w.up.Path, "%w", err)
	}
	in := &awss3.CreateMultipartUploadInput{
		Bucket: &c.bucket, Key: &w.key,
		ContentType: ptr(contentType(w.up.Path)),
		Metadata:    metadata(w.up, w.id),
	}
	if c.amazon {
		// Other stores differ in what they make of checksums here; there, the ETags
		// of the parts must do.
		in.ChecksumAlgorithm, in.ChecksumType = types.ChecksumAlgorithmCrc32c, types.ChecksumTypeFullObject
	}
	out, err := c.api.CreateMultipartUpload(ctx, in)
	if err != nil {
		return nil, c.fail("begin", w.up.Path, err)
	}
	m := &multipart{
		writing: w, uploadID: value(out.UploadId), partSize: partSizeFor(w.up.Size, c.partSize),
		whole: digests, checksummed: c.amazon,
	}
	if m.uploadID == "" || len(m.uploadID) > maxUploadID {
		return nil, &connectors.Error{Kind: connectors.Permanent, Op: "begin", Path: w.up.Path,
			Err: errors.New("the store gave no usable upload id")}
	}
	return m, nil
}

// partSizeFor is the wanted size, or the next MiB at which the parts are few
// enough.
func partSizeFor(size, wanted int64) int64 {
	least := (size + maxParts - 1) / maxParts
	return max(wanted, (least+mib-1)/mib*mib)
}

// Offset implements connectors.Session.
func (m *multipart) Offset() int64 {
	if m.committed != nil {
		return m.up.Size
	}
	return min(int64(len(m.etags))*m.partSize, m.up.Size)
}

// PartSize implements connectors.Session.
func (m *multipart) PartSize() int64 { return m.partSize }

// Checkpoint implements connectors.Session.
func (m *multipart) Checkpoint() []byte {
	return checkpoint{
		UploadID: m.uploadID, Key: m.key, Size: m.up.Size, PartSize: m.partSize, Session: m.id,
		Checksummed: m.checksummed,
		Parts:       len(m.etags), Digest: digestOf(m.etags), States: m.whole.save(),
	}.encode()
}

// Write implements connectors.Session. A part that arrived wrong does not count:
// the next Write replaces it.
func (m *multipart) Write(ctx context.Context, r io.Reader, n int64) error {
	if err := connectors.CheckPart(n, m.Offset(), m.up.Size, m.partSize); err != nil {
		return withPlace(err, "write", m.up.Path)
	}
	whole, err := m.whole.fork()
	if err != nil {
		return &connectors.Error{Kind: connectors.Permanent, Op: "write", Path: m.up.Path, Err: err}
	}
	b := newBody(r, n)
	b.last, b.whole = m.Offset()+n == m.up.Size, whole
	send := streamed
	if m.checksummed {
		send = withTrailer(b)
	}
	out, err := m.c.api.UploadPart(ctx, &awss3.UploadPartInput{
		Bucket: &m.c.bucket, Key: &m.key, UploadId: &m.uploadID,
		PartNumber: ptr(int32(len(m.etags) + 1)),
		Body:       b, ContentLength: &n,
	}, send)
	if given := b.stop(); given != nil {
		return broken("write", m.up.Path, given)
	}
	if err != nil {
		return m.forgotten(m.c.fail("write", m.up.Path, err))
	}
	p := m.c.prove(b, facts{
		etag: out.ETag, encryption: out.ServerSideEncryption, customerKey: out.SSECustomerAlgorithm, crc32c: out.ChecksumCRC32C,
	})
	etag := revision(out.ETag)
	if p.wrong != "" || etag == "" {
		return &connectors.Error{Kind: connectors.Corrupt, Op: "write", Path: m.up.Path,
			Err: fmt.Errorf("part %d did not arrive as it was sent (%s)", len(m.etags)+1, p.wrong)}
	}
	m.etags, m.whole = append(m.etags, etag), whole
	return nil
}

// forgotten turns a 404 of a session's request into SessionExpired: some stores
// answer NoSuchKey or nothing more precise for an upload they do not know.
func (m *multipart) forgotten(failed *connectors.Error) error {
	if failed.Kind == connectors.NotFound && codeOf(failed) != "NoSuchBucket" {
		failed.Kind = connectors.SessionExpired
	}
	return failed
}

// Commit implements connectors.Session.
func (m *multipart) Commit(ctx context.Context) (connectors.Object, error) {
	if m.Offset() != m.up.Size {
		return connectors.Object{}, misuse("commit", m.up.Path, "%d of %d bytes have been written", m.Offset(), m.up.Size)
	}
	if m.committed == nil {
		if a := m.whole.differs(); a != "" {
			return connectors.Object{}, &connectors.Error{Kind: connectors.Corrupt, Op: "commit", Path: m.up.Path,
				Err: fmt.Errorf("the content has another %s than was announced", a)}
		}
		if err := m.guard(ctx, "commit"); err != nil {
			return connectors.Object{}, err
		}
		f, err := m.complete(ctx)
		if err != nil {
			return connectors.Object{}, err
		}
		m.committed = &f
	}
	if f := *m.committed; f.size != m.up.Size {
		return connectors.Object{}, m.corrupt(ctx, "commit", fmt.Sprintf("the store holds %d bytes where %d were sent", f.size, m.up.Size), f.version)
	}
	m.over = true
	return m.described(*m.committed), nil
}

// complete has the store join the parts and returns what it then holds.
func (m *multipart) complete(ctx context.Context) (facts, error) {
	in := &awss3.CompleteMultipartUploadInput{
		Bucket: &m.c.bucket, Key: &m.key, UploadId: &m.uploadID,
		MultipartUpload: &types.CompletedMultipartUpload{Parts: m.completed()},
	}
	in.IfMatch, in.IfNoneMatch = m.conditions()
	if m.checksummed {
		in.ChecksumType = types.ChecksumTypeFullObject
		in.ChecksumCRC32C = encodeDigest(connectors.Hashes{connectors.CRC32C: m.whole.digest(connectors.CRC32C)}, connectors.CRC32C)
	}
	out, err := m.c.api.CompleteMultipartUpload(ctx, in)
	if err != nil {
		mine, err := m.refused(ctx, "commit", err)
		if mine != nil {
			return *mine, nil
		}
		return facts{}, m.lost(err)
	}
	stored, err := m.c.head(ctx, "commit", m.up.Path)
	if err != nil {
		// The work is done; only its description is missing. The same Commit again
		// finds it by the session's id.
		m.unsure = true
		return facts{}, err
	}
	if revision(stored.etag) != revision(out.ETag) {
		// Somebody has written since. What this session committed is as follows.
		return facts{etag: out.ETag, version: out.VersionId, size: m.up.Size, encryption: out.ServerSideEncryption}, nil
	}
	if stored.version == nil {
		stored.version = out.VersionId
	}
	return stored, nil
}

func (m *multipart) completed() []types.CompletedPart {
	parts := make([]types.CompletedPart, len(m.etags))
	for i, etag := range m.etags {
		parts[i] = types.CompletedPart{ETag: quoted(etag), PartNumber: ptr(int32(i + 1))}
	}
	return parts
}

// lost recognizes failures of the last request after which only a new upload
// helps: the store forgot the upload or a part of it, or, as S3 documents for a
// race on the path (409), wants all parts again.
func (m *multipart) lost(err error) error {
	var failed *connectors.Error
	if !errors.As(err, &failed) {
		return err
	}
	switch codeOf(failed) {
	case "NoSuchUpload", "InvalidPart", "ConditionalRequestConflict":
		failed.Kind = connectors.SessionExpired
	}
	return failed
}

// Abort implements connectors.Session.
func (m *multipart) Abort(ctx context.Context) error {
	if m.over {
		return nil
	}
	_, err := m.c.api.AbortMultipartUpload(ctx, &awss3.AbortMultipartUploadInput{
		Bucket: &m.c.bucket, Key: &m.key, UploadId: &m.uploadID,
	})
	if err != nil {
		failed := m.forgotten(m.c.fail("abort", m.up.Path, err))
		if !connectors.Is(failed, connectors.SessionExpired) {
			return failed
		}
	}
	switch {
	case m.committed != nil:
		return m.takeBack(ctx, m.committed.version)
	case m.unsure:
		return m.takeBack(ctx, nil)
	}
	return nil
}

// Resume implements connectors.Sink. Of the parts that the store holds, those
// count that the checkpoint vouches for: of later ones nobody has checked
// whether they arrived right, so they are sent again.
func (c *conn) Resume(ctx context.Context, up connectors.Upload, raw []byte) (connectors.Session, error) {
	key, err := c.accepts("resume", up)
	if err != nil {
		return nil, err
	}
	point, err := decodeCheckpoint(raw)
	if err == nil && (point.Key != key || point.Size != up.Size) {
		err = errors.New("the checkpoint belongs to another upload")
	}
	if err != nil {
		return nil, &connectors.Error{Kind: connectors.SessionExpired, Op: "resume", Path: up.Path, Err: err}
	}
	digests, err := newWhole(up.Hashes)
	if err != nil {
		return nil, misuse("resume", up.Path, "%w", err)
	}
	m := &multipart{
		writing:  writing{c: c, up: up, key: key, id: point.Session, unsure: point.complete()},
		uploadID: point.UploadID, partSize: point.PartSize,
		whole: digests, checksummed: point.Checksummed,
	}
	m.etags, err = m.held(ctx, point.Parts)
	if connectors.Is(err, connectors.SessionExpired) && point.complete() {
		// The store also forgets an upload because it is done.
		if f, headErr := c.head(ctx, "resume", up.Path); headErr == nil && f.metadata[metaUpload] == m.id {
			m.committed = &f
			return m, nil
		}
	}
	if err != nil {
		return nil, err
	}
	sameParts := len(m.etags) == point.Parts && digestOf(m.etags) == point.Digest
	if sameParts && m.whole.restore(point.States) {
		return m, nil
	}
	m.etags = nil
	if m.whole, err = newWhole(up.Hashes); err != nil {
		return nil, misuse("resume", up.Path, "%w", err)
	}
	return m, nil
}

// held returns the ETags of the first parts that the store holds, at most n,
// without a gap and of the right size.
func (m *multipart) held(ctx context.Context, n int) ([]string, error) {
	var etags []string
	in := &awss3.ListPartsInput{Bucket: &m.c.bucket, Key: &m.key, UploadId: &m.uploadID}
	for {
		out, err := m.c.api.ListParts(ctx, in)
		if err != nil {
			return nil, m.forgotten(m.c.fail("resume", m.up.Path, err))
		}
		for _, part := range out.Parts {
			number := len(etags) + 1
			due := min(m.partSize, m.up.Size-int64(number-1)*m.partSize)
			if number > n || int(value(part.PartNumber)) != number || value(part.Size) != due {
				return etags, nil
			}
			etags = append(etags, revision(part.ETag))
		}
		next := value(out.NextPartNumberMarker)
		if !value(out.IsTruncated) || next == "" || next == value(in.PartNumberMarker) {
			return etags, nil
		}
		if _, err := strconv.Atoi(next); err != nil {
			return etags, nil
		}
		in.PartNumberMarker = &next
	}
}

// digestOf vouches for a list of parts in a few bytes.
func digestOf(etags []string) string {
	h := md5.New()
	for _, etag := range etags {
		fmt.Fprintln(h, etag)
	}
	return hex.EncodeToString(h.Sum(nil))
}
