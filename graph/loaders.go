package graph

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vikstrous/dataloadgen"

	"entgo.io/ent/dialect/sql"

	"github.com/wedsync/wedsync/ent"
	"github.com/wedsync/wedsync/ent/replica"
	"github.com/wedsync/wedsync/ent/syncrun"
	"github.com/wedsync/wedsync/ent/synctarget"
	"github.com/wedsync/wedsync/hub"
)

const (
	// loadWait is how long a loader gathers ids before it asks the database.
	loadWait  = time.Millisecond
	loadBatch = 500
)

// loaders read rows by id, all that one answer asks for together. What the viewer
// may not see is not found.
type loaders struct {
	organizations *dataloadgen.Loader[string, *ent.Organization]
	users         *dataloadgen.Loader[string, *ent.User]
	members       *dataloadgen.Loader[string, *ent.Membership]
	tokens        *dataloadgen.Loader[string, *ent.Token]
	weddings      *dataloadgen.Loader[string, *ent.Wedding]
	connections   *dataloadgen.Loader[string, *ent.Connection]
	syncs         *dataloadgen.Loader[string, *ent.FileSync]
	targets       *dataloadgen.Loader[string, *ent.SyncTarget]
	runs          *dataloadgen.Loader[string, *ent.SyncRun]
	transfers     *dataloadgen.Loader[string, *ent.Transfer]
	files         *dataloadgen.Loader[string, *ent.File]
	versions      *dataloadgen.Loader[string, *ent.FileVersion]
	replicas      *dataloadgen.Loader[string, *ent.Replica]
	conflicts     *dataloadgen.Loader[string, *ent.Conflict]
	events        *dataloadgen.Loader[string, *ent.Event]
	audits        *dataloadgen.Loader[string, *ent.AuditEntry]

	// By the id of what they belong to; none is an empty list.
	targetsOf  *dataloadgen.Loader[string, []*ent.SyncTarget]
	replicasOf *dataloadgen.Loader[string, []*ent.Replica]
	activeOf   *dataloadgen.Loader[string, []*ent.SyncRun]
}

func newLoaders(c *ent.Client) *loaders {
	return &loaders{
		organizations: byID(func() *ent.OrganizationQuery { return c.Organization.Query() }, func(n *ent.Organization) string { return n.ID }),
		users:         byID(func() *ent.UserQuery { return c.User.Query() }, func(n *ent.User) string { return n.ID }),
		members:       byID(func() *ent.MembershipQuery { return c.Membership.Query() }, func(n *ent.Membership) string { return n.ID }),
		tokens:        byID(func() *ent.TokenQuery { return c.Token.Query() }, func(n *ent.Token) string { return n.ID }),
		weddings:      byID(func() *ent.WeddingQuery { return c.Wedding.Query() }, func(n *ent.Wedding) string { return n.ID }),
		connections:   byID(func() *ent.ConnectionQuery { return c.Connection.Query() }, func(n *ent.Connection) string { return n.ID }),
		syncs:         byID(func() *ent.FileSyncQuery { return c.FileSync.Query() }, func(n *ent.FileSync) string { return n.ID }),
		targets:       byID(func() *ent.SyncTargetQuery { return c.SyncTarget.Query() }, func(n *ent.SyncTarget) string { return n.ID }),
		runs:          byID(func() *ent.SyncRunQuery { return c.SyncRun.Query() }, func(n *ent.SyncRun) string { return n.ID }),
		transfers:     byID(func() *ent.TransferQuery { return c.Transfer.Query() }, func(n *ent.Transfer) string { return n.ID }),
		files:         byID(func() *ent.FileQuery { return c.File.Query() }, func(n *ent.File) string { return n.ID }),
		versions:      byID(func() *ent.FileVersionQuery { return c.FileVersion.Query() }, func(n *ent.FileVersion) string { return n.ID }),
		replicas:      byID(func() *ent.ReplicaQuery { return c.Replica.Query() }, func(n *ent.Replica) string { return n.ID }),
		conflicts:     byID(func() *ent.ConflictQuery { return c.Conflict.Query() }, func(n *ent.Conflict) string { return n.ID }),
		events:        byID(func() *ent.EventQuery { return c.Event.Query() }, func(n *ent.Event) string { return n.ID }),
		audits:        byID(func() *ent.AuditEntryQuery { return c.AuditEntry.Query() }, func(n *ent.AuditEntry) string { return n.ID }),

		targetsOf: byOwner(func(ctx context.Context, syncs []string) ([]*ent.SyncTarget, error) {
			return c.SyncTarget.Query().
				Where(synctarget.SyncIDIn(syncs...), synctarget.RemovedAtIsNil()).
				Order(synctarget.ByPosition()).All(ctx)
		}, func(n *ent.SyncTarget) string { return n.SyncID }),
		replicasOf: byOwner(func(ctx context.Context, files []string) ([]*ent.Replica, error) {
			return c.Replica.Query().Where(replica.FileIDIn(files...)).Order(replica.ByTargetID()).All(ctx)
		}, func(n *ent.Replica) string { return n.FileID }),
		activeOf: byOwner(func(ctx context.Context, syncs []string) ([]*ent.SyncRun, error) {
			return c.SyncRun.Query().
				Where(syncrun.SyncIDIn(syncs...), syncrun.StateIn(hub.ActiveRunStates()...)).All(ctx)
		}, func(n *ent.SyncRun) string { return n.SyncID }),
	}
}

