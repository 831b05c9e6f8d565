//go:build linux || darwin

package local

import (
	"errors"
	"io/fs"
	"os"
	"path"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// identity returns what the file system itself keeps about an inode.
func identity(info fs.FileInfo) (inode uint64, changed time.Time) {
	st, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return 0, info.ModTime()
	}
	return st.Ino, inodeChange(st)
}

func syncNames(dir *os.File) error { return dir.Sync() }

// renameExclusive renames unless something is at to.
func renameExclusive(root *os.Root, from, to string) error {
	a, err := root.Open(path.Dir(from))
	if err != nil {
		return err
	}
	defer a.Close()
	b, err := root.Open(path.Dir(to))
	if err != nil {
		return err
	}
	defer b.Close()
	err = renameNoReplace(int(a.Fd()), path.Base(from), int(b.Fd()), path.Base(to))
	// The kernel knows how, but not every file system does.
	if errors.Is(err, unix.EINVAL) || errors.Is(err, unix.ENOSYS) || errors.Is(err, unix.ENOTSUP) {
		return linkExclusive(root, from, to)
	}
	return err
}
