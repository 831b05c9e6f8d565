package filesync

import (
	"context"
	"fmt"
	"sync"

	"github.com/wedsync/wedsync/connectors"
	"github.com/wedsync/wedsync/ent"
	"github.com/wedsync/wedsync/ent/conflict"
	"github.com/wedsync/wedsync/ent/file"
	"github.com/wedsync/wedsync/ent/replica"
	"github.com/wedsync/wedsync/ent/synctarget"
	"github.com/wedsync/wedsync/ent/transfer"
	"github.com/wedsync/wedsync/hub/filesync/reconcile"
)

// pageRows is how many rows of the books are read at once.
const pageRows = 2000

// world is a sync's world with what the plan's consequences are written from.
type world struct {
	reconcile.World
	sync *ent.FileSync
	// files are the books' files by path, and pending the unsettled conflicts.
	files   map[string]*ent.File
	pending map[reconcile.Place]*ent.Conflict
	// source and targets are open, in the order of World.Targets.
	source  shelf
	targets []shelf
}

// look reads the stores and the books of the sync.
func (s *Service) look(ctx context.Context, f *ent.FileSync) (*world, error) {
	w := &world{sync: f}
	w.Options = reconcile.Options{
		Strategy: f.ConflictStrategy, DeleteMode: f.DeleteMode,
		MaxDeletePercent: f.MaxDeletePercent, AllowEmptySource: f.AllowEmptySource,
	}
	if err := s.openAll(ctx, w); err != nil {
		return nil, err
	}
	if err := w.listAll(ctx); err != nil {
		return nil, err
	}
	client := s.store.Client()
	if err := w.readFiles(ctx, client); err != nil {
		return nil, err
	}
	return w, w.readConflicts(ctx, client)
}

func (s *Service) openAll(ctx context.Context, w *world) error {
	client := s.store.Client()
	origin, err := client.Connection.Get(ctx, w.sync.SourceID)
	if err != nil {
		return fmt.Errorf("read source: %w", err)
	}
	if w.source, err = s.open(ctx, origin, w.sync.SourcePath); err != nil {
		return err
	}
	w.Source.Writable = connectors.Implements(w.source.connection, connectors.RoleSink)
	rows, err := client.SyncTarget.Query().
		Where(synctarget.SyncID(w.sync.ID), synctarget.RemovedAtIsNil()).
		Order(synctarget.ByPosition(), synctarget.ByID()).WithConnection().All(ctx)
	if err != nil {
		return fmt.Errorf("read targets: %w", err)
	}
	for _, row := range rows {
		place, err := s.open(ctx, row.Edges.Connection, row.Path)
		if err != nil {
			return err
		}
		d, _ := s.connections.Provider(row.Edges.Connection.Provider)
		can := func(r connectors.Role) bool { return connectors.Implements(place.connection, r) }
		w.targets = append(w.targets, place)
		w.Targets = append(w.Targets, reconcile.Target{
			ID: row.ID, Name: row.Edges.Connection.Name, MaxFileSize: d.Limits.MaxFileSize,
			CanRename: can(connectors.RoleMover) || can(connectors.RoleCopier) && can(connectors.RoleDeleter),
			CanDelete: can(connectors.RoleDeleter),
			Bases:     map[string]reconcile.Base{}, Pending: map[string]reconcile.Pending{},
		})
	}
	return nil
}

// listAll lists source and targets at the same time; the first failure ends the
// others.
func (w *world) listAll(ctx context.Context) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	takes := filterOf(w.sync)
	var all sync.WaitGroup
	all.Go(func() {
		store, err := w.source.list(ctx, takes, false)
		if err != nil {
			cancel(err)
		}
		w.Source.Store = store
	})
	for i, place := range w.targets {
		all.Go(func() {
			store, err := place.list(ctx, takes, true)
			if err != nil {
				cancel(err)
			}
			w.Targets[i].Store = store
		})
	}
	all.Wait()
	return context.Cause(ctx)
}

