package memory

import (
	"context"
	"io"
	"slices"

	"github.com/wedsync/wedsync/connectors"
)

// Delete implements connectors.Deleter.
func (c *connection) Delete(ctx context.Context, path string, expect connectors.Expect) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, err := c.expected("delete", path, expect); err != nil {
		return err
	}
	c.remove(path)
	return nil
}

// expected returns what is at path if it meets expect. Absent makes no sense for
// something that has to be there, and is refused.
func (c *connection) expected(op, path string, e connectors.Expect) (*content, error) {
	f, err := c.find(op, path)
	if err != nil {
		return nil, err
	}
	if e.Absent || e.Revision != "" && e.Revision != f.object.Revision {
		return nil, fail(connectors.Conflict, op, path, "the file is not the expected revision")
	}
	return f, nil
}

// Move implements connectors.Mover.
func (c *connection) Move(ctx context.Context, from, to string, expect connectors.Expect) (connectors.Object, error) {
	return c.relocate(ctx, "move", from, to, expect, true)
}

// Copy implements connectors.Copier.
func (c *connection) Copy(ctx context.Context, from, to string, expect connectors.Expect) (connectors.Object, error) {
	return c.relocate(ctx, "copy", from, to, expect, false)
}

func (c *connection) relocate(ctx context.Context, op, from, to string, expect connectors.Expect, away bool) (connectors.Object, error) {
	if err := ctx.Err(); err != nil {
		return connectors.Object{}, err
	}
	if err := c.checkName(op, to); err != nil {
		return connectors.Object{}, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	f, err := c.expected(op, from, expect)
	if err != nil {
		return connectors.Object{}, err
	}
	// A new spelling of the same folded name is a rename onto itself and fine.
	respelled := away && from != to && c.options.Rules.Key(from) == c.options.Rules.Key(to)
	if !respelled {
		if err := c.meet(op, to, connectors.Expect{Absent: true}); err != nil {
			return connectors.Object{}, err
		}
	}
	if away {
		c.remove(from)
	}
	obj := f.describe()
	obj.Path = to
	return c.place(obj, f.body), nil
}

// Versions implements connectors.Versioner.
func (c *connection) Versions(ctx context.Context, path string) ([]connectors.Object, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.options.NoVersions {
		return nil, c.noVersions(path)
	}
	var out []connectors.Object
	if f := c.files[c.options.Rules.Key(path)]; f != nil {
		for _, v := range slices.Backward(f.versions) {
			out = append(out, v.describe())
		}
	}
	if len(out) == 0 {
		return nil, fail(connectors.NotFound, "versions", path, "no such file")
	}
	return out, nil
}

// OpenVersion implements connectors.Versioner.
func (c *connection) OpenVersion(ctx context.Context, path, version string) (io.ReadCloser, connectors.Object, error) {
	if err := ctx.Err(); err != nil {
		return nil, connectors.Object{}, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.options.NoVersions {
		return nil, connectors.Object{}, c.noVersions(path)
	}
	if f := c.files[c.options.Rules.Key(path)]; f != nil {
		for _, v := range f.versions {
			if v.object.Version == version {
				return v.reader(0), v.describe(), nil
			}
		}
	}
	return nil, connectors.Object{}, fail(connectors.NotFound, "openversion", path, "no such version")
}

func (c *connection) noVersions(path string) error {
	return fail(connectors.Unsupported, "versions", path, "this store was created with NoVersions; create it without to keep versions")
}
