package local

import (
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

const maxPath = 1023

func inodeChange(st *syscall.Stat_t) time.Time { return time.Unix(st.Ctimespec.Unix()) }

func renameNoReplace(fromDir int, from string, toDir int, to string) error {
	return unix.RenameatxNp(fromDir, from, toDir, to, unix.RENAME_EXCL)
}
