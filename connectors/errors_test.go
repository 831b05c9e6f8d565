package connectors_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"testing"

	"github.com/wedsync/wedsync/connectors"
)

func TestKindOf(t *testing.T) {
	t.Parallel()
	inner := &connectors.Error{Kind: connectors.RateLimited, Err: io.ErrUnexpectedEOF}
	for _, test := range []struct {
		err  error
		kind connectors.Kind
	}{
		{nil, ""},
		{inner, connectors.RateLimited},
		{fmt.Errorf("sync: %w", inner), connectors.RateLimited},
		{&connectors.Error{Kind: connectors.Corrupt, Err: inner}, connectors.Corrupt},
		{errors.Join(io.EOF, inner), connectors.RateLimited},
		{fmt.Errorf("read: %w", context.DeadlineExceeded), connectors.Transient},
		{io.ErrUnexpectedEOF, connectors.Permanent},
	} {
		if got := connectors.KindOf(test.err); got != test.kind {
			t.Errorf("KindOf(%v) = %q, want %q", test.err, got, test.kind)
		}
		if test.err != nil && !connectors.Is(test.err, test.kind) {
			t.Errorf("Is(%v, %q) is false", test.err, test.kind)
		}
	}
	if !errors.Is(inner, io.ErrUnexpectedEOF) {
		t.Error("the cause is lost")
	}
}

func TestErrorText(t *testing.T) {
	t.Parallel()
	for want, err := range map[string]error{
		`list: NOT_FOUND`:             &connectors.Error{Kind: connectors.NotFound, Op: "list"},
		`write "a\nb": disk on fire`:  &connectors.Error{Kind: connectors.Permanent, Op: "write", Path: "a\nb", Err: errors.New("disk on fire")},
		`open: the folder is missing`: &connectors.Error{Kind: connectors.Invalid, Op: "open", Field: "root", Err: errors.New("the folder is missing")},
	} {
		if err.Error() != want {
			t.Errorf("got %s, want %s", err, want)
		}
	}
}
