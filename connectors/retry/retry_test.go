package retry_test

import (
	"context"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/wedsync/wedsync/connectors"
	"github.com/wedsync/wedsync/connectors/decorate"
	"github.com/wedsync/wedsync/connectors/fault"
	"github.com/wedsync/wedsync/connectors/memory"
	"github.com/wedsync/wedsync/connectors/retry"
)

// clock is a clock that only moves when somebody sleeps.
type clock struct {
	now    time.Time
	pauses []time.Duration
}

func (c *clock) policy() retry.Policy {
	return retry.Policy{
		Attempts: 4, First: 100 * time.Millisecond, Longest: 300 * time.Millisecond, Total: time.Minute,
		Now:    func() time.Time { return c.now },
		Jitter: func() float64 { return 0.5 },
		Sleep: func(_ context.Context, d time.Duration) error {
			c.pauses = append(c.pauses, d)
			c.now = c.now.Add(d)
			return nil
		},
	}
}

// faulty opens a store in which the given things go wrong, with retry around it,
// and puts one file into it beforehand.
func faulty(t *testing.T, p retry.Policy, faults ...fault.Fault) connectors.Connection {
	t.Helper()
	v := memory.Vendor{Stores: memory.NewStores()}
	v.Stores.Create("x", memory.Options{PartSize: 8})
	plain, err := v.Open(t.Context(), connectors.Config{Settings: map[string]string{memory.SettingStore: "x"}})
	if err != nil {
		t.Fatal(err)
	}
	put(t, plain, "a.txt", "0123456789abcdef", func(s string) io.Reader { return strings.NewReader(s) })
	return decorate.Wrap(plain, retry.New(p), fault.New(faults...).Decorator())
}

func put(t *testing.T, c connectors.Connection, path, content string, body func(string) io.Reader) {
	t.Helper()
	s, err := c.(connectors.Sink).Begin(t.Context(), connectors.Upload{Path: path, Size: int64(len(content))})
	if err != nil {
		t.Fatal(err)
	}
	for s.Offset() < int64(len(content)) {
		part := content[s.Offset():min(s.Offset()+s.PartSize(), int64(len(content)))]
		if err := s.Write(t.Context(), body(part), int64(len(part))); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := s.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func get(t *testing.T, c connectors.Connection, path string, offset int64) (string, error) {
	t.Helper()
	r, _, err := c.(connectors.Source).Open(t.Context(), path, offset, "")
	if err != nil {
		return "", err
	}
	got, err := io.ReadAll(r)
	if err := r.Close(); err != nil {
		t.Error(err)
	}
	return string(got), err
}

func TestPassingFailures(t *testing.T) {
	t.Parallel()
	var c clock
	conn := faulty(t, c.policy(),
		fault.Fault{Op: decorate.OpStat, Nth: 1, Kind: connectors.Transient},
		fault.Fault{Op: decorate.OpStat, Nth: 2, Kind: connectors.RateLimited, After: 7 * time.Second},
		fault.Fault{Op: decorate.OpStat, Nth: 3, Kind: connectors.Transient},
	)
	if _, err := conn.(connectors.Source).Stat(t.Context(), "a.txt"); err != nil {
		t.Fatal(err)
	}
	want := []time.Duration{75 * time.Millisecond, 7 * time.Second, 225 * time.Millisecond}
	if !slices.Equal(c.pauses, want) {
		t.Errorf("pauses %v, want %v", c.pauses, want)
	}
}

func TestGivesUp(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		fault  fault.Fault
		pauses int
	}{
		"after the last attempt":    {fault.Fault{Kind: connectors.Transient}, 3},
		"when asked to wait longer": {fault.Fault{Kind: connectors.RateLimited, After: time.Hour}, 0},
		"at once if permanent":      {fault.Fault{Kind: connectors.Permanent}, 0},
		"at once if revoked":        {fault.Fault{Kind: connectors.AuthRevoked}, 0},
		"at once on a conflict":     {fault.Fault{Kind: connectors.Conflict}, 0},
		"when its time is up":       {fault.Fault{Kind: connectors.RateLimited, After: 25 * time.Second}, 2},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var c clock
			conn := faulty(t, c.policy(), test.fault)
			err := conn.Check(t.Context())
			if !connectors.Is(err, test.fault.Kind) || len(c.pauses) != test.pauses {
				t.Errorf("%v after %d pauses, want %s after %d", err, len(c.pauses), test.fault.Kind, test.pauses)
			}
		})
	}
}

func TestCancelled(t *testing.T) {
	t.Parallel()
	var c clock
	conn := faulty(t, c.policy(), fault.Fault{Kind: connectors.Transient})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := conn.Check(ctx); err == nil || len(c.pauses) != 0 {
		t.Errorf("%v after %d pauses, want a failure at once", err, len(c.pauses))
	}
}

