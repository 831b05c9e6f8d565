package connection_test

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/wedsync/wedsync/connectors"
	"github.com/wedsync/wedsync/connectors/decorate"
	entconnection "github.com/wedsync/wedsync/ent/connection"
	"github.com/wedsync/wedsync/ent/rule"
	"github.com/wedsync/wedsync/ent/syncrun"
	"github.com/wedsync/wedsync/hub/connection"
	"github.com/wedsync/wedsync/internal/testenv"
)

func TestConnectionIsTriedBeforeItIsKept(t *testing.T) {
	t.Parallel()
	testenv.Databases(t, func(t *testing.T, db testenv.Database) {
		f := setUp(t, db)
		in := valid()
		in.Secrets = map[string]string{"key": wrongKey}
		_, err := f.Create(f.admin, in)
		wantCodes(t, "a wrong key", err, "PROVIDER_ERROR")
		if !strings.Contains(err.Error(), "unknown key") {
			t.Errorf("the vendor's words are missing: %v", err)
		}
		f.safe.before = func(_ context.Context, c decorate.Call) error {
			if c.Op == decorate.OpCheck {
				return &connectors.Error{Kind: connectors.Invalid, Op: "check", Field: "store", Err: errors.New("there is no such store")}
			}
			return nil
		}
		_, err = f.Create(f.admin, valid())
		wantCodes(t, "a store that is not there", err, "INVALID settings.store")
		if n := f.client.Connection.Query().CountX(f.admin); n != 0 {
			t.Errorf("%d connections were kept", n)
		}
		if opens, closes := f.safe.counts(); opens != closes {
			t.Errorf("%d opened, %d closed", opens, closes)
		}
	})
}

func TestConnectionKeepsItsSecretsSealed(t *testing.T) {
	t.Parallel()
	testenv.Databases(t, func(t *testing.T, db testenv.Database) {
		f := setUp(t, db)
		c := f.connect(t)
		if bytes.Contains(c.Secrets, []byte(rightKey)) || c.Settings["key"] != "" {
			t.Errorf("the key is readable in %+v", c)
		}
		if _, err := f.Open(f.reader, c.ID); err != nil {
			t.Errorf("open: %v", err)
		}
		for _, row := range f.client.Event.Query().AllX(f.admin) {
			if bytes.Contains(row.Data, []byte(rightKey)) {
				t.Errorf("event %s shows the key", row.Type)
			}
		}
		for _, row := range f.client.AuditEntry.Query().AllX(f.admin) {
			if bytes.Contains(row.Data, []byte(rightKey)) {
				t.Errorf("audit entry %s shows the key", row.Action)
			}
		}
		// Sealed for this row, the secrets are worth nothing in another.
		twin := f.client.Connection.Create().SetOrganizationID(c.OrganizationID).SetProvider("safe").SetName("twin").
			SetSettings(c.Settings).SetSecrets(c.Secrets).SaveX(f.admin)
		if _, err := f.Open(f.admin, twin.ID); err == nil {
			t.Error("secrets that were moved to another connection open")
		}
	})
}

func TestSettingsAreComparedWithTheDescriptor(t *testing.T) {
	t.Parallel()
	testenv.Databases(t, func(t *testing.T, db testenv.Database) {
		f := setUp(t, db)
		for name, c := range map[string]struct {
			change func(*connection.Create)
			want   []string
		}{
			"no provider":        {func(in *connection.Create) { in.Provider = "fax" }, []string{"INVALID provider"}},
			"no name":            {func(in *connection.Create) { in.Name = "\n" }, []string{"INVALID name"}},
			"nothing given":      {func(in *connection.Create) { in.Settings, in.Secrets = nil, nil }, []string{"INVALID settings.store", "INVALID secrets.key"}},
			"unknown setting":    {func(in *connection.Create) { in.Settings["root"] = "/" }, []string{"INVALID settings.root"}},
			"unknown secret":     {func(in *connection.Create) { in.Secrets["pin"] = "1" }, []string{"INVALID secrets.pin"}},
			"secret in settings": {func(in *connection.Create) { in.Settings["key"] = rightKey }, []string{"INVALID settings.key"}},
			"setting in secrets": {func(in *connection.Create) { in.Secrets["colour"] = "red" }, []string{"INVALID secrets.colour"}},
			"no such choice":     {func(in *connection.Create) { in.Settings["colour"] = "blue" }, []string{"INVALID settings.colour"}},
			"too long":           {func(in *connection.Create) { in.Settings["store"] = strings.Repeat("x", 9000) }, []string{"INVALID settings.store"}},
			"NUL":                {func(in *connection.Create) { in.Settings["store"] = "a\x00b" }, []string{"INVALID settings.store"}},
			"redirected":         {func(in *connection.Create) { in.BaseURL = "http://127.0.0.1" }, []string{"FORBIDDEN"}},
		} {
			in := valid()
			c.change(&in)
			_, err := f.Create(f.admin, in)
			wantCodes(t, name, err, c.want...)
		}
	})
}

