package model

import "time"

// Node is any row with an id of its own. The type is open because rows are
// generated and know nothing of GraphQL.
type Node any

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