func TestWriteRewinds(t *testing.T) {
	t.Parallel()
	var c clock
	conn := faulty(t, c.policy(),
		fault.Fault{Op: decorate.OpWrite, Nth: 1, Kind: connectors.Transient, Cut: fault.At(5)},
		fault.Fault{Op: decorate.OpWrite, Nth: 3, Kind: connectors.RateLimited},
		fault.Fault{Op: decorate.OpCommit, Nth: 1, Kind: connectors.Transient},
	)
	put(t, conn, "b.txt", "ABCDEFGHIJKLMNOP", func(s string) io.Reader { return strings.NewReader(s) })
	if got, err := get(t, conn, "b.txt", 0); got != "ABCDEFGHIJKLMNOP" || err != nil {
		t.Errorf("got %q, %v", got, err)
	}
	if len(c.pauses) != 3 {
		t.Errorf("%d pauses, want 3", len(c.pauses))
	}
}

// TestWriteWithoutRewind: a body that was read from is gone; sending what is left
// of it would be wrong.
func TestWriteWithoutRewind(t *testing.T) {
	t.Parallel()
	var c clock
	conn := faulty(t, c.policy(), fault.Fault{Op: decorate.OpWrite, Nth: 1, Kind: connectors.Transient, Cut: fault.At(2)})
	s, err := conn.(connectors.Sink).Begin(t.Context(), connectors.Upload{Path: "b.txt", Size: 4})
	if err != nil {
		t.Fatal(err)
	}
	err = s.Write(t.Context(), io.MultiReader(strings.NewReader("ABCD")), 4)
	if !connectors.Is(err, connectors.Transient) || s.Offset() != 0 {
		t.Errorf("%v at offset %d, want the first failure and nothing written", err, s.Offset())
	}
}

// TestReadGoesOn: reading goes on where it broke off.
func TestReadGoesOn(t *testing.T) {
	t.Parallel()
	for _, offset := range []int64{0, 3} {
		var c clock
		conn := faulty(t, c.policy(),
			fault.Fault{Op: decorate.OpOpen, Nth: 1, Kind: connectors.Transient, Cut: fault.At(5)},
			fault.Fault{Op: decorate.OpOpen, Nth: 2, Kind: connectors.Transient},
			fault.Fault{Op: decorate.OpOpen, Nth: 3, Kind: connectors.Transient, Cut: fault.At(9)},
		)
		got, err := get(t, conn, "a.txt", offset)
		if want := "0123456789abcdef"[offset:]; got != want || err != nil {
			t.Errorf("from %d: got %q, %v; want %q", offset, got, err, want)
		}
	}
}

func TestReadGivesUp(t *testing.T) {
	t.Parallel()
	var c clock
	conn := faulty(t, c.policy(), fault.Fault{Op: decorate.OpOpen, Kind: connectors.Transient, Cut: fault.At(5)})
	got, err := get(t, conn, "a.txt", 0)
	if got != "01234" || !connectors.Is(err, connectors.Transient) || len(c.pauses) != 3 {
		t.Errorf("got %q, %v after %d pauses", got, err, len(c.pauses))
	}
}

// TestReadStaysWithItsRevision: what changed in between is not glued on.
func TestReadStaysWithItsRevision(t *testing.T) {
	t.Parallel()
	var c clock
	conn := faulty(t, c.policy(), fault.Fault{Op: decorate.OpOpen, Nth: 1, Kind: connectors.Transient, Cut: fault.At(5)})
	r, _, err := conn.(connectors.Source).Open(t.Context(), "a.txt", 0, "")
	if err != nil {
		t.Fatal(err)
	}
	put(t, conn, "a.txt", "ABCDEFGHIJKLMNOP", func(s string) io.Reader { return strings.NewReader(s) })
	got, err := io.ReadAll(r)
	if string(got) != "01234" || !connectors.Is(err, connectors.Conflict) {
		t.Errorf("got %q, %v; want a conflict after 01234", got, err)
	}
}

func TestDeleteThatSucceededUnseen(t *testing.T) {
	t.Parallel()
	var c clock
	conn := faulty(t, c.policy(), fault.Fault{Op: decorate.OpDelete, Nth: 1, Kind: connectors.Transient, Late: true})
	d := conn.(connectors.Deleter)
	if err := d.Delete(t.Context(), "a.txt", connectors.Expect{}); err != nil {
		t.Errorf("delete: %v", err)
	}
	if err := d.Delete(t.Context(), "a.txt", connectors.Expect{}); !connectors.Is(err, connectors.NotFound) {
		t.Errorf("a delete that finds nothing at first: %v, want NotFound", err)
	}
}

func TestDefaults(t *testing.T) {
	t.Parallel()
	conn := faulty(t, retry.Policy{First: 1}, fault.Fault{Nth: 1, Kind: connectors.Transient})
	if err := conn.Check(t.Context()); err != nil {
		t.Error(err)
	}
}