func TestUpdateTriesWhatChanged(t *testing.T) {
	t.Parallel()
	testenv.Databases(t, func(t *testing.T, db testenv.Database) {
		f := setUp(t, db)
		c := f.connect(t)
		opensBefore, _ := f.safe.counts()
		name := "Cellar"
		c, err := f.Update(f.admin, connection.Update{ID: c.ID, Name: &name})
		if err != nil || c.Name != name || c.Settings["store"] != "vault 1" {
			t.Fatalf("renamed to %+v, %v", c, err)
		}
		if opens, _ := f.safe.counts(); opens != opensBefore {
			t.Error("a new name alone was tried at the provider")
		}
		_, err = f.Update(f.admin, connection.Update{ID: c.ID, Secrets: map[string]string{"key": wrongKey}})
		wantCodes(t, "a wrong key", err, "PROVIDER_ERROR")
		_, err = f.Update(f.admin, connection.Update{ID: c.ID, Secrets: map[string]string{"key": ""}})
		wantCodes(t, "the key taken away", err, "INVALID secrets.key")
		c, err = f.Update(f.admin, connection.Update{ID: c.ID, Settings: map[string]string{"colour": "red"}})
		if err != nil || c.Settings["colour"] != "red" || c.Settings["store"] != "vault 1" {
			t.Errorf("coloured %+v, %v", c, err)
		}
		if _, err := f.Open(f.admin, c.ID); err != nil {
			t.Errorf("the key was lost: %v", err)
		}
	})
}

func TestDisconnectForgetsTheSecretsUnlessARunNeedsThem(t *testing.T) {
	t.Parallel()
	testenv.Databases(t, func(t *testing.T, db testenv.Database) {
		f := setUp(t, db)
		c := f.connect(t)
		system := rule.SystemWithin(t.Context(), c.OrganizationID)
		w := f.client.Wedding.Create().SetOrganizationID(c.OrganizationID).SetName("W").SetDate("2026-06-20").SetTimeZone("UTC").SaveX(system)
		other := f.client.Connection.Create().SetOrganizationID(c.OrganizationID).SetProvider("safe").SetName("other").SetSettings(map[string]string{}).SaveX(system)
		syn := f.client.FileSync.Create().SetOrganizationID(c.OrganizationID).SetWeddingID(w.ID).SetSourceID(other.ID).SetName("Photos").SaveX(system)
		f.client.SyncTarget.Create().SetOrganizationID(c.OrganizationID).SetSyncID(syn.ID).SetConnectionID(c.ID).SetPosition(0).SaveX(system)
		run := f.client.SyncRun.Create().SetOrganizationID(c.OrganizationID).SetSyncID(syn.ID).
			SetTrigger(syncrun.TriggerSTART).SetState(syncrun.StateRUNNING).SaveX(system)

		for _, id := range []string{c.ID, other.ID} {
			_, err := f.Disconnect(f.admin, id)
			wantCodes(t, "while a run uses it", err, "CONFLICT id")
		}
		run.Update().SetState(syncrun.StateCOMPLETED).ExecX(system)
		for range 2 {
			got, err := f.Disconnect(f.admin, c.ID)
			if err != nil || got.State != entconnection.StateDISCONNECTED || got.Secrets != nil {
				t.Fatalf("disconnected: %+v, %v", got, err)
			}
		}
		_, err := f.Open(f.admin, c.ID)
		wantCodes(t, "open", err, "CONFLICT")
		_, err = f.Test(f.admin, c.ID)
		wantCodes(t, "test", err, "CONFLICT id")
		again, err := f.Update(f.admin, connection.Update{ID: c.ID, Secrets: map[string]string{"key": rightKey}})
		if err != nil || again.State != entconnection.StateACTIVE {
			t.Errorf("connected again: %+v, %v", again, err)
		}
		if got, want := f.events(t), []string{"connection.created", "connection.disconnected", "connection.updated"}; !slices.Equal(got, want) {
			t.Errorf("events %v", got)
		}
	})
}

func TestOnlyAdminsOfTheOrganizationManageConnections(t *testing.T) {
	t.Parallel()
	testenv.Databases(t, func(t *testing.T, db testenv.Database) {
		f, foreign := setUp(t, db), setUp(t, db)
		c := f.connect(t)
		opensBefore, _ := f.safe.counts()
		for who, ctx := range map[string]context.Context{"FORBIDDEN": f.reader, "NOT_FOUND id": foreign.admin} {
			_, err := f.Test(ctx, c.ID)
			wantCodes(t, "test", err, who)
			_, err = f.Update(ctx, connection.Update{ID: c.ID})
			wantCodes(t, "update", err, who)
			_, err = f.Disconnect(ctx, c.ID)
			wantCodes(t, "disconnect", err, who)
		}
		_, err := f.Create(f.reader, valid())
		wantCodes(t, "create", err, "FORBIDDEN")
		_, err = f.Open(foreign.admin, c.ID)
		wantCodes(t, "open", err, "NOT_FOUND id")
		if opens, _ := f.safe.counts(); opens != opensBefore {
			t.Error("the provider was asked on behalf of somebody who may not")
		}
	})
}
