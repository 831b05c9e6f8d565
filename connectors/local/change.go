package local

import (
	"context"
	"crypto/rand"
	"errors"
	"io"
	"os"
	"path"

	"github.com/wedsync/wedsync/connectors"
)

// Delete implements connectors.Deleter.
func (c *connection) Delete(ctx context.Context, name string, expect connectors.Expect) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if _, err := c.expected("delete", name, expect); err != nil {
		return err
	}
	if err := c.root.Remove(name); err != nil {
		return classify("delete", name, err)
	}
	c.prune(name)
	return nil
}

// Move implements connectors.Mover.
func (c *connection) Move(ctx context.Context, from, to string, expect connectors.Expect) (connectors.Object, error) {
	if err := ctx.Err(); err != nil {
		return connectors.Object{}, err
	}
	if err := c.checkName("move", to); err != nil {
		return connectors.Object{}, err
	}
	if _, err := c.expected("move", from, expect); err != nil {
		return connectors.Object{}, err
	}
	if from != to && c.rules.Key(from) == c.rules.Key(to) {
		// Only the spelling changes, on a file system that takes both for one.
		if err := c.root.Rename(from, to); err != nil {
			return connectors.Object{}, classify("move", from, err)
		}
	} else if err := c.place("move", from, to, connectors.Expect{Absent: true}); err != nil {
		return connectors.Object{}, err
	}
	c.prune(from)
	return c.Stat(ctx, to)
}

// Copy implements connectors.Copier. The system copies, on some file systems
// without reading a byte.
func (c *connection) Copy(ctx context.Context, from, to string, expect connectors.Expect) (connectors.Object, error) {
	if err := ctx.Err(); err != nil {
		return connectors.Object{}, err
	}
	up := connectors.Upload{Path: to, Expect: connectors.Expect{Absent: true}}
	if err := c.checkName("copy", to); err != nil {
		return connectors.Object{}, err
	}
	if err := c.meet("copy", to, up.Expect); err != nil {
		return connectors.Object{}, err
	}
	source, info, err := c.openFile("copy", from, expect)
	if err != nil {
		return connectors.Object{}, err
	}
	defer source.Close()
	up.ModTime = info.ModTime()
	temp := rand.Text()
	f, err := c.createTemp(temp)
	if err != nil {
		return connectors.Object{}, classify("copy", to, err)
	}
	obj, err := c.duplicate(source, f, temp, up, revision(info))
	if err != nil {
		// What is left of a failed copy is swept up later if it cannot be removed.
		_ = c.root.Remove(path.Join(uploadsFolder, temp))
	}
	return obj, errors.Join(err, f.Close())
}

func (c *connection) duplicate(source, f *os.File, temp string, up connectors.Upload, rev string) (connectors.Object, error) {
	if _, err := io.Copy(f, source); err != nil {
		return connectors.Object{}, classify("copy", up.Path, err)
	}
	if now, err := source.Stat(); err != nil || revision(now) != rev {
		return connectors.Object{}, fail(connectors.Conflict, "copy", up.Path, "the file was changed while it was copied")
	}
	return c.publish("copy", f, temp, up)
}
