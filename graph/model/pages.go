package model

import (
	"github.com/wedsync/wedsync/ent"
	"github.com/wedsync/wedsync/graph/relay"
)

// The pages of each list and their entries, under the names the schema gives them.
type (
	AuditEntryConnection  = relay.Page[*ent.AuditEntry]
	AuditEntryEdge        = relay.Edge[*ent.AuditEntry]
	ConflictConnection    = relay.Page[*ent.Conflict]
	ConflictEdge          = relay.Edge[*ent.Conflict]
	ConnectionConnection  = relay.Page[*ent.Connection]
	ConnectionEdge        = relay.Edge[*ent.Connection]
	EventConnection       = relay.Page[*ent.Event]
	EventEdge             = relay.Edge[*ent.Event]
	FileConnection        = relay.Page[*ent.File]
	FileEdge              = relay.Edge[*ent.File]
	FileVersionConnection = relay.Page[*ent.FileVersion]
	FileVersionEdge       = relay.Edge[*ent.FileVersion]
	MemberConnection      = relay.Page[*ent.Membership]
	MemberEdge            = relay.Edge[*ent.Membership]
	RunConnection         = relay.Page[*ent.SyncRun]
	RunEdge               = relay.Edge[*ent.SyncRun]
	SyncConnection        = relay.Page[*ent.FileSync]
	SyncEdge              = relay.Edge[*ent.FileSync]
	TokenConnection       = relay.Page[*ent.Token]
	TokenEdge             = relay.Edge[*ent.Token]
	TransferConnection    = relay.Page[*ent.Transfer]
	TransferEdge          = relay.Edge[*ent.Transfer]
	WeddingConnection     = relay.Page[*ent.Wedding]
	WeddingEdge           = relay.Edge[*ent.Wedding]
)
