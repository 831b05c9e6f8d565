package fault

import (
	"context"
	"io"

	"github.com/wedsync/wedsync/connectors/decorate"
)

// content spoils what is read. Offsets count from the start of the file.
func (s *Script) content(ctx context.Context, c decorate.Content) io.ReadCloser {
	return struct {
		io.Reader
		io.Closer
	}{spoil(ctx, c.Call, c.Body, c.Offset), c.Body}
}

// body spoils what is written. Offsets count from the start of the part.
func (s *Script) body(ctx context.Context, call decorate.Call, r io.Reader) io.Reader {
	return spoil(ctx, call, r, 0)
}

// spoil puts the faults that hit the call around r, whose first byte is at the
// given offset.
func spoil(ctx context.Context, call decorate.Call, r io.Reader, at int64) io.Reader {
	hit, _ := ctx.Value(contextKey{}).([]*counted)
	for _, f := range hit {
		if f.Cut != nil {
			r = io.MultiReader(io.LimitReader(r, *f.Cut-at), broken{f.failure(call)})
		}
		if f.Flip != nil {
			r = &flipper{r: r, left: *f.Flip - at}
		}
	}
	return r
}

// broken fails at once.
type broken struct{ err error }

func (b broken) Read([]byte) (int, error) { return 0, b.err }

// flipper changes the byte that comes after left others.
type flipper struct {
	r    io.Reader
	left int64
}

func (f *flipper) Read(p []byte) (int, error) {
	n, err := f.r.Read(p)
	if f.left >= 0 && f.left < int64(n) {
		p[f.left] ^= 1
	}
	f.left -= int64(n)
	return n, err
}
