package graph

import (
	"context"
	"encoding/json"

	"github.com/wedsync/wedsync/ent"
	"github.com/wedsync/wedsync/graph/model"
	"github.com/wedsync/wedsync/hub"
)

// changeKinds are the events that tell of a wedding's files.
func changeKinds() map[string]model.FileChangeKind {
	return map[string]model.FileChangeKind{
		"file.created": model.FileCreated,
		"file.updated": model.FileUpdated,
		"file.renamed": model.FileRenamed,
		"file.deleted": model.FileDeleted,
	}
}

func (r subscriptionResolver) WeddingFiles(ctx context.Context, weddingID string, after *string) (<-chan *model.FileChange, error) {
	w, err := r.client.Wedding.Get(ctx, weddingID)
	if err != nil {
		return nil, hub.Translate(err, "weddingId", weddingID)
	}
	kinds := changeKinds()
	var types []string
	for t := range kinds {
		types = append(types, t)
	}
	events, err := r.hub.Events.Follow(ctx, after, types, w.ID)
	if err != nil {
		return nil, err
	}
	changes := make(chan *model.FileChange)
	go func() {
		defer close(changes)
		for e := range events {
			select {
			case changes <- r.change(e, kinds[e.Type]):
			case <-ctx.Done():
				return
			}
		}
	}()
	return changes, nil
}

func (r subscriptionResolver) change(e *ent.Event, kind model.FileChangeKind) *model.FileChange {
	return &model.FileChange{
		Cursor: r.hub.Events.Cursor(e.Seq), Kind: kind, Path: pathIn(e.Data), FileID: e.SubjectID, At: e.CreatedAt,
	}
}

// pathIn returns the path that an event about a file tells of.
func pathIn(data json.RawMessage) string {
	var told struct {
		Path string `json:"path"`
	}
	if json.Unmarshal(data, &told) != nil {
		return ""
	}
	return told.Path
}
