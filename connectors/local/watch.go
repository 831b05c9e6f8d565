package local

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"sync"
	"syscall"

	"github.com/fsnotify/fsnotify"

	"github.com/wedsync/wedsync/connectors"
)

// watcher turns the system's notifications about folders into changes of a feed.
type watcher struct {
	*connection
	feed *feed
	sys  *fsnotify.Watcher
	// folders that are watched; used by one goroutine at a time.
	folders map[string]bool
}

// watch starts a feed over the whole tree.
func (c *connection) watch(ctx context.Context) (*feed, error) {
	sys, err := fsnotify.NewWatcher()
	if err != nil {
		return nil, fmt.Errorf("start watching: %w", err)
	}
	f := &feed{
		instance: rand.Text(),
		settle:   c.settle,
		paths:    map[string]noted{},
		changed:  make(chan struct{}),
	}
	w := &watcher{connection: c, feed: f, sys: sys, folders: map[string]bool{}}
	unsettled := func(name string, info fs.FileInfo) bool { return c.settle.writing(info) }
	if err := w.addTree(ctx, "", unsettled); err != nil {
		return nil, errors.Join(watchLimit(err), sys.Close())
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		w.run()
	}()
	f.stop = sync.OnceFunc(func() {
		f.fail()
		// Closing the notifications of a watch that ended anyway cannot fail in a way
		// that matters: the feed is broken already.
		_ = sys.Close()
		<-done
	})
	return f, nil
}

// watchLimit explains the one failure that an operator can do something about.
func watchLimit(err error) error {
	if errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EMFILE) {
		return fail(connectors.Unsupported, "latest", "", "the system's limit of watched folders is reached (fs.inotify.max_user_watches, or open files)")
	}
	return err
}

// run ends when the notifications do, or when some were lost.
func (w *watcher) run() {
	for {
		select {
		case e, ok := <-w.sys.Events:
			if !ok || w.handle(e) != nil {
				w.feed.fail()
				return
			}
		case <-w.sys.Errors:
			// An overflow or a failing watch: something may have been missed.
			w.feed.fail()
			return
		}
	}
}

var errMoved = errors.New("a folder was moved away with all that is in it")

// handle notes what a notification tells. An error means that the feed can no
// longer promise to tell everything.
func (w *watcher) handle(e fsnotify.Event) error {
	rel, err := filepath.Rel(w.path, e.Name)
	if err != nil {
		return err
	}
	name := filepath.ToSlash(rel)
	if name == "." && (e.Has(fsnotify.Remove) || e.Has(fsnotify.Rename)) {
		return errMoved
	}
	if name == "." || w.ownFolder(name) || connectors.InHubFolder(name) || strings.HasPrefix(name, probePrefix) {
		return nil
	}
	switch {
	case e.Has(fsnotify.Create):
		return w.created(name)
	case w.folders[name] && e.Has(fsnotify.Rename):
		return errMoved
	case w.folders[name] && e.Has(fsnotify.Remove):
		// Its files were removed before it, one by one.
		delete(w.folders, name)
	case w.folders[name]:
	default:
		w.feed.note(name)
	}
	return nil
}

// created watches a new folder, and notes what came into it before it was.
func (w *watcher) created(name string) error {
	info, err := w.root.Lstat(name)
	if errors.Is(err, fs.ErrNotExist) || err == nil && !info.IsDir() {
		w.feed.note(name)
		return nil
	}
	if err != nil {
		return err
	}
	all := func(string, fs.FileInfo) bool { return true }
	return w.addTree(context.Background(), name, all)
}

// addTree watches a folder and all below it, and notes the files that which
// picks. A folder is watched before it is read: what comes in between is noted
// twice, never not at all.
func (w *watcher) addTree(ctx context.Context, folder string, which func(string, fs.FileInfo) bool) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	dir, err := w.openFolder(folder)
	if err != nil {
		return ignoreGone(folder, err)
	}
	defer dir.Close()
	if err := w.sys.Add(filepath.Join(w.path, filepath.FromSlash(folder))); err != nil {
		return ignoreGone(folder, err)
	}
	w.folders[folder] = true
	return w.addEntries(ctx, dir, folder, which)
}

func (w *watcher) addEntries(ctx context.Context, dir *os.Root, folder string, which func(string, fs.FileInfo) bool) error {
	all, err := names(dir, -1)
	if err != nil {
		return ignoreGone(folder, err)
	}
	for _, base := range all {
		name := path.Join(folder, base)
		if w.ownFolder(name) || strings.HasPrefix(name, probePrefix) {
			continue
		}
		info, err := dir.Lstat(base)
		switch {
		case errors.Is(err, fs.ErrNotExist):
		case err != nil:
			return err
		case info.IsDir():
			if err := w.addTree(ctx, name, which); err != nil {
				return err
			}
		case which(name, info):
			w.feed.note(name)
		}
	}
	return nil
}

// ignoreGone forgives a folder below the root for having vanished, and one that
// may not be read: a listing leaves it out just so.
func ignoreGone(folder string, err error) error {
	gone := errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR) || errors.Is(err, fs.ErrPermission)
	if folder != "" && gone {
		return nil
	}
	return err
}
