package local

import (
	"fmt"
	"io/fs"
	"os"
	"time"

	"github.com/wedsync/wedsync/connectors"
)

// revision changes with size, times and inode. The change time is in it because
// programs that edit metadata like to put the modification time back; the price
// is that a change of permissions looks like one of content until the hash tells
// otherwise.
func revision(info fs.FileInfo) string {
	inode, changed := identity(info)
	return fmt.Sprintf("%x-%x-%x-%x", info.Size(), info.ModTime().UnixNano(), inode, changed.UnixNano())
}

func changeTime(info fs.FileInfo) time.Time {
	_, changed := identity(info)
	return changed
}

func describe(name string, info fs.FileInfo) connectors.Object {
	return connectors.Object{Path: name, Size: info.Size(), ModTime: info.ModTime().UTC(), Revision: revision(info)}
}

// linkExclusive renames by way of a second name, which fails if something is at
// to. A crash in between leaves both names, never none.
func linkExclusive(root *os.Root, from, to string) error {
	if err := root.Link(from, to); err != nil {
		return err
	}
	return root.Remove(from)
}
