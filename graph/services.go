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
	"github.com/wedsync/wedsync/hub/event"
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
	// Fingerprint tells inputs apart without giving them away; see vault.
	Fingerprint func([]byte) []byte
}

// Accounts changes who may do what.
type Accounts interface {
	RenameOrganization(ctx context.Context, name string) (*ent.Organization, error)
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

// Events follows what happens, live.
type Events interface {
	Subscribe(ctx context.Context, f event.Filter, after int64) (*event.Stream[*ent.Event], error)
	RunProgress(ctx context.Context, runID string) (*event.Stream[*event.RunView], error)
}
