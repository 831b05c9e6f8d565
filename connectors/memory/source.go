package memory

import (
	"bytes"
	"context"
	"io"
	"slices"
	"strings"

	"github.com/wedsync/wedsync/connectors"
)

// List implements connectors.Source. The cursor is the last path told.
func (c *connection) List(ctx context.Context, prefix, cursor string) (connectors.Page, error) {
	if err := ctx.Err(); err != nil {
		return connectors.Page{}, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	var found []*content
	for _, f := range c.files {
		if f.current != nil && below(prefix, f.current.object.Path) && f.current.object.Path > cursor {
			found = append(found, f.current)
		}
	}
	slices.SortFunc(found, func(a, b *content) int { return strings.Compare(a.object.Path, b.object.Path) })

	var page connectors.Page
	for _, f := range found[:min(len(found), c.options.PageSize)] {
		page.Objects = append(page.Objects, f.describe())
	}
	if len(found) > c.options.PageSize {
		page.Next = page.Objects[c.options.PageSize-1].Path
	}
	return page, nil
}

// below reports whether a listing of prefix includes path.
func below(prefix, path string) bool {
	if connectors.InHubFolder(path) && !connectors.InHubFolder(prefix) {
		return false
	}
	return prefix == "" || strings.HasPrefix(path, prefix+"/")
}

// Stat implements connectors.Source.
func (c *connection) Stat(ctx context.Context, path string) (connectors.Object, error) {
	if err := ctx.Err(); err != nil {
		return connectors.Object{}, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	f, err := c.find("stat", path)
	if err != nil {
		return connectors.Object{}, err
	}
	return f.describe(), nil
}

// Open implements connectors.Source. Content is immutable, so that a reader goes
// on with the old one whatever happens.
func (c *connection) Open(ctx context.Context, path string, offset int64, revision string) (io.ReadCloser, connectors.Object, error) {
	if err := ctx.Err(); err != nil {
		return nil, connectors.Object{}, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	f, err := c.find("open", path)
	switch {
	case err != nil:
		return nil, connectors.Object{}, err
	case revision != "" && f.object.Revision != revision:
		return nil, connectors.Object{}, fail(connectors.Conflict, "open", path, "the file is not the expected revision")
	case offset < 0 || offset > f.object.Size:
		return nil, connectors.Object{}, fail(connectors.Invalid, "open", path, "the offset is outside the file")
	}
	return f.reader(offset), f.describe(), nil
}

func (c *content) reader(offset int64) io.ReadCloser {
	return io.NopCloser(bytes.NewReader(c.body[offset:]))
}
