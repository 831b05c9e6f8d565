package graph

import (
	"context"

	"entgo.io/ent/dialect/sql"

	"github.com/wedsync/wedsync/ent"
	"github.com/wedsync/wedsync/ent/file"
	"github.com/wedsync/wedsync/ent/fileversion"
	"github.com/wedsync/wedsync/ent/predicate"
	"github.com/wedsync/wedsync/graph/model"
)

func (r queryResolver) Files(ctx context.Context, first int, after, weddingID, syncID, pathPrefix *string, deleted bool) (*model.FileConnection, error) {
	q := r.client.File.Query()
	if weddingID != nil {
		q.Where(file.WeddingID(*weddingID))
	}
	if syncID != nil {
		q.Where(file.SyncID(*syncID))
	}
	if pathPrefix != nil {
		q.Where(pathBegins(*pathPrefix))
	}
	if !deleted {
		q.Where(file.DeletedAtIsNil())
	}
	return pageOfFiles(ctx, q, first, after)
}

// pathBegins compares letter by letter on every database: the LIKE of SQLite takes
// capital and small letters for the same.
func pathBegins(prefix string) predicate.File {
	return func(s *sql.Selector) {
		s.Where(sql.P(func(b *sql.Builder) {
			b.WriteString("substr(").Ident(s.C(file.FieldPath)).WriteString(", 1, length(").Arg(prefix).WriteString(")) = ").Arg(prefix)
		}))
	}
}

func (r queryResolver) File(ctx context.Context, id string) (*ent.File, error) {
	return optional(ctx, load(ctx).files, id)
}

func (r fileResolver) Wedding(ctx context.Context, f *ent.File) (*ent.Wedding, error) {
	return load(ctx).weddings.Load(ctx, f.WeddingID)
}

func (r fileResolver) Sync(ctx context.Context, f *ent.File) (*ent.FileSync, error) {
	return load(ctx).syncs.Load(ctx, f.SyncID)
}

func (r fileResolver) Replicas(ctx context.Context, f *ent.File) ([]*ent.Replica, error) {
	return load(ctx).replicasOf.Load(ctx, f.ID)
}

func (r fileResolver) Versions(ctx context.Context, f *ent.File, first int, after *string) (*model.FileVersionConnection, error) {
	return pageOfVersions(ctx, r.client.FileVersion.Query().Where(fileversion.FileID(f.ID)), first, after)
}

func (r fileVersionResolver) File(ctx context.Context, v *ent.FileVersion) (*ent.File, error) {
	return load(ctx).files.Load(ctx, v.FileID)
}

func (r fileVersionResolver) Run(ctx context.Context, v *ent.FileVersion) (*ent.SyncRun, error) {
	return load(ctx).runs.Load(ctx, v.RunID)
}

func (r replicaResolver) File(ctx context.Context, rep *ent.Replica) (*ent.File, error) {
	return load(ctx).files.Load(ctx, rep.FileID)
}

func (r replicaResolver) Target(ctx context.Context, rep *ent.Replica) (*ent.SyncTarget, error) {
	return load(ctx).targets.Load(ctx, rep.TargetID)
}

func (r fileChangeResolver) File(ctx context.Context, c *model.FileChange) (*ent.File, error) {
	return load(ctx).files.Load(ctx, c.FileID)
}
