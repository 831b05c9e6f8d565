package model

import (
	"time"

	"github.com/wedsync/wedsync/ent"
	"github.com/wedsync/wedsync/ent/syncrun"
)

// Node is any row with an id of its own. The type is open because rows are
// generated and know nothing of GraphQL.
type Node any

// RunProgress is a picture of a run at a moment.
type RunProgress struct {
	Run            *ent.SyncRun
	State          syncrun.State
	FilesTotal     int
	FilesDone      int
	FilesFailed    int
	BytesTotal     int64
	BytesDone      int64
	BytesPerSecond float64
	RemainingMs    *int64
	Operation      string
	At             time.Time
}

// FileChange is what an event tells of a wedding's file.
type FileChange struct {
	Cursor string
	Kind   FileChangeKind
	Path   string
	FileID string
	At     time.Time
}

// FileChangeKind is what happened to a file.
type FileChangeKind string

// The kinds of changes, as the schema names them.
const (
	FileCreated FileChangeKind = "CREATED"
	FileUpdated FileChangeKind = "UPDATED"
	FileRenamed FileChangeKind = "RENAMED"
	FileDeleted FileChangeKind = "DELETED"
)
