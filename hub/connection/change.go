package connection

import (
	"context"
	"errors"
	"fmt"

	"github.com/wedsync/wedsync/connectors"
	"github.com/wedsync/wedsync/ent"
	"github.com/wedsync/wedsync/ent/connection"
	"github.com/wedsync/wedsync/ent/filesync"
	"github.com/wedsync/wedsync/ent/rule"
	"github.com/wedsync/wedsync/ent/syncrun"
	"github.com/wedsync/wedsync/ent/synctarget"
	"github.com/wedsync/wedsync/hub"
	"github.com/wedsync/wedsync/internal/id"
)

// Create says what to connect.
type Create struct {
	Provider string
	Name     string
	Settings map[string]string
	Secrets  map[string]string
	// BaseURL replaces the vendor's public address. Only the hub itself may set
	// it, on the operator's behalf.
	BaseURL string
}

// Create connects an account or folder after it has proved to work.
func (s *Service) Create(ctx context.Context, in Create) (*ent.Connection, error) {
	if err := requireAdmin(ctx); err != nil {
		return nil, err
	}
	viewer, _ := rule.From(ctx)
	if in.BaseURL != "" && !viewer.IsSystem() {
		return nil, hub.Errorf(hub.CodeForbidden, "", "only the operator redirects a provider")
	}
	vendor, ok := s.catalog.Lookup(in.Provider)
	if !ok {
		return nil, hub.Errorf(hub.CodeInvalid, "provider", "there is no provider %.40q", in.Provider)
	}
	given := values{}.merged(values{settings: in.Settings, secrets: in.Secrets})
	name, err := hub.CheckName("name", in.Name)
	if err := errors.Join(err, given.check(vendor.Descriptor())); err != nil {
		return nil, err
	}
	if err := s.try(ctx, vendor, given, in.BaseURL); err != nil {
		return nil, err
	}
	connectionID := id.New(id.Connection)
	sealed, err := s.seal(given, viewer.OrganizationID, connectionID)
	if err != nil {
		return nil, err
	}
	var made *ent.Connection
	err = s.store.InTx(ctx, func(ctx context.Context, tx *hub.Tx) error {
		made, err = tx.Connection.Create().SetID(connectionID).SetOrganizationID(viewer.OrganizationID).
			SetProvider(in.Provider).SetName(name).SetSettings(given.settings).SetSecrets(sealed).
			SetBaseURL(in.BaseURL).Save(ctx)
		if err != nil {
			return hub.Translate(err, "", "")
		}
		record(tx, "created", "create", made)
		return nil
	})
	return made, err
}

// try opens the vendor with the values, checks the connection and closes it.
func (s *Service) try(ctx context.Context, vendor connectors.Vendor, v values, baseURL string) error {
	d := vendor.Descriptor()
	attempt, cancel := context.WithTimeout(ctx, tryFor)
	defer cancel()
	c, err := vendor.Open(attempt, s.config(v, d, baseURL))
	if err != nil {
		return explain(ctx, d, err)
	}
	err = explain(ctx, d, c.Check(attempt))
	return errors.Join(err, closing(c))
}

func closing(c connectors.Connection) error {
	if err := c.Close(); err != nil {
		return fmt.Errorf("close connection: %w", err)
	}
	return nil
}

// Update says what to change about a connection; nil and missing values stay, an
// empty setting or secret is taken away.
type Update struct {
	ID       string
	Name     *string
	Settings map[string]string
	Secrets  map[string]string
}

