package reconcile_test

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/wedsync/wedsync/connectors"
)

// store is one replica in memory. A content is a string, so that a test can say
// what became of it.
type store struct {
	name   string
	rules  connectors.NameRules
	hashes bool // it reports them
	serial int
	files  map[string]held // by path as spelled
	// kept is what stands below .wedsync: retained content and trash.
	kept []string
}

type held struct {
	content  string
	modTime  time.Time
	revision string
}

func newStore(name string) *store { return &store{name: name, files: map[string]held{}} }

// spelled returns the path under which the store has what it takes for path.
func (s *store) spelled(path string) (string, bool) {
	if _, ok := s.files[path]; ok {
		return path, true
	}
	for _, other := range slices.Sorted(maps.Keys(s.files)) {
		if s.rules.Key(other) == s.rules.Key(path) {
			return other, true
		}
	}
	return path, false
}

// put writes content at path, keeping the spelling that is there.
func (s *store) put(path, content string, modTime time.Time) held {
	path, _ = s.spelled(path)
	s.serial++
	h := held{content, modTime, s.name + strconv.Itoa(s.serial)}
	s.files[path] = h
	return h
}

func (s *store) remove(path string) { delete(s.files, path) }

// move renames from, which is there, to a name that is free or another spelling.
func (s *store) move(from, to string) held {
	h := s.files[from]
	delete(s.files, from)
	s.serial++
	h.revision = s.name + strconv.Itoa(s.serial)
	s.files[to] = h
	return h
}

// object describes what is at exactly this path.
func (s *store) object(path string) (connectors.Object, bool) {
	h, ok := s.files[path]
	if !ok {
		return connectors.Object{}, false
	}
	o := connectors.Object{Path: path, Size: int64(len(h.content)), ModTime: h.modTime, Revision: h.revision}
	if s.hashes {
		o.Hashes = connectors.Hashes{connectors.SHA256: sum(h.content)}
	}
	return o, true
}

func (s *store) list() map[string]connectors.Object {
	out := map[string]connectors.Object{}
	for path := range s.files {
		out[path], _ = s.object(path)
	}
	return out
}

func (s *store) holds(content string) bool {
	for _, h := range s.files {
		if h.content == content {
			return true
		}
	}
	return slices.Contains(s.kept, content)
}

func (s *store) String() string {
	text := s.name + ":"
	for _, path := range slices.Sorted(maps.Keys(s.files)) {
		text += fmt.Sprintf(" %s=%s", path, s.files[path].content)
	}
	if len(s.kept) > 0 {
		text += fmt.Sprint(" kept", s.kept)
	}
	return text
}

func sum(content string) string {
	h := sha256.Sum256([]byte(content))
	return hex.EncodeToString(h[:])
}
