package connectors

import (
	"errors"
	"fmt"
	"io"
)

// CheckPart tells whether n bytes may be written next in a session that holds
// offset of size bytes: one whole part, or what is left. Anything else is a
// mistake of the caller, Kind Invalid.
func CheckPart(n, offset, size, partSize int64) error {
	if want := min(partSize, size-offset); n != want || n <= 0 {
		return &Error{Kind: Invalid, Op: "write", Err: fmt.Errorf("a part of %d bytes at offset %d of %d; it must be %d", n, offset, size, want)}
	}
	return nil
}

// CopyPart copies exactly n bytes from r to dst. An error of r or dst comes back
// in the chain; an r that ends early is Corrupt, because less arrived than was
// announced.
func CopyPart(dst io.Writer, r io.Reader, n int64) error {
	got, err := io.CopyN(dst, r, n)
	if errors.Is(err, io.EOF) {
		return &Error{Kind: Corrupt, Op: "write", Err: fmt.Errorf("the body ended after %d of %d bytes: %w", got, n, io.ErrUnexpectedEOF)}
	}
	return err
}
