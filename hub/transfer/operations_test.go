package transfer_test

import (
	"testing"

	"github.com/wedsync/wedsync/connectors"
	"github.com/wedsync/wedsync/ent"
	"github.com/wedsync/wedsync/ent/conflict"
	"github.com/wedsync/wedsync/ent/detail"
	"github.com/wedsync/wedsync/ent/filesync"
	enttransfer "github.com/wedsync/wedsync/ent/transfer"
	"github.com/wedsync/wedsync/internal/testenv"
)

func TestAComparisonOfEqualFilesOnlyChangesTheBooks(t *testing.T) {
	t.Parallel()
	testenv.Databases(t, func(t *testing.T, db testenv.Database) {
		w := newWorld(t, db, setup{})
		row := w.plan(op{
			kind: enttransfer.KindCOMPARE, path: "a.jpg", conflict: conflict.KindBOTH_CREATED,
			source: w.put(w.source, "in/a.jpg", "same"), held: w.put(w.targets[0], "out/a.jpg", "same"),
		})[0]
		w.carryOut()
		w.wantState(row, enttransfer.StateDONE)
		if n := w.client.Replica.Query().CountX(w.ctx); n != 1 {
			t.Errorf("%d replicas", n)
		}
		if n := w.client.Conflict.Query().CountX(w.ctx); n != 0 {
			t.Errorf("%d conflicts", n)
		}
	})
}

func TestAComparisonThatAPersonHasToDecideOpensAConflict(t *testing.T) {
	t.Parallel()
	testenv.Databases(t, func(t *testing.T, db testenv.Database) {
		w := newWorld(t, db, setup{strategy: filesync.ConflictStrategyMANUAL})
		o := w.opposed(op{kind: enttransfer.KindCOMPARE, conflict: conflict.KindBOTH_CREATED})
		row := w.plan(o)[0]
		w.carryOut()
		w.wantState(row, enttransfer.StateCONFLICT)
		c := w.client.Conflict.Query().OnlyX(w.ctx)
		if c.State != conflict.StateOPEN || c.Kind != conflict.KindBOTH_CREATED ||
			c.Source.Revision != o.source.Revision || c.Target.Revision != o.held.Revision {
			t.Errorf("conflict = %+v", c)
		}
		if w.events()["conflict.opened"] != 1 {
			t.Errorf("events %v", w.events())
		}
		w.wants("target", w.targets[0], map[string]string{"out/a.jpg": "their"})
	})
}

func TestADecisionAboutOtherContentIsAskedForAgain(t *testing.T) {
	t.Parallel()
	testenv.Databases(t, func(t *testing.T, db testenv.Database) {
		w := newWorld(t, db, setup{})
		o := w.opposed(op{kind: enttransfer.KindCONFLICT, conflict: conflict.KindBOTH_CHANGED})
		decided := w.client.Conflict.Create().SetOrganizationID(w.sync.OrganizationID).SetWeddingID(w.sync.WeddingID).
			SetSyncID(w.sync.ID).SetTargetID(w.rows[0].ID).SetRunID(w.run.ID).SetPath("a.jpg").
			SetKind(conflict.KindBOTH_CHANGED).SetSource(detail.Side{Revision: "older"}).SetTarget(detail.Side{Revision: "older"}).
			SetState(conflict.StateRESOLVING).SetResolution(conflict.ResolutionTARGET).SetResolvedBy("usr_1").SaveX(w.ctx)
		w.plan(o)
		w.carryOut()
		c := w.client.Conflict.GetX(w.ctx, decided.ID)
		if c.State != conflict.StateOPEN || c.Resolution != nil || c.Target.Revision != o.held.Revision {
			t.Errorf("conflict = %+v", c)
		}
	})
}

func TestWhoDecidedIsRemembered(t *testing.T) {
	t.Parallel()
	testenv.Databases(t, func(t *testing.T, db testenv.Database) {
		w := newWorld(t, db, setup{})
		o := w.opposed(op{kind: enttransfer.KindPULL, conflict: conflict.KindBOTH_CHANGED})
		decided := w.client.Conflict.Create().SetOrganizationID(w.sync.OrganizationID).SetWeddingID(w.sync.WeddingID).
			SetSyncID(w.sync.ID).SetTargetID(w.rows[0].ID).SetRunID(w.run.ID).SetPath("a.jpg").
			SetKind(conflict.KindBOTH_CHANGED).SetSource(detail.Side{Revision: o.source.Revision}).SetTarget(detail.Side{Revision: o.held.Revision}).
			SetState(conflict.StateRESOLVING).SetResolution(conflict.ResolutionTARGET).SetResolvedBy("usr_1").SaveX(w.ctx)
		w.wantState(w.planned(o), enttransfer.StateDONE)
		c := w.client.Conflict.GetX(w.ctx, decided.ID)
		if c.State != conflict.StateRESOLVED || c.ResolvedBy != "usr_1" || c.RetainedPath == "" {
			t.Errorf("conflict = %+v", c)
		}
	})
}

