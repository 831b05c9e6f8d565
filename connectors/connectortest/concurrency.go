package connectortest

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"sync"
	"testing"

	"github.com/wedsync/wedsync/connectors"
)

const workers = 8

func (s suite) testConcurrency(t *testing.T) {
	s.run(t, "UploadsAndReads", testUploadsAndReads)
	s.run(t, "OneWinner", testOneWinner)
	s.run(t, "Overwrites", testOverwrites)
	s.run(t, "SameFolders", testSameFolders)
}

// parallel runs f once per worker and returns what each said.
func parallel(f func(i int) error) []error {
	errs := make([]error, workers)
	var wg sync.WaitGroup
	for i := range workers {
		wg.Go(func() { errs[i] = f(i) })
	}
	wg.Wait()
	return errs
}

func testUploadsAndReads(t *test) {
	shared := content(99, 300_000)
	t.mustPut("shared.jpg", shared)
	err := errors.Join(parallel(func(i int) error {
		path, body := fmt.Sprintf("w%d/IMG.jpg", i), content(uint64(i), 200_000+int64(i))
		if _, err := put(t, connectors.Upload{Path: path}, body); err != nil {
			return err
		}
		for p, want := range map[string][]byte{path: body, "shared.jpg": shared} {
			if got, _, err := read(t, p, 0, ""); err != nil || !bytes.Equal(got, want) {
				return fmt.Errorf("%s: %d bytes, %w", p, len(got), err)
			}
		}
		_, err := t.source().List(t.ctx, "", "")
		return err
	})...)
	if err != nil {
		t.Fatal(err)
	}
	if all, _ := t.list(""); len(all) != workers+1 {
		t.Errorf("%d files are listed, want %d", len(all), workers+1)
	}
}

// testOneWinner: of several writers that demand an empty place, one gets it.
func testOneWinner(t *test) {
	errs := parallel(func(i int) error {
		up := connectors.Upload{Path: "one.jpg", Expect: connectors.Expect{Absent: true}}
		_, err := put(t, up, content(uint64(i), 100_000))
		return err
	})
	winner, winners := -1, 0
	for i, err := range errs {
		if err == nil {
			winner, winners = i, winners+1
			continue
		}
		t.wantKind("a loser", err, connectors.Exists, connectors.Conflict)
	}
	if winners == 0 || winners > 1 && !t.RacyExpect {
		t.Fatalf("%d writers won, want one", winners)
	}
	if winners == 1 {
		t.wantContent("one.jpg", content(uint64(winner), 100_000))
	}
}

// testOverwrites: whoever comes last, a reader sees one writer's whole content.
func testOverwrites(t *test) {
	const size = 200_000
	known := map[string]bool{}
	for i := range workers {
		known[string(content(uint64(i), size))] = true
	}
	t.mustPut("a.jpg", content(0, size))
	err := errors.Join(parallel(func(i int) error {
		if i%2 == 0 {
			_, err := put(t, connectors.Upload{Path: "a.jpg"}, content(uint64(i), size))
			return err
		}
		for range 5 {
			got, _, err := read(t, "a.jpg", 0, "")
			if connectors.Is(err, connectors.Conflict) {
				continue
			}
			if err != nil {
				return err
			}
			if !known[string(got)] {
				return fmt.Errorf("a reader saw %d bytes that nobody wrote", len(got))
			}
		}
		return nil
	})...)
	if err != nil {
		t.Fatal(err)
	}
}

// testSameFolders: folders that come and go under several writers lose nothing.
func testSameFolders(t *test) {
	d, canDelete := t.conn.(connectors.Deleter)
	err := errors.Join(parallel(func(i int) error {
		path, body := fmt.Sprintf("x/y/%d.jpg", i), content(uint64(i), 1000)
		for range 5 {
			if _, err := put(t, connectors.Upload{Path: path}, body); err != nil {
				return err
			}
			r, _, err := t.source().Open(t.ctx, path, 0, "")
			if err != nil {
				return err
			}
			got, err := io.ReadAll(r)
			if err := errors.Join(err, r.Close()); err != nil || !bytes.Equal(got, body) {
				return fmt.Errorf("%s: %d bytes, %w", path, len(got), err)
			}
			if !canDelete {
				return nil
			}
			if err := d.Delete(t.ctx, path, connectors.Expect{}); err != nil {
				return err
			}
		}
		return nil
	})...)
	if err != nil {
		t.Fatal(err)
	}
	if canDelete {
		t.wantList("")
	}
}
