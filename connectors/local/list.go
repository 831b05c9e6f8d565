package local

import (
	"context"
	"encoding/base64"
	"errors"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/wedsync/wedsync/connectors"
)

// pageSize bounds a page. A folder is read anew for every page that it spans, so
// that pages are large.
const pageSize = 1000

// List implements connectors.Source. It walks in the order of names, segment by
// segment; the cursor is the last path told.
func (c *connection) List(ctx context.Context, prefix, cursor string) (connectors.Page, error) {
	if err := ctx.Err(); err != nil {
		return connectors.Page{}, err
	}
	if err := c.present("list"); err != nil {
		return connectors.Page{}, err
	}
	after, err := parseCursor(cursor)
	if err != nil {
		return connectors.Page{}, err
	}
	if prefix != "" {
		if err := c.checkName("list", prefix); err != nil {
			return connectors.Page{}, err
		}
	}
	dir, err := c.openFolder(prefix)
	if err != nil {
		if err = classify("list", prefix, err); connectors.Is(err, connectors.NotFound) {
			return connectors.Page{}, nil // as a store without folders answers
		}
		return connectors.Page{}, err
	}
	defer dir.Close()
	w := walker{ctx: ctx, connection: c}
	full, err := w.walk(dir, prefix, after)
	if err != nil {
		return connectors.Page{}, classify("list", prefix, err)
	}
	if err := c.present("list"); err != nil {
		return connectors.Page{}, err
	}
	if full {
		w.page.Next = formatCursor(prefix, w.last)
	}
	return w.page, nil
}

// formatCursor hides the path below prefix, which need not be valid UTF-8.
func formatCursor(prefix, last string) string {
	if prefix != "" {
		last = strings.TrimPrefix(last, prefix+"/")
	}
	return base64.RawURLEncoding.EncodeToString([]byte(last))
}

// parseCursor returns the segments to go on after; none to start with.
func parseCursor(cursor string) ([]string, error) {
	if cursor == "" {
		return nil, nil
	}
	last, err := base64.RawURLEncoding.DecodeString(cursor)
	if err != nil {
		return nil, fail(connectors.Invalid, "list", "", "the cursor is none of this store")
	}
	return strings.Split(string(last), "/"), nil
}

// walker fills one page.
type walker struct {
	*connection
	ctx  context.Context
	page connectors.Page
	last string
	// waited tells that the page has given files the time to settle.
	waited bool
}

// walk adds what is in the folder, from after on, and reports whether the page is
// full.
func (w *walker) walk(dir *os.Root, folder string, after []string) (full bool, err error) {
	all, err := names(dir, -1)
	if err != nil {
		return false, err
	}
	slices.Sort(all)
	for _, name := range all {
		var deeper []string
		if len(after) > 0 {
			if name < after[0] {
				continue
			}
			if name == after[0] {
				deeper = after[1:]
			}
		}
		told := len(after) == 1 && name == after[0]
		if full, err := w.entry(dir, path.Join(folder, name), name, told, deeper); full || err != nil {
			return full, err
		}
	}
	return false, nil
}

// entry adds one entry of a folder; told means that an earlier page ended with
// it.
func (w *walker) entry(dir *os.Root, full, name string, told bool, after []string) (bool, error) {
	if err := w.ctx.Err(); err != nil {
		return false, err
	}
	if w.ownFolder(full) {
		return false, nil
	}
	info, err := dir.Lstat(name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return false, nil // gone in the meantime
	case err != nil:
		return false, err
	case told:
		return false, nil
	case info.IsDir() && w.rules.Check(full) == "":
		return w.folder(dir, full, name, after)
	}
	if why := w.unfit(info, full); why != "" {
		return w.skip(full, why), nil
	}
	if info, err = w.settleDown(dir, name, info); err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return false, nil // gone in the meantime
		}
		return false, err
	}
	if w.settle.writing(info) {
		return w.skip(full, "still being written"), nil
	}
	w.page.Objects = append(w.page.Objects, describe(full, info))
	return w.tell(full), nil
}

func (w *walker) folder(dir *os.Root, full, name string, after []string) (bool, error) {
	sub, err := enter(dir, name)
	if errors.Is(err, fs.ErrPermission) {
		return w.skip(full, "this folder may not be read"), nil
	}
	if kind := connectors.KindOf(classify("list", full, err)); kind == connectors.NotFound {
		return false, nil // gone in the meantime
	}
	if err != nil {
		return false, err
	}
	defer sub.Close()
	stop, err := w.walk(sub, full, after)
	switch {
	case errors.Is(err, fs.ErrPermission):
		return w.skip(full, "this folder may not be read"), nil
	case errors.Is(err, fs.ErrNotExist):
		return false, nil // gone in the meantime
	}
	return stop, err
}

// ownFolder reports whether the entry is what the hub keeps for itself. The rest
// of HubFolder is listed when somebody asks for it.
func (c *connection) ownFolder(full string) bool {
	return c.rules.Key(full) == connectors.HubFolder || full == uploadsFolder
}

// unfit tells why a listing leaves the entry out, or "".
func (w *walker) unfit(info fs.FileInfo, full string) string {
	switch {
	case !utf8.ValidString(full):
		return "the name is not valid UTF-8"
	case info.Mode()&fs.ModeSymlink != 0:
		return "a symbolic link is not followed"
	case info.IsDir():
		return w.rules.Check(full)
	case !info.Mode().IsRegular():
		return "this is no regular file"
	}
	return w.rules.Check(full)
}

// settleDown gives a file that was written a moment ago the time to prove that it
// is finished, so that somebody who saves a file and starts a sync at once finds
// it taken. A page waits no longer than one settling time in all: by then every
// file that was finished when it began has settled.
func (w *walker) settleDown(dir *os.Root, name string, info fs.FileInfo) (fs.FileInfo, error) {
	if !w.settle.writing(info) || w.waited {
		return info, nil
	}
	w.waited = true
	select {
	case <-w.settle.after(w.settle.window):
	case <-w.ctx.Done():
		return nil, w.ctx.Err()
	}
	return dir.Lstat(name)
}

func (w *walker) skip(full, why string) bool {
	w.page.Skipped = append(w.page.Skipped, connectors.Skipped{Path: strings.ToValidUTF8(full, "\ufffd"), Reason: why})
	return w.tell(full)
}

// tell notes how far the page got and reports whether it is full.
func (w *walker) tell(full string) bool {
	w.last = full
	return len(w.page.Objects)+len(w.page.Skipped) >= pageSize
}
