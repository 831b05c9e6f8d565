//go:build !linux && !darwin

package local

import (
	"io/fs"
	"os"
	"time"
)

const maxPath = 32_000

// identity knows nothing beyond what every system tells.
func identity(info fs.FileInfo) (inode uint64, changed time.Time) { return 0, info.ModTime() }

// syncNames does nothing: a folder cannot be flushed here.
func syncNames(*os.File) error { return nil }

// renameExclusive renames unless something is at to.
func renameExclusive(root *os.Root, from, to string) error { return linkExclusive(root, from, to) }
