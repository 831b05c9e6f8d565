package graph

import (
	"context"

	"github.com/wedsync/wedsync/connectors"
	"github.com/wedsync/wedsync/ent"
	"github.com/wedsync/wedsync/ent/conflict"
	"github.com/wedsync/wedsync/ent/rule"
	"github.com/wedsync/wedsync/hub"
	"github.com/wedsync/wedsync/hub/account"
	"github.com/wedsync/wedsync/hub/connection"
	"github.com/wedsync/wedsync/hub/filesync"
	"github.com/wedsync/wedsync/hub/wedding"
)

// Services are the capabilities behind the API. All are needed.
type Services struct {
	Store       *hub.Store
	Accounts    Accounts
	Connections Connections
	Weddings    Weddings
	Syncs       Syncs
	Events      Events
	Progress    Progress
	// Fingerprint tells inputs apart without giving them away; see vault.
	Fingerprint func([]byte) []byte
}

// Accounts changes who may do what.
type Accounts interface {
	AddMember(context.Context, account.MemberInput) (*ent.Membership, error)
	UpdateMember(ctx context.Context, id string, role rule.Role) (*ent.Membership, error)
	RemoveMember(ctx context.Context, id string) error
	CreateToken(context.Context, account.TokenInput) (*ent.Token, string, error)
	RevokeToken(ctx context.Context, id string) (*ent.Token, error)
}

// Connections joins outside systems.
type Connections interface {
	Providers() []connectors.Descriptor
	Provider(id string) (connectors.Descriptor, bool)
	Create(context.Context, connection.Create) (*ent.Connection, error)
	Update(context.Context, connection.Update) (*ent.Connection, error)
	Test(ctx context.Context, id string) (connection.Tested, error)
	Disconnect(ctx context.Context, id string) (*ent.Connection, error)
}

// Weddings keeps the days that files belong to.
type Weddings interface {
	Create(context.Context, wedding.Create) (*ent.Wedding, error)
	Update(context.Context, wedding.Update) (*ent.Wedding, error)
	Archive(ctx context.Context, id string) (*ent.Wedding, error)
}

// Syncs keeps files in step.
type Syncs interface {
	Create(context.Context, filesync.Create) (*ent.FileSync, error)
	Update(context.Context, filesync.Update) (*ent.FileSync, error)
	Archive(ctx context.Context, syncID string) (*ent.FileSync, error)
	Plan(ctx context.Context, syncID string) (*ent.SyncRun, error)
	Start(context.Context, filesync.StartInput) (*ent.SyncRun, error)
	Pause(ctx context.Context, syncID string) (*ent.SyncRun, error)
	Resume(ctx context.Context, syncID string) (*ent.SyncRun, error)
	Cancel(ctx context.Context, syncID string) (*ent.SyncRun, error)
	AwaitPlanned(ctx context.Context, runID string) (*ent.SyncRun, error)
	ResolveConflict(context.Context, filesync.Resolve) (*ent.Conflict, error)
	ResolveConflicts(ctx context.Context, syncID string, r conflict.Resolution) (int, error)
}

// Events is the durable log of what happened.
type Events interface {
	// Cursor is the place of the event with the number; Seq is its reverse.
	Cursor(seq int64) string
	Seq(cursor string) (int64, error)
	// Follow sends the viewer's events after the cursor, or from now on, in order
	// and without gap, until ctx ends. Empty types and wedding mean all.
	Follow(ctx context.Context, after *string, types []string, weddingID string) (<-chan *ent.Event, error)
}

// Progress is what the workers say of the runs they are at.
type Progress interface {
	// Latest returns each worker's last word on the run.
	Latest(runID string) []hub.Progress
	// Changed signals, a few times a second at most, that the viewer's run or what
	// is said of it may have changed, until ctx ends. A signal that nobody takes
	// stands for those that follow.
	Changed(ctx context.Context, runID string) (<-chan struct{}, error)
}