// rows is what generated queries have in common.
type rows[Q, N any, P ~func(*sql.Selector)] interface {
	Where(...P) Q
	All(context.Context) ([]N, error)
}

func byID[Q rows[Q, N, P], N any, P ~func(*sql.Selector)](query func() Q, of func(N) string) *dataloadgen.Loader[string, N] {
	return dataloadgen.NewMappedLoader(func(ctx context.Context, ids []string) (map[string]N, error) {
		found, err := query().Where(func(s *sql.Selector) {
			s.Where(sql.In(s.C("id"), anys(ids)...))
		}).All(ctx)
		if err != nil {
			return nil, fmt.Errorf("load by id: %w", err)
		}
		all := make(map[string]N, len(found))
		for _, n := range found {
			all[of(n)] = n
		}
		return all, nil
	}, dataloadgen.WithWait(loadWait), dataloadgen.WithBatchCapacity(loadBatch))
}

func byOwner[N any](find func(context.Context, []string) ([]N, error), owner func(N) string) *dataloadgen.Loader[string, []N] {
	return dataloadgen.NewMappedLoader(func(ctx context.Context, ids []string) (map[string][]N, error) {
		found, err := find(ctx, ids)
		if err != nil {
			return nil, fmt.Errorf("load by owner: %w", err)
		}
		all := make(map[string][]N, len(ids))
		for _, id := range ids {
			all[id] = nil
		}
		for _, n := range found {
			all[owner(n)] = append(all[owner(n)], n)
		}
		return all, nil
	}, dataloadgen.WithWait(loadWait), dataloadgen.WithBatchCapacity(loadBatch))
}

func anys(ids []string) []any {
	out := make([]any, len(ids))
	for i, id := range ids {
		out[i] = id
	}
	return out
}

// memory holds the loaders of one answer.
type memory struct {
	client *ent.Client

	mu sync.Mutex
	// byRoot are the loaders of a mutation's root fields, each of which has to see
	// what the one before it changed. A query has one for all, under "".
	byRoot map[string]*loaders
}

type memoryKey struct{}

func withLoaders(ctx context.Context, c *ent.Client) context.Context {
	return context.WithValue(ctx, memoryKey{}, &memory{client: c, byRoot: map[string]*loaders{}})
}

// load returns the loaders of the answer that is being made. There always are
// some: Exec of the schema puts their memory there.
func load(ctx context.Context) *loaders {
	m := ctx.Value(memoryKey{}).(*memory)
	root := ""
	if graphql.GetOperationContext(ctx).Operation.Operation == ast.Mutation {
		root = rootField(ctx)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.byRoot[root] == nil {
		m.byRoot[root] = newLoaders(m.client)
	}
	return m.byRoot[root]
}

// rootField is the name in the answer of the root field that is being resolved.
func rootField(ctx context.Context) string {
	path := graphql.GetFieldContext(ctx).Path()
	name, _ := path[0].(ast.PathName)
	return string(name)
}

// orNull makes what is not there, or not the viewer's, null.
func orNull[T any](v *T, err error) (*T, error) {
	if errors.Is(err, dataloadgen.ErrNotFound) {
		return nil, nil
	}
	return v, err
}

// optional loads by an id that may be empty or of something that is gone.
func optional[T any](ctx context.Context, l *dataloadgen.Loader[string, *T], id string) (*T, error) {
	if id == "" {
		return nil, nil
	}
	return orNull(l.Load(ctx, id))
}

// found is for what was there a moment ago: if it is gone now, that is the answer.
func found[T any](v *T, err error) (*T, error) {
	if errors.Is(err, dataloadgen.ErrNotFound) {
		return nil, hub.Errorf(hub.CodeNotFound, "", "what the request made is gone")
	}
	return v, err
}
