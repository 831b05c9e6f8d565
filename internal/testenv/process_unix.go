//go:build linux || darwin

package testenv

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"
)

// guard runs a server until its own input ends, which happens when the test
// binary exits or dies, even by kill -9; then it removes the server's folder.
const guard = `dir=$1 signal=$2; shift 2
"$@" </dev/null >"$dir/log" 2>&1 &
cat >/dev/null
kill -"$signal" $! 2>/dev/null
wait $!
rm -rf "$dir"`

// process is a server with a folder of its own.
type process struct {
	dir   string
	owner *syscall.Credential
	guard *exec.Cmd
	input io.Closer
}

// newProcess makes the folder. If unprivileged is set and the tests run as root,
// it and the server belong to another user.
func newProcess(name string, unprivileged bool) (*process, error) {
	// Not os.TempDir: the path of a socket is limited to about 100 bytes.
	dir, err := os.MkdirTemp("/tmp", "wedsync-"+name+"-")
	if err != nil {
		return nil, fmt.Errorf("make folder for %s: %w", name, err)
	}
	p := &process{dir: dir}
	if unprivileged && os.Geteuid() == 0 {
		if p.owner, err = anybodyButRoot(); err == nil {
			err = os.Chown(dir, int(p.owner.Uid), int(p.owner.Gid))
		}
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("prepare folder for %s: %w", name, err), os.RemoveAll(dir))
	}
	return p, nil
}

func anybodyButRoot() (*syscall.Credential, error) {
	u, err := user.Lookup("postgres")
	if err != nil {
		if u, err = user.Lookup("nobody"); err != nil {
			return nil, err
		}
	}
	uid, err := strconv.ParseUint(u.Uid, 10, 32)
	if err != nil {
		return nil, err
	}
	gid, err := strconv.ParseUint(u.Gid, 10, 32)
	if err != nil {
		return nil, err
	}
	return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, nil
}

// command is a command run in the folder by its owner, apart from the terminal's
// process group so that an interrupt reaches the tests first.
func (p *process) command(name string, args ...string) *exec.Cmd {
	cmd := exec.Command(name, args...)
	cmd.Dir = p.dir
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Credential: p.owner}
	return cmd
}

// start runs the server; signal is what ends it.
func (p *process) start(signal string, command ...string) error {
	p.guard = p.command("/bin/sh", append([]string{"-c", guard, "guard", p.dir, signal}, command...)...)
	input, err := p.guard.StdinPipe()
	if err != nil {
		return err
	}
	p.input = input
	return p.guard.Start()
}

// output returns what the server wrote, to explain why it did not start.
func (p *process) output() string {
	text, err := os.ReadFile(filepath.Join(p.dir, "log"))
	if err != nil {
		return err.Error()
	}
	return string(text)
}

// Close ends the server and removes its folder.
func (p *process) Close() error {
	if p.guard == nil || p.guard.Process == nil {
		return os.RemoveAll(p.dir)
	}
	if err := p.input.Close(); err != nil {
		return err
	}
	return p.guard.Wait()
}

// lockFile waits until no other process, and nothing else in this one, holds the
// lock, and takes it. It ends with the process at the latest.
func lockFile(path string) (unlock func() error, err error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f.Close, nil
}
