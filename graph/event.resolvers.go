package graph

import (
	"context"

	"github.com/wedsync/wedsync/ent"
	"github.com/wedsync/wedsync/ent/event"
	"github.com/wedsync/wedsync/graph/model"
	"github.com/wedsync/wedsync/graph/relay"
)

func (r queryResolver) Events(ctx context.Context, first int, after *string, types []string, weddingID *string) (*model.EventConnection, error) {
	q := r.client.Event.Query()
	if types != nil {
		q.Where(event.TypeIn(types...))
	}
	if weddingID != nil {
		q.Where(event.WeddingID(*weddingID))
	}
	return pageOfEvents(ctx, q, first, after)
}

func (r eventResolver) Cursor(_ context.Context, e *ent.Event) (string, error) {
	return relay.NumberCursor(e.Seq), nil
}

func (r eventResolver) Subject(ctx context.Context, e *ent.Event) (model.Node, error) {
	return node(ctx, e.SubjectID)
}

func (r eventResolver) Wedding(ctx context.Context, e *ent.Event) (*ent.Wedding, error) {
	return optional(ctx, load(ctx).weddings, e.WeddingID)
}

func (r eventResolver) Actor(ctx context.Context, e *ent.Event) (*ent.User, error) {
	return optional(ctx, load(ctx).users, e.Actor)
}
