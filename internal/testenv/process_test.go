//go:build linux || darwin

package testenv

import (
	"os"
	"testing"
)

// A test binary that is killed closes the guard's input, as this test does.
func TestServerEndsWithItsTests(t *testing.T) {
	t.Parallel()
	p, err := newProcess("sleeper", true)
	if err != nil {
		t.Fatal(err)
	}
	if err := p.start("KILL", "sleep", "3600"); err != nil {
		t.Fatal(err)
	}
	if err := p.Close(); err != nil { // waits for the sleeper too
		t.Fatal(err)
	}
	if _, err := os.Stat(p.dir); !os.IsNotExist(err) {
		t.Fatalf("the folder is still there: %v", err)
	}
}
