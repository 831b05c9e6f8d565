package s3test

import (
	"bufio"
	"crypto/md5"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"hash"
	"io"
	"net/http"
	"strconv"
	"strings"
)

// received tells about a body that was taken in and found right.
type received struct {
	size     int64
	md5      []byte
	checksum checksum
}

// receive copies the request's body to dst and checks it against everything that
// the request says about it.
func (c *call) receive(dst io.Writer, limit int64) (received, error) {
	b, err := c.body()
	if err != nil {
		return received{}, err
	}
	if b.length > limit {
		return received{}, errEntityTooLarge
	}
	announced, sum, err := c.announcedChecksum(b)
	if err != nil {
		return received{}, err
	}
	md5sum, sha := md5.New(), sha256.New()
	sinks := []io.Writer{dst, md5sum}
	signed := c.r.Header.Get("X-Amz-Content-Sha256")
	if !b.unsigned {
		sinks = append(sinks, sha)
	}
	if sum != nil {
		sinks = append(sinks, sum)
	}
	n, err := io.Copy(io.MultiWriter(sinks...), io.LimitReader(b.content, b.length+1))
	var refused *apiError
	switch {
	case errors.As(err, &refused):
		return received{}, refused
	case err != nil, n != b.length:
		return received{}, errIncompleteBody
	case !b.unsigned && hex.EncodeToString(sha.Sum(nil)) != signed:
		return received{}, errContentSHA256
	}
	got := received{size: n, md5: md5sum.Sum(nil)}
	if err := c.checkMD5(got.md5); err != nil {
		return received{}, err
	}
	if sum != nil {
		got.checksum = checksum{name: announced.name, value: base64.StdEncoding.EncodeToString(sum.Sum(nil))}
		if announced.value == "" {
			announced.value = b.trailer(checksumHeader + announced.name)
		}
		if announced.value != got.checksum.value {
			return received{}, errChecksumMismatch
		}
	}
	return got, nil
}

// announcedChecksum finds which checksum the request brings, in its header or,
// with an empty value, behind its body.
func (c *call) announcedChecksum(b *incoming) (checksum, hash.Hash, error) {
	if c.op == "CompleteMultipartUpload" {
		// There, the header is about the object and not about the body.
		return checksum{}, nil, nil
	}
	var found []checksum
	for name := range c.r.Header {
		if kind, ok := strings.CutPrefix(name, checksumHeader); ok && newChecksum(strings.ToLower(kind)) != nil {
			found = append(found, checksum{name: strings.ToLower(kind), value: c.r.Header.Get(name)})
		}
	}
	if trailer := c.r.Header.Get("X-Amz-Trailer"); trailer != "" && b.chunks != nil {
		kind, ok := strings.CutPrefix(http.CanonicalHeaderKey(trailer), checksumHeader)
		if !ok || newChecksum(strings.ToLower(kind)) == nil {
			return checksum{}, nil, invalidRequest("The value specified in the x-amz-trailer header is not supported")
		}
		found = append(found, checksum{name: strings.ToLower(kind)})
	}
	switch {
	case len(found) > 1:
		return checksum{}, nil, invalidRequest("Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed.")
	case len(found) == 1:
		return found[0], newChecksum(found[0].name), nil
	}
	return checksum{}, nil, nil
}

func (c *call) checkMD5(got []byte) error {
	header := c.r.Header.Get("Content-Md5")
	if header == "" {
		return nil
	}
	want, err := base64.StdEncoding.DecodeString(header)
	switch {
	case err != nil, len(want) != md5.Size:
		return errInvalidDigest
	case string(want) != string(got):
		return errBadDigest
	}
	return nil
}

// incoming is a request's body, its transfer encoding undone.
type incoming struct {
	content io.Reader
	length  int64
	// unsigned: the signature does not cover the body.
	unsigned bool
	chunks   *chunkReader
}

func (b *incoming) trailer(name string) string {
	if b.chunks == nil {
		return ""
	}
	return b.chunks.trailer.Get(name)
}

func (c *call) body() (*incoming, error) {
	switch signed := c.r.Header.Get("X-Amz-Content-Sha256"); signed {
	case unsignedTrailers:
		if c.s.opts.NoTrailers {
			return nil, errNotImplemented
		}
		length, err := strconv.ParseInt(c.r.Header.Get("X-Amz-Decoded-Content-Length"), 10, 64)
		if err != nil || length < 0 {
			return nil, errMissingContentLength
		}
		chunks := &chunkReader{r: bufio.NewReader(c.r.Body)}
		return &incoming{content: chunks, length: length, unsigned: true, chunks: chunks}, nil
	case unsignedPayload:
		return c.plainBody(true)
	default:
		if raw, err := hex.DecodeString(signed); err != nil || len(raw) != sha256.Size {
			return nil, errNotImplemented
		}
		return c.plainBody(false)
	}
}

func (c *call) plainBody(unsigned bool) (*incoming, error) {
	if c.r.ContentLength < 0 {
		return nil, errMissingContentLength
	}
	return &incoming{content: c.r.Body, length: c.r.ContentLength, unsigned: unsigned}, nil
}

// chunkReader undoes the aws-chunked encoding with unsigned chunks and keeps the
// headers that follow the last of them.
type chunkReader struct {
	r       *bufio.Reader
	left    int64
	begun   bool
	done    bool
	trailer http.Header
}

// Read implements io.Reader.
func (c *chunkReader) Read(p []byte) (int, error) {
	if c.done {
		return 0, io.EOF
	}
	if c.left == 0 {
		if err := c.next(); err != nil {
			return 0, err
		}
		if c.done {
			return 0, io.EOF
		}
	}
	n, err := c.r.Read(p[:min(int64(len(p)), c.left)])
	c.left -= int64(n)
	if err == io.EOF {
		err = errIncompleteBody
	}
	return n, err
}

// next reads the line that announces a chunk, and after the last one the
// trailing headers.
func (c *chunkReader) next() error {
	if c.begun {
		if line, err := c.line(); err != nil || line != "" {
			return errIncompleteBody
		}
	}
	c.begun = true
	line, err := c.line()
	if err != nil {
		return err
	}
	c.left, err = strconv.ParseInt(line, 16, 64)
	switch {
	case err != nil, c.left < 0:
		return errIncompleteBody
	case c.left > 0:
		return nil
	}
	c.done, c.trailer = true, http.Header{}
	for range 16 {
		line, err := c.line()
		if err != nil {
			return err
		}
		if line == "" {
			return nil
		}
		name, value, _ := strings.Cut(line, ":")
		c.trailer.Add(strings.TrimSpace(name), strings.TrimSpace(value))
	}
	return errIncompleteBody
}

func (c *chunkReader) line() (string, error) {
	line, err := c.r.ReadSlice('\n')
	if err != nil {
		return "", errIncompleteBody
	}
	return strings.TrimRight(string(line), "\r\n"), nil
}
