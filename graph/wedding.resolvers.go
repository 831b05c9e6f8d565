package graph

import (
	"context"

	"github.com/wedsync/wedsync/ent"
	"github.com/wedsync/wedsync/ent/file"
	"github.com/wedsync/wedsync/ent/filesync"
	entwedding "github.com/wedsync/wedsync/ent/wedding"
	"github.com/wedsync/wedsync/graph/generated"
	"github.com/wedsync/wedsync/graph/model"
	"github.com/wedsync/wedsync/hub"
	"github.com/wedsync/wedsync/hub/wedding"
)

func (r queryResolver) Weddings(ctx context.Context, first int, after *string, archived bool) (*model.WeddingConnection, error) {
	q := r.client.Wedding.Query()
	if archived {
		q.Where(entwedding.ArchivedAtNotNil())
	} else {
		q.Where(entwedding.ArchivedAtIsNil())
	}
	return pageOfWeddings(ctx, q, first, after)
}

func (r queryResolver) Wedding(ctx context.Context, id string) (*ent.Wedding, error) {
	return optional(ctx, load(ctx).weddings, id)
}

func (r weddingResolver) Syncs(ctx context.Context, w *ent.Wedding, first int, after *string) (*model.SyncConnection, error) {
	q := r.client.FileSync.Query().Where(filesync.WeddingID(w.ID), filesync.ArchivedAtIsNil())
	return pageOfSyncs(ctx, q, first, after)
}

func (r weddingResolver) Files(ctx context.Context, w *ent.Wedding, first int, after *string) (*model.FileConnection, error) {
	q := r.client.File.Query().Where(file.WeddingID(w.ID), file.DeletedAtIsNil())
	return pageOfFiles(ctx, q, first, after)
}

func (r mutationResolver) WeddingCreate(ctx context.Context, in generated.WeddingCreateInput) (*generated.WeddingCreatePayload, error) {
	w, mistakes, err := settle(once(ctx, r.Resolver, "weddingCreate", in.IdempotencyKey, in,
		func(ctx context.Context) (*ent.Wedding, error) {
			return r.hub.Weddings.Create(ctx, wedding.Create{Name: in.Name, Date: in.Date, TimeZone: in.TimeZone, Region: in.Region})
		},
		func(ctx context.Context, a hub.Answer) (*ent.Wedding, error) {
			return found(load(ctx).weddings.Load(ctx, a.SubjectID))
		}))
	return &generated.WeddingCreatePayload{Wedding: w, UserErrors: mistakes}, err
}

func (r mutationResolver) WeddingUpdate(ctx context.Context, in generated.WeddingUpdateInput) (*generated.WeddingUpdatePayload, error) {
	w, mistakes, err := settle(r.hub.Weddings.Update(ctx, wedding.Update{
		ID: in.ID, Name: in.Name, Date: in.Date, TimeZone: in.TimeZone, Region: in.Region,
	}))
	return &generated.WeddingUpdatePayload{Wedding: w, UserErrors: mistakes}, err
}

func (r mutationResolver) WeddingArchive(ctx context.Context, in generated.WeddingArchiveInput) (*generated.WeddingArchivePayload, error) {
	w, mistakes, err := settle(r.hub.Weddings.Archive(ctx, in.ID))
	return &generated.WeddingArchivePayload{Wedding: w, UserErrors: mistakes}, err
}
