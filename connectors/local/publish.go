package local

import (
	"errors"
	"io/fs"
	"os"
	"path"
	"time"

	"github.com/wedsync/wedsync/connectors"
)

// attempts bounds how often a folder is made anew that another writer, having
// emptied it, removes at the same moment.
const attempts = 16

// meet checks the precondition of a write. It is a courtesy that saves bytes;
// publish decides.
func (c *connection) meet(op, name string, e connectors.Expect) error {
	info, err := c.occupant(op, name)
	if err != nil {
		return err
	}
	switch {
	case info != nil && e.Absent:
		return fail(connectors.Exists, op, name, "a file is there")
	case e.Revision != "" && (info == nil || e.Revision != revision(info)):
		return fail(connectors.Conflict, op, name, "the file is not the expected revision")
	}
	return nil
}

// occupant describes the file that a write at name would replace; nil if there is
// none. What is there and no file of that very name cannot be replaced: Exists.
func (c *connection) occupant(op, name string) (fs.FileInfo, error) {
	info, err := c.lstat(op, name)
	if err == nil {
		return info, nil
	}
	if !connectors.Is(err, connectors.NotFound) {
		return nil, err
	}
	_, err = c.root.Lstat(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	err = classify(op, name, err)
	switch connectors.KindOf(err) {
	case "", connectors.NotFound, connectors.Permanent: // there, below a file, beyond a link to outside
		return nil, fail(connectors.Exists, op, name, "something else is in the place of the file or of one of its folders")
	}
	return nil, err
}

// publish makes a finished file of uploadsFolder appear at up.Path, whole and on
// the disk for good, if what is there is what up.Expect demands.
func (c *connection) publish(op string, f *os.File, temp string, up connectors.Upload) (connectors.Object, error) {
	from := path.Join(uploadsFolder, temp)
	if !up.ModTime.IsZero() {
		if err := c.root.Chtimes(from, time.Time{}, up.ModTime); err != nil {
			return connectors.Object{}, classify(op, up.Path, gone(err))
		}
	}
	if err := f.Sync(); err != nil {
		return connectors.Object{}, classify(op, up.Path, err)
	}
	if err := c.place(op, from, up.Path, up.Expect); err != nil {
		return connectors.Object{}, err
	}
	// Described by the open file, this is surely what was written, whoever came
	// after.
	info, err := f.Stat()
	if err != nil {
		return connectors.Object{}, classify(op, up.Path, err)
	}
	return describe(up.Path, info), nil
}

// gone gives a missing upload its own Kind.
func gone(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return &connectors.Error{Kind: connectors.SessionExpired, Op: "commit", Err: errors.New("the unfinished file is gone")}
	}
	return err
}

// place renames from to the path to, making its folders, and makes the new name
// survive a power cut.
func (c *connection) place(op, from, to string, e connectors.Expect) error {
	var err error
	for range attempts {
		err = c.tryPlace(op, from, to, e)
		if !errors.Is(err, fs.ErrNotExist) || !c.there(from) {
			break
		}
	}
	return classify(op, to, err)
}

func (c *connection) tryPlace(op, from, to string, e connectors.Expect) error {
	dir, err := c.makeFolder(path.Dir(to))
	if err != nil {
		return err
	}
	if err = c.rename(op, from, to, e); err == nil {
		err = syncFolder(dir)
	}
	if err = errors.Join(err, dir.Close()); err != nil {
		c.prune(to)
	}
	return err
}

func (c *connection) there(name string) bool {
	_, err := c.root.Lstat(name)
	return err == nil
}

func (c *connection) rename(op, from, to string, e connectors.Expect) error {
	if e.Absent {
		return renameExclusive(c.root, from, to)
	}
	if err := c.meet(op, to, e); err != nil {
		return err
	}
	return c.root.Rename(from, to)
}
