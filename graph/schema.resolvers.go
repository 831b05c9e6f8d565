package graph

import (
	"context"

	"golang.org/x/sync/errgroup"

	"github.com/wedsync/wedsync/graph/model"
	"github.com/wedsync/wedsync/graph/relay"
	"github.com/wedsync/wedsync/hub"
)

func (r queryResolver) Node(ctx context.Context, id string) (model.Node, error) {
	return node(ctx, id)
}

func (r queryResolver) Nodes(ctx context.Context, ids []string) ([]model.Node, error) {
	if len(ids) > relay.MaxFirst {
		return nil, hub.Errorf(hub.CodeInvalid, "ids", "must have at most %d entries", relay.MaxFirst)
	}
	nodes := make([]model.Node, len(ids))
	all, ctx := errgroup.WithContext(ctx)
	for i, id := range ids { // at once, so that the loaders see them together
		all.Go(func() (err error) {
			nodes[i], err = node(ctx, id)
			return err
		})
	}
	return nodes, all.Wait()
}