// planned plans one operation and carries it out.
func (w *world) planned(o op) *ent.Transfer {
	w.Helper()
	row := w.plan(o)[0]
	w.carryOut()
	return row
}

func TestTheTargetChangedSinceThePlan(t *testing.T) {
	t.Parallel()
	testenv.Databases(t, func(t *testing.T, db testenv.Database) {
		for _, o := range []op{
			{kind: enttransfer.KindUPDATE}, {kind: enttransfer.KindUPDATE, retain: true},
			{kind: enttransfer.KindDELETE}, {kind: enttransfer.KindDELETE, retain: true},
			{kind: enttransfer.KindPULL}, {kind: enttransfer.KindKEEP_BOTH, aside: aside},
		} {
			w := newWorld(t, db, setup{})
			o = w.opposed(o)
			source := map[string]string{"in/a.jpg": "ours"}
			if o.kind == enttransfer.KindDELETE {
				o.source = connectors.Object{}
				if err := w.source.(connectors.Deleter).Delete(w.ctx, "in/a.jpg", connectors.Expect{}); err != nil {
					t.Fatal(err)
				}
				source = map[string]string{}
			}
			if o.kind == enttransfer.KindPULL {
				source[".wedsync/retained/RUN/in/a.jpg"] = "ours"
			}
			w.put(w.targets[0], "out/a.jpg", "somebody's edit")
			w.wantState(w.planned(o), enttransfer.StateSKIPPED)
			w.wants(string(o.kind), w.targets[0], map[string]string{"out/a.jpg": "somebody's edit"})
			w.wants(string(o.kind), w.source, source)
		}
	})
}

func TestTheBooksFollowAFile(t *testing.T) {
	t.Parallel()
	testenv.Databases(t, func(t *testing.T, db testenv.Database) {
		w := newWorld(t, db, setup{})
		target := w.targets[0].(connectors.Source)
		held := func(path string) connectors.Object {
			o, err := target.Stat(w.ctx, path)
			if err != nil {
				t.Fatal(err)
			}
			return o
		}
		w.planned(op{kind: enttransfer.KindCOPY, path: "a.jpg", source: w.put(w.source, "in/a.jpg", "one")})
		w.planned(op{kind: enttransfer.KindUPDATE, path: "a.jpg", source: w.put(w.source, "in/a.jpg", "two"), held: held("out/a.jpg")})
		w.planned(op{kind: enttransfer.KindRENAME, path: "b.jpg", from: "a.jpg", source: w.put(w.source, "in/b.jpg", "two"), held: held("out/a.jpg")})
		f := w.client.File.Query().WithVersions().OnlyX(w.ctx)
		if f.Path != "b.jpg" || f.Version != 2 || len(f.Edges.Versions) != 2 || f.DeletedAt != nil {
			t.Errorf("file = %+v", f)
		}
		if err := w.source.(connectors.Deleter).Delete(w.ctx, "in/b.jpg", connectors.Expect{}); err != nil {
			t.Fatal(err)
		}
		w.planned(op{kind: enttransfer.KindDELETE, path: "b.jpg", held: held("out/b.jpg")})
		if f = w.client.File.GetX(w.ctx, f.ID); f.DeletedAt == nil {
			t.Error("the file is not marked as deleted")
		}
		if n := w.client.Replica.Query().CountX(w.ctx); n != 0 {
			t.Errorf("%d replicas", n)
		}
		w.planned(op{kind: enttransfer.KindCOPY, path: "b.jpg", source: w.put(w.source, "in/b.jpg", "two")})
		if f = w.client.File.GetX(w.ctx, f.ID); f.DeletedAt != nil || f.Version != 2 {
			t.Errorf("file came back as %+v", f)
		}
		events := w.events()
		for what, n := range map[string]int{"file.created": 2, "file.updated": 1, "file.renamed": 1, "file.deleted": 1, "replica.verified": 4} {
			if events[what] != n {
				t.Errorf("%d events %s, want %d", events[what], what, n)
			}
		}
	})
}

func TestAdoptingChangesOnlyTheBooks(t *testing.T) {
	t.Parallel()
	testenv.Databases(t, func(t *testing.T, db testenv.Database) {
		w := newWorld(t, db, setup{})
		source, held := w.put(w.source, "in/a.jpg", "one"), w.put(w.targets[0], "out/a.jpg", "one")
		w.wantState(w.planned(op{kind: enttransfer.KindADOPT, path: "a.jpg", source: source, held: held}), enttransfer.StateDONE)
		r := w.client.Replica.Query().OnlyX(w.ctx)
		if r.SourceRevision != source.Revision || r.Revision != held.Revision || len(r.Sha256) != 64 {
			t.Errorf("replica = %+v", r)
		}
		w.wantState(w.planned(op{kind: enttransfer.KindADOPT, path: "a.jpg"}), enttransfer.StateDONE)
		if w.client.Replica.Query().CountX(w.ctx) != 0 || w.client.File.Query().OnlyX(w.ctx).DeletedAt == nil {
			t.Error("what is gone from both is still in the books")
		}
	})
}
