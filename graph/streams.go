package graph

import (
	"context"
	"encoding/json"
	"errors"
	"sync/atomic"

	"github.com/99designs/gqlgen/graphql"

	"github.com/wedsync/wedsync/ent"
	"github.com/wedsync/wedsync/graph/model"
	"github.com/wedsync/wedsync/graph/relay"
	"github.com/wedsync/wedsync/hub"
	"github.com/wedsync/wedsync/hub/account"
	"github.com/wedsync/wedsync/hub/event"
)

// ending is why a subscription ended, if not because it is complete. The
// generated server knows only that its channel was closed.
type ending struct{ err atomic.Pointer[error] }

type endingKey struct{}

// respond makes the last response of a subscription that ended with an error.
func (e *ending) respond(ctx context.Context) *graphql.Response {
	err := e.err.Swap(nil)
	if err == nil {
		return nil
	}
	graphql.AddError(ctx, explain(*err))
	return &graphql.Response{}
}

// explain tells the reader of a stream what ended it and how to go on.
func explain(err error) error {
	var slow *event.SlowError
	switch {
	case errors.As(err, &slow) && slow.After > 0:
		return hub.Errorf(hub.CodeConflict, "", "you read too slowly; subscribe again after %q", relay.NumberCursor(slow.After))
	case errors.As(err, &slow):
		return hub.Errorf(hub.CodeConflict, "", "you read too slowly; subscribe again")
	case errors.Is(err, account.ErrUnauthenticated):
		return hub.Errorf(hub.CodeForbidden, "", "you are no longer allowed to follow this")
	}
	return err
}

// deliver passes the stream on in the form that the schema gives it, and remembers
// why it ended.
func deliver[T, U any](ctx context.Context, s *event.Stream[T], as func(T) U) <-chan U {
	out := make(chan U)
	go func() {
		defer close(out)
		for item := range s.Items() {
			select {
			case out <- as(item):
			case <-ctx.Done():
				return
			}
		}
		if err := s.Err(); err != nil {
			ctx.Value(endingKey{}).(*ending).err.Store(&err)
		}
	}()
	return out
}

func same[T any](v T) T { return v }

// follow returns the viewer's events after the cursor, or from now on.
func (r subscriptionResolver) follow(ctx context.Context, f event.Filter, after *string) (*event.Stream[*ent.Event], error) {
	from := event.Now
	if after != nil {
		seq, err := relay.ParseNumber(*after)
		if err != nil {
			return nil, hub.Errorf(hub.CodeInvalid, "after", "is not a cursor of the log of events")
		}
		from = seq
	}
	return r.hub.Events.Subscribe(ctx, f, from)
}

func (r subscriptionResolver) Events(ctx context.Context, after *string, types []string, weddingID *string) (<-chan *ent.Event, error) {
	f := event.Filter{Types: types}
	if weddingID != nil {
		w, err := r.client.Wedding.Get(ctx, *weddingID)
		if err != nil {
			return nil, hub.Translate(err, "weddingId", *weddingID)
		}
		f.WeddingID = w.ID
	}
	s, err := r.follow(ctx, f, after)
	if err != nil {
		return nil, err
	}
	return deliver(ctx, s, same), nil
}

func (r subscriptionResolver) WeddingFiles(ctx context.Context, weddingID string, after *string) (<-chan *model.FileChange, error) {
	w, err := r.client.Wedding.Get(ctx, weddingID)
	if err != nil {
		return nil, hub.Translate(err, "weddingId", weddingID)
	}
	s, err := r.follow(ctx, event.Filter{WeddingID: w.ID, Types: []string{
		"file.created", "file.updated", "file.renamed", "file.deleted",
	}}, after)
	if err != nil {
		return nil, err
	}
	return deliver(ctx, s, fileChange), nil
}

func fileChange(e *ent.Event) *model.FileChange {
	c := &model.FileChange{Cursor: relay.NumberCursor(e.Seq), FileID: e.SubjectID, At: e.CreatedAt}
	switch e.Type {
	case "file.created":
		c.Kind = model.FileCreated
	case "file.updated":
		c.Kind = model.FileUpdated
	case "file.renamed":
		c.Kind = model.FileRenamed
	case "file.deleted":
		c.Kind = model.FileDeleted
	}
	var told struct {
		Path string `json:"path"`
	}
	if json.Unmarshal(e.Data, &told) == nil {
		c.Path = told.Path
	}
	return c
}

func (r subscriptionResolver) RunProgress(ctx context.Context, runID string) (<-chan *event.RunView, error) {
	s, err := r.hub.Events.RunProgress(ctx, runID)
	if err != nil {
		return nil, err
	}
	return deliver(ctx, s, same), nil
}