// Update changes a connection after the new values have proved to work. It is
// ACTIVE afterwards, whatever it was.
func (s *Service) Update(ctx context.Context, in Update) (*ent.Connection, error) {
	if err := requireAdmin(ctx); err != nil {
		return nil, err
	}
	old, err := s.get(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	vendor, err := s.vendorOf(old)
	if err != nil {
		return nil, err
	}
	name := old.Name
	if in.Name != nil {
		if name, err = hub.CheckName("name", *in.Name); err != nil {
			return nil, err
		}
	}
	before, err := s.stored(old)
	if err != nil {
		return nil, err
	}
	after := before.merged(values{settings: in.Settings, secrets: in.Secrets})
	if err := after.check(vendor.Descriptor()); err != nil {
		return nil, err
	}
	if !after.equal(before) || old.State != connection.StateACTIVE {
		if err := s.try(ctx, vendor, after, old.BaseURL); err != nil {
			return nil, err
		}
	}
	return s.save(ctx, old, name, after)
}

func (s *Service) save(ctx context.Context, old *ent.Connection, name string, v values) (*ent.Connection, error) {
	sealed, err := s.seal(v, old.OrganizationID, old.ID)
	if err != nil {
		return nil, err
	}
	var changed *ent.Connection
	err = s.store.InTx(ctx, func(ctx context.Context, tx *hub.Tx) error {
		// Two who change it at once must not mix their values.
		update := tx.Connection.Update().Where(connection.ID(old.ID), connection.UpdatedAt(old.UpdatedAt)).
			SetName(name).SetSettings(v.settings).SetState(connection.StateACTIVE).SetStateReason("")
		if sealed == nil {
			update.ClearSecrets()
		} else {
			update.SetSecrets(sealed)
		}
		n, err := update.Save(ctx)
		if err != nil {
			return hub.Translate(err, "id", old.ID)
		}
		if n == 0 {
			return hub.Errorf(hub.CodeConflict, "id", "the connection was changed at the same time; read it and try again")
		}
		if changed, err = tx.Connection.Get(ctx, old.ID); err != nil {
			return err
		}
		record(tx, "updated", "update", changed)
		return nil
	})
	if err != nil {
		return nil, err
	}
	s.pool.retire(changed.ID)
	return changed, nil
}

// Disconnect ends a connection and forgets its secrets. Ending it again changes
// nothing. Syncs that use it cannot be planned until it is updated.
func (s *Service) Disconnect(ctx context.Context, connectionID string) (*ent.Connection, error) {
	if err := requireAdmin(ctx); err != nil {
		return nil, err
	}
	var ended *ent.Connection
	err := s.store.InTx(ctx, func(ctx context.Context, tx *hub.Tx) error {
		c, err := tx.Connection.Get(ctx, connectionID)
		if err != nil {
			return hub.Translate(err, "id", connectionID)
		}
		if ended = c; c.State == connection.StateDISCONNECTED {
			return nil
		}
		if err := refuseWhileUsed(ctx, tx, connectionID); err != nil {
			return err
		}
		ended, err = c.Update().ClearSecrets().SetState(connection.StateDISCONNECTED).
			SetStateReason("It was disconnected.").Save(ctx)
		if err != nil {
			return hub.Translate(err, "id", connectionID)
		}
		record(tx, "disconnected", "disconnect", ended)
		return nil
	})
	if err != nil {
		return nil, err
	}
	s.pool.retire(connectionID)
	return ended, nil
}

func refuseWhileUsed(ctx context.Context, tx *hub.Tx, connectionID string) error {
	run, err := tx.SyncRun.Query().
		Where(syncrun.StateIn(hub.ActiveRunStates()...), syncrun.HasSyncWith(filesync.Or(
			filesync.SourceID(connectionID),
			filesync.HasTargetsWith(synctarget.ConnectionID(connectionID), synctarget.RemovedAtIsNil()),
		))).
		WithSync().First(ctx)
	if ent.IsNotFound(err) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("look for active runs: %w", err)
	}
	return hub.Errorf(hub.CodeConflict, "id", "the sync %q has a run that uses it and is not over; end that first", run.Edges.Sync.Name)
}

func (s *Service) get(ctx context.Context, connectionID string) (*ent.Connection, error) {
	c, err := s.store.Client().Connection.Get(ctx, connectionID)
	if err != nil {
		return nil, hub.Translate(err, "id", connectionID)
	}
	return c, nil
}

func record(tx *hub.Tx, happened, action string, c *ent.Connection) {
	data := map[string]any{"provider": c.Provider, "name": c.Name, "state": c.State}
	tx.Emit(hub.Event{Type: "connection." + happened, SubjectID: c.ID, Data: data})
	tx.Audit(hub.Audit{Action: "connection." + action, SubjectID: c.ID, Data: data})
}
