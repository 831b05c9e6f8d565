package filesync

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/wedsync/wedsync/ent"
	entsync "github.com/wedsync/wedsync/ent/filesync"
	"github.com/wedsync/wedsync/ent/job"
	"github.com/wedsync/wedsync/ent/rule"
	"github.com/wedsync/wedsync/ent/synctarget"
	"github.com/wedsync/wedsync/hub"
)

// Target is a place to keep files at.
type Target struct {
	ConnectionID string
	// Path is the folder below the connection's root; empty: the root.
	Path string
}

// Create says what to keep in step, and how. Empty enumerations mean the defaults
// of the data model.
type Create struct {
	WeddingID        string
	Name             string
	SourceID         string
	SourcePath       string
	Targets          []Target
	Mode             entsync.Mode
	Include          []string
	Exclude          []string
	Verification     entsync.Verification
	ConflictStrategy entsync.ConflictStrategy
	DeleteMode       entsync.DeleteMode
	MaxDeletePercent int
	AllowEmptySource bool
	Priority         entsync.Priority
}

// Create defines a sync. Nothing moves before it is started; a continuous one
// starts by itself.
func (s *Service) Create(ctx context.Context, in Create) (*ent.FileSync, error) {
	in.complete()
	if err := in.validate(); err != nil {
		return nil, err
	}
	var made *ent.FileSync
	err := s.store.InTx(ctx, func(ctx context.Context, tx *hub.Tx) error {
		if err := checkWedding(ctx, tx, in.WeddingID); err != nil {
			return err
		}
		if err := s.checkPlaces(ctx, tx, in.places()); err != nil {
			return err
		}
		viewer, _ := rule.From(ctx)
		var err error
		made, err = tx.FileSync.Create().SetOrganizationID(viewer.OrganizationID).
			SetWeddingID(in.WeddingID).SetName(in.Name).SetSourceID(in.SourceID).SetSourcePath(in.SourcePath).
			SetMode(in.Mode).SetInclude(in.Include).SetExclude(in.Exclude).SetVerification(in.Verification).
			SetConflictStrategy(in.ConflictStrategy).SetDeleteMode(in.DeleteMode).
			SetMaxDeletePercent(in.MaxDeletePercent).SetAllowEmptySource(in.AllowEmptySource).
			SetPriority(in.Priority).Save(ctx)
		if err != nil {
			return hub.Translate(err, "", "")
		}
		for i, t := range in.Targets {
			if err := addTarget(ctx, tx, made, i, t); err != nil {
				return err
			}
		}
		if err := watchAnew(ctx, tx, made); err != nil {
			return err
		}
		record(tx, "created", "create", made)
		return nil
	})
	return made, err
}

// Update says what to change about a sync; nil fields stay.
type Update struct {
	ID               string
	Name             *string
	Targets          []Target
	Mode             *entsync.Mode
	Include          []string
	Exclude          []string
	Verification     *entsync.Verification
	ConflictStrategy *entsync.ConflictStrategy
	DeleteMode       *entsync.DeleteMode
	MaxDeletePercent *int
	AllowEmptySource *bool
	Priority         *entsync.Priority
}

// Update changes how a sync works; the next run works that way. Files at a target
// that is left out stay there; targets cannot change while a run is active.
func (s *Service) Update(ctx context.Context, in Update) (*ent.FileSync, error) {
	var changed *ent.FileSync
	err := s.store.InTx(ctx, func(ctx context.Context, tx *hub.Tx) error {
		old, err := lock(ctx, tx, "id", in.ID)
		if err != nil {
			return err
		}
		if old.ArchivedAt != nil {
			return hub.Errorf(hub.CodeConflict, "id", "the sync was put away")
		}
		have, err := activeTargets(ctx, tx.Client(), old.ID)
		if err != nil {
			return err
		}
		want := in.applied(old, have)
		want.complete()
		if err := want.validate(); err != nil {
			return err
		}
		if err := s.checkPlaces(ctx, tx, want.places()); err != nil {
			return err
		}
		if err := moveTargets(ctx, tx, old, have, want.Targets, s.now()); err != nil {
			return err
		}
		changed, err = old.Update().SetName(want.Name).SetMode(want.Mode).
			SetInclude(want.Include).SetExclude(want.Exclude).SetVerification(want.Verification).
			SetConflictStrategy(want.ConflictStrategy).SetDeleteMode(want.DeleteMode).
			SetMaxDeletePercent(want.MaxDeletePercent).SetAllowEmptySource(want.AllowEmptySource).
			SetPriority(want.Priority).Save(ctx)
		if err != nil {
			return hub.Translate(err, "id", in.ID)
		}
		if changed.Mode != old.Mode {
			if err := watchAnew(ctx, tx, changed); err != nil {
				return err
			}
		}
		record(tx, "updated", "update", changed)
		return nil
	})
	return changed, err
}

// applied returns what the sync shall be.
func (in Update) applied(old *ent.FileSync, targets []*ent.SyncTarget) Create {
	want := Create{
		WeddingID: old.WeddingID, Name: pick(in.Name, old.Name),
		SourceID: old.SourceID, SourcePath: old.SourcePath, Targets: in.Targets,
		Mode: pick(in.Mode, old.Mode), Include: old.Include, Exclude: old.Exclude,
		Verification:     pick(in.Verification, old.Verification),
		ConflictStrategy: pick(in.ConflictStrategy, old.ConflictStrategy),
		DeleteMode:       pick(in.DeleteMode, old.DeleteMode),
		MaxDeletePercent: pick(in.MaxDeletePercent, old.MaxDeletePercent),
		AllowEmptySource: pick(in.AllowEmptySource, old.AllowEmptySource),
		Priority:         pick(in.Priority, old.Priority),
	}
	if in.Include != nil {
		want.Include = in.Include
	}
	if in.Exclude != nil {
		want.Exclude = in.Exclude
	}
	if in.Targets == nil {
		for _, t := range targets {
			want.Targets = append(want.Targets, Target{ConnectionID: t.ConnectionID, Path: t.Path})
		}
	}
	return want
}

