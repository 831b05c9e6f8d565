package local

import (
	"errors"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"
	"syscall"

	"github.com/wedsync/wedsync/connectors"
)

// enter opens a folder below parent. A symbolic link is not followed: if one
// takes the folder's place at the last moment, what was opened is not what was
// looked at, and it fails as if the folder were not there.
func enter(parent *os.Root, name string) (*os.Root, error) {
	seen, err := parent.Lstat(name)
	if err != nil {
		return nil, err
	}
	if !seen.IsDir() {
		return nil, &fs.PathError{Op: "open", Path: name, Err: syscall.ENOTDIR}
	}
	dir, err := parent.OpenRoot(name)
	if err != nil {
		return nil, err
	}
	if opened, err := dir.Stat("."); err != nil || !os.SameFile(seen, opened) {
		return nil, errors.Join(&fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}, dir.Close())
	}
	return dir, nil
}

// descend opens the folder at the given path, "" or "." being the root, one
// segment at a time, with step for every segment.
func (c *connection) descend(folder string, step func(parent *os.Root, name string) (*os.Root, error)) (*os.Root, error) {
	dir, err := c.root.OpenRoot(".")
	if err != nil || folder == "" || folder == "." {
		return dir, err
	}
	for name := range strings.SplitSeq(folder, "/") {
		next, err := step(dir, name)
		if err := errors.Join(err, dir.Close()); err != nil {
			return nil, err
		}
		dir = next
	}
	return dir, nil
}

// openFolder opens a folder that is there under exactly this name.
func (c *connection) openFolder(folder string) (*os.Root, error) {
	return c.descend(folder, func(parent *os.Root, name string) (*os.Root, error) {
		if exact, err := c.spelled(parent, name); err != nil || !exact {
			return nil, errors.Join(err, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist})
		}
		return enter(parent, name)
	})
}

// makeFolder opens a folder and makes it and those above it if they are not
// there. A file, or a folder spelled otherwise, in its place is ErrExist.
func (c *connection) makeFolder(folder string) (*os.Root, error) {
	return c.descend(folder, func(parent *os.Root, name string) (*os.Root, error) {
		err := parent.Mkdir(name, 0o777)
		if err == nil {
			if err := syncFolder(parent); err != nil {
				return nil, err
			}
			return enter(parent, name)
		}
		if !errors.Is(err, fs.ErrExist) {
			return nil, err
		}
		if exact, spellErr := c.spelled(parent, name); spellErr != nil || !exact {
			return nil, errors.Join(spellErr, err)
		}
		dir, enterErr := enter(parent, name)
		if errors.Is(enterErr, syscall.ENOTDIR) {
			return nil, err
		}
		return dir, enterErr
	})
}

// spelled reports whether an entry that is there has exactly this name. Only
// where the file system folds names can it be found under another one.
func (c *connection) spelled(parent *os.Root, name string) (bool, error) {
	if !c.rules.FoldsCase && c.rules.Normalization == connectors.NormalizationNone {
		return true, nil
	}
	all, err := names(parent, -1)
	return slices.Contains(all, name), err
}

// names returns at most n names of the folder's entries, all with n < 0.
func names(dir *os.Root, n int) ([]string, error) {
	f, err := dir.Open(".")
	if err != nil {
		return nil, err
	}
	defer f.Close()
	all, err := f.Readdirnames(n)
	if n > 0 && len(all) == 0 {
		return nil, nil // io.EOF of an empty folder
	}
	return all, err
}

// checkName refuses what the file system cannot hold, and the folder in which
// uploads grow.
func (c *connection) checkName(op, name string) error {
	if why := c.rules.Check(name); why != "" {
		return fail(connectors.NameRejected, op, name, why)
	}
	if key := c.rules.Key(name); key == uploadsFolder || strings.HasPrefix(key, uploadsFolder+"/") {
		return fail(connectors.NameRejected, op, name, "the hub keeps unfinished uploads there")
	}
	return nil
}

// lstat describes the regular file at exactly this path, or fails with NotFound.
func (c *connection) lstat(op, name string) (fs.FileInfo, error) {
	if err := c.checkName(op, name); err != nil {
		return nil, err
	}
	dir, err := c.openFolder(path.Dir(name))
	if err != nil {
		return nil, classify(op, name, err)
	}
	defer dir.Close()
	info, err := dir.Lstat(path.Base(name))
	if err != nil {
		return nil, classify(op, name, err)
	}
	if !info.Mode().IsRegular() {
		return nil, fail(connectors.NotFound, op, name, "what is there is no regular file")
	}
	if exact, err := c.spelled(dir, path.Base(name)); err != nil || !exact {
		return nil, errors.Join(classify(op, name, err), fail(connectors.NotFound, op, name, "the file is there under another spelling"))
	}
	return info, nil
}

// expected is lstat with a precondition. Absent makes no sense for a file that
// has to be there, and is never met.
func (c *connection) expected(op, name string, e connectors.Expect) (fs.FileInfo, error) {
	info, err := c.lstat(op, name)
	if err != nil {
		return nil, err
	}
	if e.Absent || e.Revision != "" && e.Revision != revision(info) {
		return nil, fail(connectors.Conflict, op, name, "the file is not the expected revision")
	}
	return info, nil
}

// prune removes the folders above name that are empty, as stores without folders
// have them. What is not empty, in use, or no folder stays.
func (c *connection) prune(name string) {
	for dir := path.Dir(name); dir != "." && dir != connectors.HubFolder; dir = path.Dir(dir) {
		if info, err := c.root.Lstat(dir); err != nil || !info.IsDir() || c.root.Remove(dir) != nil {
			return
		}
	}
}

// syncFolder makes the names in a folder survive a power cut.
func syncFolder(dir *os.Root) error {
	f, err := dir.Open(".")
	if err != nil {
		return err
	}
	return errors.Join(syncNames(f), f.Close())
}
