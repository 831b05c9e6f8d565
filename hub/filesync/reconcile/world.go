package reconcile

import (
	"maps"

	"github.com/wedsync/wedsync/connectors"
	"github.com/wedsync/wedsync/ent/conflict"
	"github.com/wedsync/wedsync/ent/detail"
	"github.com/wedsync/wedsync/ent/filesync"
	"github.com/wedsync/wedsync/ent/transfer"
)

// World is everything that a plan is made from. Paths are relative to the folders
// of the sync.
type World struct {
	Options Options
	Source  Source
	// Targets in their order.
	Targets []Target
}

// Options are the sync's settings.
type Options struct {
	Strategy         filesync.ConflictStrategy
	DeleteMode       filesync.DeleteMode
	MaxDeletePercent int
	AllowEmptySource bool
}

// Store is what a listing told.
type Store struct {
	// Files by path, without what the sync's patterns leave out.
	Files map[string]connectors.Object
	// Skipped is what the listing left out: unknown, not absent.
	Skipped []connectors.Skipped
	Rules   connectors.NameRules
	// Folder that the paths are relative to, which counts for their length.
	Folder string
}

// Source is the store that files come from.
type Source struct {
	Store
	// Writable: what a target wins can be brought here.
	Writable bool
}

// Target is a store to be kept in step.
type Target struct {
	Store
	ID string
	// Name is what people call it.
	Name string
	// MaxFileSize in bytes; 0 means no bound.
	MaxFileSize int64
	// CanRename and CanDelete without the bytes passing the hub.
	CanRename bool
	CanDelete bool
	// Bases by the path that the sync knows the file under.
	Bases map[string]Base
	// Pending are the conflicts that are not settled, by path.
	Pending map[string]Pending
}

// Base is what source and target last agreed on.
type Base struct {
	// Path is where the target has it.
	Path           string
	Size           int64
	SHA256         string
	SourceRevision string
	Revision       string
}

// Pending is an unsettled conflict as it was last seen.
type Pending struct {
	Source, Target detail.Side
	// Resolution is what was decided; empty while it is open.
	Resolution conflict.Resolution
	// ByPerson: a person decided, not the sync's strategy.
	ByPerson bool
}

// Operation is one thing to do about one path at one target.
type Operation struct {
	// TargetID is empty where the source itself is refused.
	TargetID string
	Kind     transfer.Kind
	Path     string
	// FromPath is where the target has it now, if not at Path.
	FromPath string
	// Aside is the name that the target's content gets if both are kept.
	Aside  string
	Reason string
	Retain bool
	Bytes  int64
	Expect detail.Expectation
	// Conflict is what the operation shows or settles; nil for most.
	Conflict *Conflict
}

// Conflict is a disagreement. Without a Resolution it waits for a person.
type Conflict struct {
	Kind           conflict.Kind
	Source, Target detail.Side
	Resolution     conflict.Resolution
	// ByPerson: a person decided it.
	ByPerson bool
}

// Lost is a conflict at a target that another target has won: its resolution is
// SOURCE, to be carried out by the run after the winner was pulled.
type Lost struct {
	TargetID, Path string
	Conflict       Conflict
}

// Place is a path at a target.
type Place struct{ TargetID, Path string }

// Plan is what has to be done.
type Plan struct {
	// Operations, sorted by path and the targets' order.
	Operations []Operation
	Lost       []Lost
	// Waiting are the places that are left alone until something else is done or
	// known: nothing follows from there being no operation for them.
	Waiting map[Place]bool
	// Files that the source has, and pairs of file and target that are in step.
	Files, Unchanged int
}

// full is the path as the store's rules see it.
func (s *Store) full(path string) string {
	if s.Folder == "" {
		return path
	}
	return s.Folder + "/" + path
}

// check says why the store cannot hold the path, or "".
func (s *Store) check(path string) string { return s.Rules.Check(s.full(path)) }

// WithHash returns the object with its SHA-256 added.
func WithHash(o connectors.Object, sha256 string) connectors.Object {
	if sha256 == "" || o.Hashes[connectors.SHA256] != "" {
		return o
	}
	hashes := connectors.Hashes{connectors.SHA256: sha256}
	maps.Copy(hashes, o.Hashes)
	o.Hashes = hashes
	return o
}

// side is an object as a conflict shows it; nil is an absent one.
func side(o *connectors.Object) detail.Side {
	if o == nil {
		return detail.Side{}
	}
	return detail.Side{Revision: o.Revision, Size: o.Size, ModTime: o.ModTime, SHA256: o.Hashes[connectors.SHA256]}
}

func expect(source, target *connectors.Object) detail.Expectation {
	s, t := side(source), side(target)
	return detail.Expectation{
		SourceRevision: s.Revision, SourceSize: s.Size, SourceModTime: s.ModTime, SourceSHA256: s.SHA256,
		TargetRevision: t.Revision, TargetSize: t.Size, TargetModTime: t.ModTime,
	}
}
