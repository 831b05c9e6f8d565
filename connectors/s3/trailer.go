package s3

import (
	"context"
	"encoding/base64"
	"fmt"
	"io"
	"strconv"

	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

const (
	trailerName = "x-amz-checksum-crc32c"
	// chunkSize is how much content one chunk of a framed body holds.
	chunkSize = 64 << 10
)

// framed sends content in the aws-chunked encoding, followed by its CRC-32C. The
// store checks it, and a body that breaks off can never pass for a whole one;
// some stores publish what arrived of a plain body when the connection breaks.
type framed struct {
	content *body
	left    int64
	pending []byte
	frame   []byte
	ended   bool
}

func newFramed(b *body) *framed { return &framed{content: b, left: b.left} }

// length is that of the whole encoded body.
func (f *framed) length() int64 {
	chunk := func(n int64) int64 { return int64(len(strconv.FormatInt(n, 16))) + 2 + n + 2 }
	n := f.left / chunkSize * chunk(chunkSize)
	if rest := f.left % chunkSize; rest > 0 {
		n += chunk(rest)
	}
	return n + int64(len(trailer(make([]byte, 4))))
}

func trailer(crc32c []byte) string {
	return fmt.Sprintf("0\r\n%s:%s\r\n\r\n", trailerName, base64.StdEncoding.EncodeToString(crc32c))
}

// Read implements io.Reader.
func (f *framed) Read(p []byte) (int, error) {
	if len(f.pending) == 0 {
		if f.ended {
			return 0, io.EOF
		}
		if err := f.next(); err != nil {
			return 0, err
		}
	}
	n := copy(p, f.pending)
	f.pending = f.pending[n:]
	return n, nil
}

// next prepares the next chunk, or the end.
func (f *framed) next() error {
	if f.left == 0 {
		f.ended = true
		f.pending = []byte(trailer(f.content.crc32c.Sum(nil)))
		return nil
	}
	n := min(f.left, chunkSize)
	f.frame = strconv.AppendInt(f.frame[:0], n, 16)
	f.frame = append(f.frame, "\r\n"...)
	start := len(f.frame)
	f.frame = append(f.frame, make([]byte, n)...)
	if _, err := io.ReadFull(f.content, f.frame[start:]); err != nil {
		return err
	}
	f.frame = append(f.frame, "\r\n"...)
	f.left -= n
	f.pending = f.frame
	return nil
}

// withTrailer makes one request send its body framed. The SDK does so itself,
// but not over plain HTTP.
func withTrailer(b *body) func(*awss3.Options) {
	return func(o *awss3.Options) {
		o.APIOptions = append(o.APIOptions, func(stack *middleware.Stack) error {
			m := &frameBody{body: newFramed(b), decoded: b.left}
			_, err := stack.Finalize.Swap(m.ID(), m)
			return err
		})
	}
}

// frameBody takes the place of the SDK's step that computes a body's hash.
type frameBody struct {
	body    *framed
	decoded int64
}

// ID implements middleware.FinalizeMiddleware.
func (*frameBody) ID() string { return "ComputePayloadHash" }

// HandleFinalize implements middleware.FinalizeMiddleware.
func (m *frameBody) HandleFinalize(ctx context.Context, in middleware.FinalizeInput, next middleware.FinalizeHandler) (middleware.FinalizeOutput, middleware.Metadata, error) {
	request, ok := in.Request.(*smithyhttp.Request)
	if !ok {
		return middleware.FinalizeOutput{}, middleware.Metadata{}, fmt.Errorf("unexpected request %T", in.Request)
	}
	request, err := request.SetStream(m.body)
	if err != nil {
		return middleware.FinalizeOutput{}, middleware.Metadata{}, err
	}
	request.ContentLength = m.body.length()
	for name, value := range map[string]string{
		"Content-Length":               strconv.FormatInt(request.ContentLength, 10),
		"Content-Encoding":             "aws-chunked",
		"X-Amz-Decoded-Content-Length": strconv.FormatInt(m.decoded, 10),
		"X-Amz-Trailer":                trailerName,
	} {
		request.Header.Set(name, value)
	}
	in.Request = request
	return next.HandleFinalize(v4.SetPayloadHash(ctx, "STREAMING-UNSIGNED-PAYLOAD-TRAILER"), in)
}
