//go:build !linux && !darwin

package testenv

import (
	"errors"
	"os/exec"
)

// process cannot be had on this system: tests need the servers' URLs or run on
// SQLite and in-process Redis.
type process struct{ dir string }

func newProcess(string, bool) (*process, error) {
	return nil, errors.New("private servers are started on Linux and macOS only")
}

func (p *process) command(name string, args ...string) *exec.Cmd { return exec.Command(name, args...) }
func (p *process) start(string, ...string) error                 { return errors.ErrUnsupported }
func (p *process) output() string                                { return "" }
func (p *process) Close() error                                  { return nil }

func lockFile(string) (func() error, error) { return nil, errors.ErrUnsupported }
