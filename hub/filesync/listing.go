package filesync

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/bmatcuk/doublestar/v4"

	"github.com/wedsync/wedsync/connectors"
	"github.com/wedsync/wedsync/ent"
	"github.com/wedsync/wedsync/hub"
	"github.com/wedsync/wedsync/hub/filesync/reconcile"
)

// maxFiles bounds what one listing may hold, and with it the memory of a plan.
const maxFiles = 2_000_000

// hopelessError is a failure that trying again does not mend: a person has to do
// something first.
type hopelessError struct{ why string }

func (e hopelessError) Error() string { return e.why }

// filter says which paths a sync takes.
type filter struct{ include, exclude []string }

func filterOf(f *ent.FileSync) filter { return filter{f.Include, f.Exclude} }

func (f filter) takes(path string) bool {
	return (len(f.include) == 0 || matches(f.include, path)) && !matches(f.exclude, path)
}

// matches ignores a pattern that is none: patterns are checked before they are
// stored.
func matches(patterns []string, path string) bool {
	for _, p := range patterns {
		if ok, err := doublestar.Match(p, path); err == nil && ok {
			return true
		}
	}
	return false
}

// shelf is one folder of one connection.
type shelf struct {
	name       string
	connection connectors.Connection
	files      connectors.Source
	folder     string
}

// open returns the folder of a connection, which must be able to list and read.
func (s *Service) open(ctx context.Context, c *ent.Connection, folder string) (shelf, error) {
	conn, err := s.connections.Open(ctx, c.ID)
	if err != nil {
		return shelf{}, explain(c.Name, "cannot be used", err)
	}
	files, ok := conn.(connectors.Source)
	if !ok {
		return shelf{}, hopelessError{fmt.Sprintf("%q cannot list its files.", c.Name)}
	}
	return shelf{name: c.Name, connection: conn, files: files, folder: folder}, nil
}

// explain makes a failure of the store hopeless if trying again does not help.
func explain(name, what string, err error) error {
	var mistake *hub.Error
	if errors.As(err, &mistake) && mistake.Code != hub.CodeProvider {
		return hopelessError{fmt.Sprintf("%q %s: %s", name, what, mistake.Message)}
	}
	var outside *connectors.Error
	if !errors.As(err, &outside) {
		return fmt.Errorf("%q %s: %w", name, what, err)
	}
	switch outside.Kind {
	case connectors.Transient, connectors.RateLimited, connectors.AuthExpired, connectors.Permanent, connectors.Corrupt:
		return fmt.Errorf("%q %s: %w", name, what, err)
	}
	return hopelessError{fmt.Sprintf("%q %s: %s", name, what, words(err))}
}

// list reads the folder in full. A target's folder that is not there yet is empty.
func (s shelf) list(ctx context.Context, takes filter, target bool) (reconcile.Store, error) {
	out := reconcile.Store{Files: map[string]connectors.Object{}, Rules: s.connection.Names(), Folder: s.folder}
	for cursor := ""; ; {
		page, err := s.files.List(ctx, s.folder, cursor)
		if target && s.folder != "" && connectors.Is(err, connectors.NotFound) {
			return out, nil
		}
		if err != nil {
			return out, explain(s.name, "cannot be listed", err)
		}
		for _, o := range page.Objects {
			if path, ok := s.relative(o.Path); ok && takes.takes(path) {
				o.Path = path
				out.Files[path] = o
			}
		}
		for _, k := range page.Skipped {
			if path, ok := s.relative(k.Path); ok && !matches(takes.exclude, path) {
				out.Skipped = append(out.Skipped, connectors.Skipped{Path: path, Reason: k.Reason})
			}
		}
		if len(out.Files)+len(out.Skipped) > maxFiles {
			return out, hopelessError{fmt.Sprintf("%q holds more than %d files; divide them among several syncs.", s.name, maxFiles)}
		}
		if cursor = page.Next; cursor == "" {
			return out, nil
		}
	}
}

// relative returns a path of the store as the sync sees it; ok is false if it is
// not the sync's to see.
func (s shelf) relative(path string) (string, bool) {
	if connectors.InHubFolder(path) {
		return "", false
	}
	if s.folder == "" {
		return path, true
	}
	if path == s.folder {
		return "", true
	}
	return strings.CutPrefix(path, s.folder+"/")
}

func (s shelf) full(path string) string {
	if s.folder == "" {
		return path
	}
	return s.folder + "/" + path
}

// hash reads one revision of a file and returns its SHA-256, or "" if the file
// changed meanwhile.
func (s shelf) hash(ctx context.Context, path, revision string) (string, error) {
	body, _, err := s.files.Open(ctx, s.full(path), 0, revision)
	if err == nil {
		var h *connectors.Hasher
		if h, err = connectors.NewHasher(connectors.SHA256); err != nil {
			return "", errors.Join(err, body.Close())
		}
		_, err = io.Copy(h, body)
		if err = errors.Join(err, body.Close()); err == nil {
			return h.Sums()[connectors.SHA256], nil
		}
	}
	if connectors.Is(err, connectors.Conflict) || connectors.Is(err, connectors.NotFound) {
		return "", nil
	}
	return "", explain(s.name, "cannot be read", err)
}
