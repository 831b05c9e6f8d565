// Package npm runs the programs of this folder: clients, servers and audits that
// nobody here wrote, driven by a few lines of JavaScript. `make tools` installs
// them.
package npm

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"testing"
	"time"
)

// patience is how long a program may take to end after its test is over.
const patience = 5 * time.Second

// Command returns the script of this folder, ready to run until the test ends. A
// test that needs it fails where it is not installed.
func Command(t *testing.T, script string, args ...string) *exec.Cmd {
	t.Helper()
	dir := folder(t)
	if _, err := os.Stat(filepath.Join(dir, "node_modules", ".package-lock.json")); err != nil {
		t.Fatalf("the npm programs are not installed, run make tools: %v", err)
	}
	node, err := exec.LookPath("node")
	if err != nil {
		t.Fatalf("this test needs Node.js: %v", err)
	}
	cmd := exec.CommandContext(t.Context(), node, append([]string{"--no-warnings", filepath.Join(dir, script)}, args...)...)
	cmd.WaitDelay = patience
	return cmd
}

// Run runs the script to its end and returns what it printed.
func Run(t *testing.T, script string, args ...string) []byte {
	t.Helper()
	cmd := Command(t, script, args...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s: %v\n%s%s", script, err, out, stderr.Bytes())
	}
	return out
}

func folder(t *testing.T) string {
	t.Helper()
	_, file, _, ok := runtime.Caller(0)
	if dir := filepath.Dir(file); ok && filepath.IsAbs(dir) {
		return dir
	}
	// Built with -trimpath: the test runs in its package's folder, below go.mod.
	dir, err := os.Getwd()
	for err == nil && dir != filepath.Dir(dir) {
		if _, missing := os.Stat(filepath.Join(dir, "go.mod")); missing == nil {
			return filepath.Join(dir, "internal", "testenv", "npm")
		}
		dir = filepath.Dir(dir)
	}
	t.Fatal(errors.Join(errors.New("cannot find the folder of go.mod"), err))
	return ""
}
