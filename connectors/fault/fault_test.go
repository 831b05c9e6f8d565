package fault_test

import (
	"context"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/wedsync/wedsync/connectors"
	"github.com/wedsync/wedsync/connectors/decorate"
	"github.com/wedsync/wedsync/connectors/fault"
	"github.com/wedsync/wedsync/connectors/memory"
)

// faulty opens a store in which the given things go wrong.
func faulty(t *testing.T, faults ...fault.Fault) connectors.Connection {
	t.Helper()
	plain, err := memory.Vendor{Stores: memory.NewStores()}.Open(t.Context(), connectors.Config{Settings: map[string]string{memory.SettingStore: "x"}})
	if err != nil {
		t.Fatal(err)
	}
	return decorate.Wrap(plain, fault.New(faults...).Decorator())
}

func put(t *testing.T, c connectors.Connection, path, content string) error {
	t.Helper()
	up := connectors.Upload{Path: path, Size: int64(len(content))}
	s, err := c.(connectors.Sink).Begin(t.Context(), up)
	if err != nil {
		return err
	}
	if err := s.Write(t.Context(), strings.NewReader(content), up.Size); err != nil {
		return err
	}
	_, err = s.Commit(t.Context())
	return err
}

func get(t *testing.T, c connectors.Connection, path string, offset int64) (string, error) {
	t.Helper()
	r, _, err := c.(connectors.Source).Open(t.Context(), path, offset, "")
	if err != nil {
		return "", err
	}
	got, err := io.ReadAll(r)
	return string(got), errors.Join(err, r.Close())
}

func TestNthCall(t *testing.T) {
	t.Parallel()
	c := faulty(t, fault.Fault{Op: decorate.OpCheck, Nth: 2, Kind: connectors.AuthExpired})
	for i, want := range []connectors.Kind{"", connectors.AuthExpired, ""} {
		if got := connectors.KindOf(c.Check(t.Context())); got != want {
			t.Errorf("call %d: %q, want %q", i+1, got, want)
		}
	}
}

func TestPath(t *testing.T) {
	t.Parallel()
	c := faulty(t, fault.Fault{Path: "b.txt", Kind: connectors.QuotaFull})
	if err := put(t, c, "a.txt", "abc"); err != nil {
		t.Error(err)
	}
	if err := put(t, c, "b.txt", "abc"); !connectors.Is(err, connectors.QuotaFull) {
		t.Errorf("put: %v, want QuotaFull", err)
	}
}

func TestLate(t *testing.T) {
	t.Parallel()
	c := faulty(t, fault.Fault{Op: decorate.OpCommit, Kind: connectors.Transient, Late: true})
	if err := put(t, c, "a.txt", "abc"); !connectors.Is(err, connectors.Transient) {
		t.Errorf("put: %v, want Transient", err)
	}
	if got, err := get(t, c, "a.txt", 0); got != "abc" || err != nil {
		t.Errorf("the commit was not made: %q, %v", got, err)
	}
}

func TestCut(t *testing.T) {
	t.Parallel()
	c := faulty(t,
		fault.Fault{Op: decorate.OpWrite, Path: "cut.txt", Kind: connectors.Transient, Cut: fault.At(2)},
		fault.Fault{Op: decorate.OpOpen, Nth: 2, Kind: connectors.Transient, Cut: fault.At(2)},
		fault.Fault{Op: decorate.OpOpen, Nth: 3, Kind: connectors.Transient, Cut: fault.At(2)},
	)
	if err := put(t, c, "cut.txt", "abcd"); !connectors.Is(err, connectors.Transient) {
		t.Errorf("put: %v, want Transient", err)
	}
	if err := put(t, c, "a.txt", "abcd"); err != nil {
		t.Fatal(err)
	}
	if got, err := get(t, c, "a.txt", 0); got != "abcd" || err != nil {
		t.Errorf("first read: %q, %v", got, err)
	}
	if got, err := get(t, c, "a.txt", 0); got != "ab" || !connectors.Is(err, connectors.Transient) {
		t.Errorf("second read: %q, %v", got, err)
	}
	if got, err := get(t, c, "a.txt", 3); got != "" || !connectors.Is(err, connectors.Transient) {
		t.Errorf("read from behind the cut: %q, %v", got, err)
	}
}

func TestFlip(t *testing.T) {
	t.Parallel()
	c := faulty(t,
		fault.Fault{Op: decorate.OpWrite, Flip: fault.At(1)},
		fault.Fault{Op: decorate.OpOpen, Nth: 2, Flip: fault.At(3)},
	)
	if err := put(t, c, "a.txt", "abcd"); err != nil {
		t.Fatal(err)
	}
	if got, err := get(t, c, "a.txt", 0); got != "accd" || err != nil {
		t.Errorf("what was written: %q, %v", got, err)
	}
	if got, err := get(t, c, "a.txt", 2); got != "ce" || err != nil {
		t.Errorf("what is read from 2 on: %q, %v", got, err)
	}
}

func TestHold(t *testing.T) {
	t.Parallel()
	reached, proceed := make(chan struct{}), make(chan struct{})
	c := faulty(t, fault.Fault{Op: decorate.OpCheck, Reached: reached, Proceed: proceed})
	done := make(chan error, 1)
	go func() { done <- c.Check(t.Context()) }()
	<-reached
	select {
	case err := <-done:
		t.Fatalf("the call did not wait: %v", err)
	default:
	}
	close(proceed)
	if err := <-done; err != nil {
		t.Error(err)
	}
	if err := c.Check(t.Context()); err != nil {
		t.Errorf("a later call: %v", err)
	}
}

func TestHoldHonoursContext(t *testing.T) {
	t.Parallel()
	c := faulty(t, fault.Fault{Proceed: make(chan struct{})})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := c.Check(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("a held call with a cancelled context: %v", err)
	}
}