func pick[T any](changed *T, old T) T {
	if changed != nil {
		return *changed
	}
	return old
}

// Archive puts a sync away. Archiving it again changes nothing; while a run is
// active it is refused.
func (s *Service) Archive(ctx context.Context, id string) (*ent.FileSync, error) {
	var archived *ent.FileSync
	err := s.store.InTx(ctx, func(ctx context.Context, tx *hub.Tx) error {
		var err error
		archived, err = s.archive(ctx, tx, id)
		return err
	})
	return archived, err
}

// ArchiveOf puts all syncs of a wedding away in the caller's unit of work, or none
// if a run of one is active.
func (s *Service) ArchiveOf(ctx context.Context, tx *hub.Tx, weddingID string) error {
	ids, err := tx.FileSync.Query().Where(entsync.WeddingID(weddingID), entsync.ArchivedAtIsNil()).
		Order(entsync.ByID()).IDs(ctx)
	if err != nil {
		return fmt.Errorf("read the wedding's syncs: %w", err)
	}
	for _, id := range ids {
		if _, err := s.archive(ctx, tx, id); err != nil {
			return err
		}
	}
	return nil
}

func (s *Service) archive(ctx context.Context, tx *hub.Tx, id string) (*ent.FileSync, error) {
	f, err := lock(ctx, tx, "id", id)
	if err != nil || f.ArchivedAt != nil {
		return f, err
	}
	active, err := activeRun(ctx, tx.Client(), id)
	if err != nil {
		return nil, err
	}
	if active != nil {
		return nil, hub.Errorf(hub.CodeConflict, "id", "a run of the sync %q is not over; end it first", f.Name)
	}
	archived, err := f.Update().SetArchivedAt(s.now()).SetMode(entsync.ModeMANUAL).Save(ctx)
	if err != nil {
		return nil, hub.Translate(err, "id", id)
	}
	if err := watchAnew(ctx, tx, archived); err != nil {
		return nil, err
	}
	record(tx, "archived", "archive", archived)
	return archived, nil
}

func addTarget(ctx context.Context, tx *hub.Tx, f *ent.FileSync, position int, t Target) error {
	err := tx.SyncTarget.Create().SetOrganizationID(f.OrganizationID).SetSyncID(f.ID).
		SetConnectionID(t.ConnectionID).SetPath(t.Path).SetPosition(position).Exec(ctx)
	return hub.Translate(err, "", "")
}

// activeTargets returns the sync's targets in their order.
func activeTargets(ctx context.Context, client *ent.Client, syncID string) ([]*ent.SyncTarget, error) {
	targets, err := client.SyncTarget.Query().
		Where(synctarget.SyncID(syncID), synctarget.RemovedAtIsNil()).
		Order(synctarget.ByPosition(), synctarget.ByID()).All(ctx)
	if err != nil {
		return nil, fmt.Errorf("read targets: %w", err)
	}
	return targets, nil
}

// watchAnew ends whoever follows the source's changes and, if the sync is
// continuous, has somebody begin.
func watchAnew(ctx context.Context, tx *hub.Tx, f *ent.FileSync) error {
	err := tx.Job.Update().
		Where(job.Kind(hub.JobSyncWatch), job.SubjectID(f.ID), job.StateIn(job.StateREADY, job.StateCLAIMED)).
		SetState(job.StateCANCELED).Exec(ctx)
	if err != nil {
		return fmt.Errorf("end watch: %w", err)
	}
	if f.Mode == entsync.ModeCONTINUOUS && f.ArchivedAt == nil {
		tx.Enqueue(hub.Job{Kind: hub.JobSyncWatch, SubjectID: f.ID, Priority: priority(f)})
	}
	return nil
}

func record(tx *hub.Tx, happened, action string, f *ent.FileSync) {
	data := map[string]any{"name": f.Name, "mode": f.Mode, "archived": f.ArchivedAt != nil}
	tx.Emit(hub.Event{Type: "sync." + happened, SubjectID: f.ID, WeddingID: f.WeddingID, Data: data})
	tx.Audit(hub.Audit{Action: "sync." + action, SubjectID: f.ID, Data: data})
}

// moveTargets makes the wanted targets the sync's own, keeping the rows, and with
// them the memory, of those that stay.
func moveTargets(ctx context.Context, tx *hub.Tx, f *ent.FileSync, have []*ent.SyncTarget, want []Target, now time.Time) error {
	place := func(t *ent.SyncTarget) Target { return Target{ConnectionID: t.ConnectionID, Path: t.Path} }
	if slices.EqualFunc(have, want, func(t *ent.SyncTarget, w Target) bool { return place(t) == w }) {
		return nil
	}
	active, err := activeRun(ctx, tx.Client(), f.ID)
	if err != nil {
		return err
	}
	if active != nil {
		return hub.Errorf(hub.CodeConflict, "targets", "a run of this sync is not over; end it first")
	}
	stays := map[Target]*ent.SyncTarget{}
	for _, t := range have {
		if !slices.Contains(want, place(t)) {
			err = errors.Join(err, t.Update().SetRemovedAt(now).Exec(ctx))
		}
		stays[place(t)] = t
	}
	for i, w := range want {
		if t := stays[w]; t != nil {
			err = errors.Join(err, t.Update().SetPosition(i).Exec(ctx))
		} else {
			err = errors.Join(err, addTarget(ctx, tx, f, i, w))
		}
	}
	return hub.Translate(err, "targets", f.ID)
}
