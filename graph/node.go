package graph

import (
	"context"

	"github.com/vikstrous/dataloadgen"

	"github.com/wedsync/wedsync/graph/model"
	"github.com/wedsync/wedsync/internal/id"
)

// node returns the thing with the id, whose prefix names its kind, or nil.
func node(ctx context.Context, nodeID string) (model.Node, error) {
	kind, err := id.Parse(nodeID)
	if err != nil {
		return nil, nil // what is no id names nothing
	}
	l := load(ctx)
	switch kind {
	case id.Organization:
		return nodeOf(ctx, l.organizations, nodeID)
	case id.User:
		return nodeOf(ctx, l.users, nodeID)
	case id.Membership:
		return nodeOf(ctx, l.members, nodeID)
	case id.Token:
		return nodeOf(ctx, l.tokens, nodeID)
	case id.Wedding:
		return nodeOf(ctx, l.weddings, nodeID)
	case id.Connection:
		return nodeOf(ctx, l.connections, nodeID)
	case id.Sync:
		return nodeOf(ctx, l.syncs, nodeID)
	case id.Target:
		return nodeOf(ctx, l.targets, nodeID)
	case id.Run:
		return nodeOf(ctx, l.runs, nodeID)
	case id.Transfer:
		return nodeOf(ctx, l.transfers, nodeID)
	case id.File:
		return nodeOf(ctx, l.files, nodeID)
	case id.Version:
		return nodeOf(ctx, l.versions, nodeID)
	case id.Replica:
		return nodeOf(ctx, l.replicas, nodeID)
	case id.Conflict:
		return nodeOf(ctx, l.conflicts, nodeID)
	case id.Event:
		return nodeOf(ctx, l.events, nodeID)
	case id.Audit:
		return nodeOf(ctx, l.audits, nodeID)
	}
	return nil, nil // sessions, jobs and requests have no page
}

// nodeOf loads a row without turning "none" into a nil pointer that is a node.
func nodeOf[T any](ctx context.Context, l *dataloadgen.Loader[string, *T], nodeID string) (model.Node, error) {
	v, err := optional(ctx, l, nodeID)
	if v == nil || err != nil {
		return nil, err
	}
	return v, nil
}
