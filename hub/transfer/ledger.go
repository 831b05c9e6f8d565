package transfer

import (
	"context"
	"fmt"
	"time"

	"entgo.io/ent/dialect/sql"

	"github.com/wedsync/wedsync/ent"
	"github.com/wedsync/wedsync/ent/conflict"
	"github.com/wedsync/wedsync/ent/file"
	"github.com/wedsync/wedsync/ent/predicate"
	"github.com/wedsync/wedsync/ent/replica"
	"github.com/wedsync/wedsync/ent/transfer"
	"github.com/wedsync/wedsync/hub"
)

// unfinished are the transfers that nobody has ended.
func unfinished() predicate.Transfer {
	return transfer.StateIn(transfer.StatePLANNED, transfer.StateRUNNING)
}

// stored is a time as the databases keep it.
func stored(t time.Time) time.Time { return t.UTC().Truncate(time.Microsecond) }

// look reads the books of all the batch's paths.
func (l *ledger) look(ctx context.Context, batch []*outcome) error {
	var paths []string
	for _, o := range batch {
		paths = append(paths, o.row.Path)
		for _, a := range o.agreed {
			paths = append(paths, a.path)
		}
	}
	files, err := l.tx.File.Query().Where(file.SyncID(l.sync.ID), file.PathIn(paths...)).All(ctx)
	if err != nil {
		return fmt.Errorf("read files: %w", err)
	}
	for _, f := range files {
		l.files[f.Path] = f
	}
	rows, err := l.tx.Conflict.Query().Where(
		conflict.SyncID(l.sync.ID), conflict.PathIn(paths...),
		conflict.StateIn(conflict.StateOPEN, conflict.StateRESOLVING),
	).Order(conflict.ByID()).All(ctx)
	if err != nil {
		return fmt.Errorf("read conflicts: %w", err)
	}
	for _, c := range rows {
		at := pair{c.TargetID, c.Path}
		l.conflicts[at] = append(l.conflicts[at], c)
	}
	return nil
}

// agree notes what source and target hold alike.
func (l *ledger) agree(ctx context.Context, o *outcome, a agreement) error {
	if a.renamed {
		if err := l.rename(ctx, o, a); err != nil {
			return err
		}
	}
	f, err := l.file(ctx, a)
	if err != nil {
		return err
	}
	target := *o.row.TargetID
	l.replicas[replicaKey{target, f.ID}] = l.tx.Replica.Create().SetOrganizationID(l.run.OrganizationID).
		SetFileID(f.ID).SetTargetID(target).SetPath(a.place).SetSize(a.size).SetSha256(a.sha256).
		SetSourceRevision(a.sourceRevision).SetRevision(a.target.Revision).SetVersion(a.target.Version).
		SetVerified(replica.Verified(a.proof)).SetVerifiedAt(o.finished)
	if a.proof != transfer.VerifiedNONE {
		l.tx.Emit(hub.Event{Type: "replica.verified", SubjectID: f.ID, WeddingID: l.sync.WeddingID, Data: map[string]any{
			"syncId": l.sync.ID, "targetId": target, "path": a.path, "sha256": a.sha256, "verified": a.proof,
		}})
	}
	return nil
}

// rename moves the file's row to its new path. Where a row has that path already,
// what the target held counts as that one's.
func (l *ledger) rename(ctx context.Context, o *outcome, a agreement) error {
	rep, err := l.renamed(ctx, o)
	if err != nil || rep == nil {
		return err
	}
	old := rep.Edges.File
	if old.Path == a.path {
		return nil
	}
	if l.files[a.path] == nil {
		f, err := l.tx.File.UpdateOne(old).SetPath(a.path).ClearDeletedAt().Save(ctx)
		if err != nil {
			return fmt.Errorf("rename file: %w", err)
		}
		delete(l.files, old.Path)
		l.files[a.path] = f
		l.tellFile("renamed", f, map[string]any{"fromPath": old.Path})
		return nil
	}
	if err := l.tx.Replica.DeleteOne(rep).Exec(ctx); err != nil {
		return fmt.Errorf("move replica: %w", err)
	}
	left, err := l.tx.Replica.Query().Where(replica.FileID(old.ID)).Exist(ctx)
	if err != nil {
		return fmt.Errorf("look for replicas: %w", err)
	}
	if left {
		return nil
	}
	return l.vanish(ctx, old)
}

// renamed finds what the target held under the old name, or nil.
func (l *ledger) renamed(ctx context.Context, o *outcome) (*ent.Replica, error) {
	for _, by := range []predicate.Replica{replica.Path(o.row.FromPath), replica.Revision(o.row.Expect.TargetRevision)} {
		rep, err := l.tx.Replica.Query().Where(replica.TargetID(*o.row.TargetID), by).
			Order(replica.ByID()).WithFile().First(ctx)
		if !ent.IsNotFound(err) {
			return rep, err
		}
	}
	return nil, nil
}

