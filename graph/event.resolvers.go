package graph

import (
	"context"

	"github.com/wedsync/wedsync/ent"
	"github.com/wedsync/wedsync/ent/event"
	"github.com/wedsync/wedsync/graph/model"
	"github.com/wedsync/wedsync/graph/relay"
	"github.com/wedsync/wedsync/hub"
)

// maxTypes bounds how many types of events one can ask for.
const maxTypes = 100

func (r queryResolver) Events(ctx context.Context, first int, after *string, types []string, weddingID *string) (*model.EventConnection, error) {
	if err := checkTypes(types); err != nil {
		return nil, err
	}
	q := r.client.Event.Query()
	if types != nil {
		q.Where(event.TypeIn(types...))
	}
	if weddingID != nil {
		q.Where(event.WeddingID(*weddingID))
	}
	order := relay.Order[*ent.Event]{
		Column: event.FieldSeq,
		Cursor: func(e *ent.Event) string { return r.hub.Events.Cursor(e.Seq) },
		Key:    func(cursor string) (any, error) { return r.hub.Events.Seq(cursor) },
	}
	return relay.Paginate(ctx, q, order, relay.Args{First: first, After: after})
}

func (r subscriptionResolver) Events(ctx context.Context, after *string, types []string, weddingID *string) (<-chan *ent.Event, error) {
	if err := checkTypes(types); err != nil {
		return nil, err
	}
	return r.hub.Events.Follow(ctx, after, types, deref(weddingID))
}

func checkTypes(types []string) error {
	if len(types) > maxTypes {
		return hub.Errorf(hub.CodeInvalid, "types", "must have at most %d entries", maxTypes)
	}
	return nil
}

func deref(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

func (r eventResolver) Cursor(_ context.Context, e *ent.Event) (string, error) {
	return r.hub.Events.Cursor(e.Seq), nil
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