// readFiles reads the files that the sync knows, and what they agreed on with its
// targets. What its patterns leave out by now is not its affair.
func (w *world) readFiles(ctx context.Context, client *ent.Client) error {
	w.files = map[string]*ent.File{}
	paths := map[string]string{}
	takes := filterOf(w.sync)
	for last := ""; ; {
		rows, err := client.File.Query().Where(file.SyncID(w.sync.ID), file.IDGT(last)).
			Order(file.ByID()).Limit(pageRows).
			Select(file.FieldID, file.FieldPath, file.FieldDeletedAt).All(ctx)
		if err != nil {
			return fmt.Errorf("read files: %w", err)
		}
		for _, row := range rows {
			last = row.ID
			if takes.takes(row.Path) {
				w.files[row.Path] = row
				paths[row.ID] = row.Path
			}
		}
		if len(rows) < pageRows {
			break
		}
	}
	for i := range w.Targets {
		if err := w.readBases(ctx, client, &w.Targets[i], paths); err != nil {
			return err
		}
	}
	return nil
}

func (w *world) readBases(ctx context.Context, client *ent.Client, t *reconcile.Target, paths map[string]string) error {
	for last := ""; ; {
		rows, err := client.Replica.Query().Where(replica.TargetID(t.ID), replica.IDGT(last)).
			Order(replica.ByID()).Limit(pageRows).
			Select(replica.FieldID, replica.FieldFileID, replica.FieldPath, replica.FieldSize,
				replica.FieldSha256, replica.FieldSourceRevision, replica.FieldRevision).All(ctx)
		if err != nil {
			return fmt.Errorf("read replicas: %w", err)
		}
		for _, row := range rows {
			last = row.ID
			if path, ok := paths[row.FileID]; ok {
				t.Bases[path] = reconcile.Base{
					Path: row.Path, Size: row.Size, SHA256: row.Sha256,
					SourceRevision: row.SourceRevision, Revision: row.Revision,
				}
			}
		}
		if len(rows) < pageRows {
			return nil
		}
	}
}

// readConflicts reads the unsettled conflicts.
func (w *world) readConflicts(ctx context.Context, client *ent.Client) (err error) {
	if w.pending, err = unsettledOf(ctx, client, w.sync.ID); err != nil {
		return err
	}
	for i := range w.Targets {
		t := &w.Targets[i]
		for place, row := range w.pending {
			if place.TargetID == t.ID {
				t.Pending[place.Path] = pendingOf(row)
			}
		}
	}
	return nil
}

func pendingOf(row *ent.Conflict) reconcile.Pending {
	p := reconcile.Pending{Source: row.Source, Target: row.Target}
	if row.State == conflict.StateRESOLVING && row.Resolution != nil {
		p.Resolution, p.ByPerson = *row.Resolution, !byStrategy(row)
	}
	return p
}

// prove hashes the files whose content the plan has to know. Hashes that a plan
// found out before are taken from its operations.
func (w *world) prove(ctx context.Context, client *ent.Client, planID string) error {
	known, err := provenBefore(ctx, client, planID)
	if err != nil {
		return err
	}
	// What one round proves may raise the question who of several targets wins.
	for range 2 {
		reads := reconcile.Unproven(&w.World)
		for _, r := range reads {
			place, files := w.source, w.Source.Files
			sum := known[source{r.Path, r.Revision}]
			if r.Target >= 0 {
				place, files, sum = w.targets[r.Target], w.Targets[r.Target].Files, ""
			}
			if sum == "" {
				if sum, err = place.hash(ctx, r.Path, r.Revision); err != nil {
					return err
				}
			}
			files[r.Path] = reconcile.WithHash(files[r.Path], sum)
		}
		if len(reads) == 0 {
			return nil
		}
	}
	return nil
}

// source names a content of the source.
type source struct{ path, revision string }

// provenBefore returns the hashes of the source's files that the run's operations
// recorded.
func provenBefore(ctx context.Context, client *ent.Client, runID string) (map[source]string, error) {
	known := map[source]string{}
	for last := ""; ; {
		rows, err := client.Transfer.Query().Where(transfer.RunID(runID), transfer.IDGT(last)).
			Order(transfer.ByID()).Limit(pageRows).
			Select(transfer.FieldID, transfer.FieldPath, transfer.FieldExpect).All(ctx)
		if err != nil {
			return nil, fmt.Errorf("read the plan's operations: %w", err)
		}
		for _, row := range rows {
			last = row.ID
			if e := row.Expect; e.SourceSHA256 != "" {
				known[source{row.Path, e.SourceRevision}] = e.SourceSHA256
			}
		}
		if len(rows) < pageRows {
			return known, nil
		}
	}
}