// file brings the file's row up to date with the agreement.
func (l *ledger) file(ctx context.Context, a agreement) (*ent.File, error) {
	f := l.files[a.path]
	if f == nil {
		return l.newFile(ctx, a)
	}
	newContent := f.Sha256 != a.sha256
	same := !newContent && f.Revision == a.sourceRevision && f.Size == a.size && f.ModTime.Equal(stored(a.modTime))
	if same && f.DeletedAt == nil {
		return f, nil
	}
	update := l.tx.File.UpdateOne(f).SetSize(a.size).SetSha256(a.sha256).SetRevision(a.sourceRevision).ClearDeletedAt()
	if a.modTime.IsZero() {
		update.ClearModTime()
	} else {
		update.SetModTime(stored(a.modTime))
	}
	if newContent {
		update.AddVersion(1)
	}
	back := f.DeletedAt != nil
	f, err := update.Save(ctx)
	if err != nil {
		return nil, fmt.Errorf("update file: %w", err)
	}
	l.files[a.path] = f
	if newContent {
		if err := l.newVersion(ctx, f, a); err != nil {
			return nil, err
		}
	}
	switch {
	case back:
		l.tellFile("created", f, nil)
	case newContent:
		l.tellFile("updated", f, nil)
	}
	return f, nil
}

func (l *ledger) newFile(ctx context.Context, a agreement) (*ent.File, error) {
	create := l.tx.File.Create().SetOrganizationID(l.run.OrganizationID).SetWeddingID(l.sync.WeddingID).
		SetSyncID(l.sync.ID).SetPath(a.path).SetSize(a.size).SetSha256(a.sha256).SetRevision(a.sourceRevision)
	if !a.modTime.IsZero() {
		create.SetModTime(stored(a.modTime))
	}
	f, err := create.Save(ctx)
	if err != nil {
		return nil, fmt.Errorf("create file: %w", err)
	}
	l.files[a.path] = f
	l.tellFile("created", f, nil)
	return f, l.newVersion(ctx, f, a)
}

func (l *ledger) newVersion(ctx context.Context, f *ent.File, a agreement) error {
	create := l.tx.FileVersion.Create().SetOrganizationID(l.run.OrganizationID).SetFileID(f.ID).SetRunID(l.run.ID).
		SetNumber(f.Version).SetPath(f.Path).SetSize(a.size).SetSha256(a.sha256)
	if !a.modTime.IsZero() {
		create.SetModTime(stored(a.modTime))
	}
	if err := create.Exec(ctx); err != nil {
		return fmt.Errorf("create file version: %w", err)
	}
	return nil
}

// forget notes that neither source nor target has the file any more.
func (l *ledger) forget(ctx context.Context, o *outcome) error {
	f := l.files[o.row.Path]
	if f == nil {
		return nil
	}
	_, err := l.tx.Replica.Delete().Where(replica.FileID(f.ID), replica.TargetID(*o.row.TargetID)).Exec(ctx)
	if err != nil {
		return fmt.Errorf("remove replica: %w", err)
	}
	return l.vanish(ctx, f)
}

func (l *ledger) vanish(ctx context.Context, f *ent.File) error {
	if f.DeletedAt != nil {
		return nil
	}
	gone, err := l.tx.File.UpdateOne(f).SetDeletedAt(l.now()).Save(ctx)
	if err != nil {
		return fmt.Errorf("mark file as deleted: %w", err)
	}
	l.files[f.Path] = gone
	l.tellFile("deleted", gone, nil)
	return nil
}

func (l *ledger) tellFile(what string, f *ent.File, more map[string]any) {
	data := map[string]any{"path": f.Path, "size": f.Size, "sha256": f.Sha256, "version": f.Version, "syncId": f.SyncID}
	for k, v := range more {
		data[k] = v
	}
	l.tx.Emit(hub.Event{Type: "file." + what, SubjectID: f.ID, WeddingID: f.WeddingID, Data: data})
}

func (l *ledger) writeReplicas(ctx context.Context) error {
	if len(l.replicas) == 0 {
		return nil
	}
	rows := make([]*ent.ReplicaCreate, 0, len(l.replicas))
	for _, r := range l.replicas {
		rows = append(rows, r)
	}
	err := l.tx.Replica.CreateBulk(rows...).
		OnConflict(sql.ConflictColumns(replica.FieldTargetID, replica.FieldFileID)).
		Update(func(u *ent.ReplicaUpsert) {
			u.UpdatePath().UpdateSize().UpdateSha256().UpdateSourceRevision().UpdateRevision().
				UpdateVersion().UpdateVerified().UpdateVerifiedAt().UpdateUpdatedAt()
		}).Exec(ctx)
	if err != nil {
		return fmt.Errorf("write replicas: %w", err)
	}
	return nil
}
