package graph

import (
	"context"

	"github.com/wedsync/wedsync/ent"
	"github.com/wedsync/wedsync/ent/event"
	"github.com/wedsync/wedsync/graph/relay"
	"github.com/wedsync/wedsync/internal/id"
)

// Each list has one order wherever it appears, so that a cursor fits everywhere
// the list does.

func pageOfAudits(ctx context.Context, q *ent.AuditEntryQuery, first int, after *string) (*relay.Page[*ent.AuditEntry], error) {
	order := relay.NewestFirst(id.Audit, func(n *ent.AuditEntry) string { return n.ID })
	return relay.Paginate(ctx, q, order, relay.Args{First: first, After: after})
}

func pageOfConflicts(ctx context.Context, q *ent.ConflictQuery, first int, after *string) (*relay.Page[*ent.Conflict], error) {
	order := relay.NewestFirst(id.Conflict, func(n *ent.Conflict) string { return n.ID })
	return relay.Paginate(ctx, q, order, relay.Args{First: first, After: after})
}

func pageOfConnections(ctx context.Context, q *ent.ConnectionQuery, first int, after *string) (*relay.Page[*ent.Connection], error) {
	order := relay.NewestFirst(id.Connection, func(n *ent.Connection) string { return n.ID })
	return relay.Paginate(ctx, q, order, relay.Args{First: first, After: after})
}

func pageOfFiles(ctx context.Context, q *ent.FileQuery, first int, after *string) (*relay.Page[*ent.File], error) {
	order := relay.OldestFirst(id.File, func(n *ent.File) string { return n.ID })
	return relay.Paginate(ctx, q, order, relay.Args{First: first, After: after})
}

func pageOfVersions(ctx context.Context, q *ent.FileVersionQuery, first int, after *string) (*relay.Page[*ent.FileVersion], error) {
	order := relay.NewestFirst(id.Version, func(n *ent.FileVersion) string { return n.ID })
	return relay.Paginate(ctx, q, order, relay.Args{First: first, After: after})
}

func pageOfMembers(ctx context.Context, q *ent.MembershipQuery, first int, after *string) (*relay.Page[*ent.Membership], error) {
	order := relay.OldestFirst(id.Membership, func(n *ent.Membership) string { return n.ID })
	return relay.Paginate(ctx, q, order, relay.Args{First: first, After: after})
}

func pageOfRuns(ctx context.Context, q *ent.SyncRunQuery, first int, after *string) (*relay.Page[*ent.SyncRun], error) {
	order := relay.NewestFirst(id.Run, func(n *ent.SyncRun) string { return n.ID })
	return relay.Paginate(ctx, q, order, relay.Args{First: first, After: after})
}

func pageOfSyncs(ctx context.Context, q *ent.FileSyncQuery, first int, after *string) (*relay.Page[*ent.FileSync], error) {
	order := relay.NewestFirst(id.Sync, func(n *ent.FileSync) string { return n.ID })
	return relay.Paginate(ctx, q, order, relay.Args{First: first, After: after})
}

func pageOfTokens(ctx context.Context, q *ent.TokenQuery, first int, after *string) (*relay.Page[*ent.Token], error) {
	order := relay.NewestFirst(id.Token, func(n *ent.Token) string { return n.ID })
	return relay.Paginate(ctx, q, order, relay.Args{First: first, After: after})
}

func pageOfTransfers(ctx context.Context, q *ent.TransferQuery, first int, after *string) (*relay.Page[*ent.Transfer], error) {
	order := relay.OldestFirst(id.Transfer, func(n *ent.Transfer) string { return n.ID })
	return relay.Paginate(ctx, q, order, relay.Args{First: first, After: after})
}

func pageOfWeddings(ctx context.Context, q *ent.WeddingQuery, first int, after *string) (*relay.Page[*ent.Wedding], error) {
	order := relay.NewestFirst(id.Wedding, func(n *ent.Wedding) string { return n.ID })
	return relay.Paginate(ctx, q, order, relay.Args{First: first, After: after})
}

func pageOfEvents(ctx context.Context, q *ent.EventQuery, first int, after *string) (*relay.Page[*ent.Event], error) {
	order := relay.ByNumber(event.FieldSeq, func(n *ent.Event) int64 { return n.Seq })
	return relay.Paginate(ctx, q, order, relay.Args{First: first, After: after})
}
