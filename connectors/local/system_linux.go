package local

import (
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

const maxPath = unix.PathMax - 1

func inodeChange(st *syscall.Stat_t) time.Time { return time.Unix(st.Ctim.Unix()) }

func renameNoReplace(fromDir int, from string, toDir int, to string) error {
	return unix.Renameat2(fromDir, from, toDir, to, unix.RENAME_NOREPLACE)
}
