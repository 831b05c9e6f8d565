package memory

import (
	"cmp"
	"crypto/rand"
	"errors"
	"maps"
	"strconv"
	"sync"

	"github.com/wedsync/wedsync/connectors"
)

// store is one folder tree. Files are found by NameRules.Key, so that a folding
// store takes two spellings for one file.
type store struct {
	options Options

	mu      sync.Mutex
	serial  uint64 // of the last content; makes revisions and versions
	files   map[string]*file
	uploads map[string]*upload
	feed    feed
}

// file is what a path holds and held.
type file struct {
	// current is nil once the file is deleted and only versions are left.
	current *content
	// versions, oldest first.
	versions []*content
}

// content is immutable once it is in a store.
type content struct {
	object connectors.Object
	body   []byte
}

func newStore(o Options) *store {
	o.PartSize = cmp.Or(o.PartSize, 256<<10)
	o.PageSize = cmp.Or(o.PageSize, 1000)
	return &store{
		options: o,
		files:   map[string]*file{},
		uploads: map[string]*upload{},
		feed:    newFeed(rand.Text()),
	}
}

// find returns what is at exactly this path. Another spelling of a name that the
// store folds is not found: it would be read under a name it does not have.
func (s *store) find(op, path string) (*content, error) {
	c := s.occupant(path)
	if c == nil || c.object.Path != path {
		return nil, fail(connectors.NotFound, op, path, "no such file")
	}
	return c, nil
}

// occupant returns what takes the path's place, whatever its spelling, or nil.
func (s *store) occupant(path string) *content {
	if f := s.files[s.options.Rules.Key(path)]; f != nil {
		return f.current
	}
	return nil
}

// meet checks the precondition of a write at path.
func (s *store) meet(op, path string, e connectors.Expect) error {
	there := s.occupant(path)
	switch {
	case there != nil && (e.Absent || there.object.Path != path):
		return fail(connectors.Exists, op, path, "a file is there")
	case e.Revision != "" && (there == nil || there.object.Revision != e.Revision):
		return fail(connectors.Conflict, op, path, "the file is not the expected revision")
	}
	return nil
}

// place makes body the content at obj.Path and returns it as stored.
func (s *store) place(obj connectors.Object, body []byte) connectors.Object {
	s.serial++
	obj.Revision = "r" + strconv.FormatUint(s.serial, 10)
	obj.Version = ""
	if !s.options.NoVersions {
		obj.Version = "v" + strconv.FormatUint(s.serial, 10)
	}
	obj.Size = int64(len(body))
	key := s.options.Rules.Key(obj.Path)
	f := s.files[key]
	if f == nil {
		f = &file{}
		s.files[key] = f
	}
	f.current = &content{object: obj, body: body}
	if !s.options.NoVersions {
		f.versions = append(f.versions, f.current)
	}
	s.feed.tell(connectors.Change{Path: obj.Path})
	return f.current.describe()
}

// remove takes the file away, but not its versions.
func (s *store) remove(path string) {
	key := s.options.Rules.Key(path)
	s.files[key].current = nil
	if len(s.files[key].versions) == 0 {
		delete(s.files, key)
	}
	s.feed.tell(connectors.Change{Path: path, Deleted: true})
}

// describe returns a copy that the caller may change.
func (c *content) describe() connectors.Object {
	obj := c.object
	obj.Hashes = maps.Clone(obj.Hashes)
	return obj
}

func (s *store) checkName(op, path string) error {
	if why := s.options.Rules.Check(path); why != "" {
		return fail(connectors.NameRejected, op, path, why)
	}
	return nil
}

func fail(kind connectors.Kind, op, path, why string) error {
	return &connectors.Error{Kind: kind, Op: op, Path: path, Err: errors.New(why)}
}
