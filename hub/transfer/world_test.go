package transfer_test

import (
	"bytes"
	"context"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/wedsync/wedsync/connectors"
	"github.com/wedsync/wedsync/connectors/decorate"
	"github.com/wedsync/wedsync/connectors/memory"
	"github.com/wedsync/wedsync/ent"
	"github.com/wedsync/wedsync/ent/conflict"
	"github.com/wedsync/wedsync/ent/detail"
	"github.com/wedsync/wedsync/ent/filesync"
	"github.com/wedsync/wedsync/ent/rule"
	_ "github.com/wedsync/wedsync/ent/runtime"
	"github.com/wedsync/wedsync/ent/syncrun"
	enttransfer "github.com/wedsync/wedsync/ent/transfer"
	"github.com/wedsync/wedsync/hub"
	"github.com/wedsync/wedsync/hub/transfer"
	"github.com/wedsync/wedsync/internal/testenv"
)

// world is a sync with a source and some targets in memory, whose run is RUNNING.
type world struct {
	*testing.T
	ctx     context.Context
	client  *ent.Client
	sync    *ent.FileSync
	run     *ent.SyncRun
	source  connectors.Connection
	targets []connectors.Connection
	// open is what the hub gets for a connection's id.
	open    map[string]connectors.Connection
	rows    []*ent.SyncTarget
	service *transfer.Service
}

type deaf struct{}

func (deaf) Committed(context.Context, hub.Commit)  {}
func (deaf) Progress(context.Context, hub.Progress) {}

// Open implements transfer.Connections.
func (w *world) Open(_ context.Context, id string) (connectors.Connection, error) {
	return w.open[id], nil
}

// Resolve implements transfer.Resolver.
func (w *world) Resolve(strategy filesync.ConflictStrategy, _, _ detail.Side) (conflict.Resolution, bool) {
	r, ok := map[filesync.ConflictStrategy]conflict.Resolution{
		filesync.ConflictStrategySOURCE_WINS: conflict.ResolutionSOURCE,
		filesync.ConflictStrategyTARGET_WINS: conflict.ResolutionTARGET,
		filesync.ConflictStrategyKEEP_BOTH:   conflict.ResolutionKEEP_BOTH,
	}[strategy]
	return r, ok
}

// setup is what a test wants of its world.
type setup struct {
	targets      int
	options      memory.Options
	roles        []connectors.Role // all, if nil
	strategy     filesync.ConflictStrategy
	verification filesync.Verification
}

// newWorld makes a sync of its own in the database.
func newWorld(t *testing.T, db testenv.Database, s setup) *world {
	t.Helper()
	org := db.Client.Organization.Create().SetName("Studio").SaveX(rule.System(t.Context()))
	ctx := rule.SystemWithin(t.Context(), org.ID)
	w := &world{T: t, ctx: ctx, client: db.Client, open: map[string]connectors.Connection{}}
	wedding := db.Client.Wedding.Create().SetOrganizationID(org.ID).
		SetName("Ana & Rui").SetDate("2026-06-20").SetTimeZone("Europe/Lisbon").SaveX(ctx)
	stores := memory.NewStores()
	store := func(name string) (string, connectors.Connection) {
		stores.Create(name, s.options)
		conn, err := memory.Vendor{Stores: stores}.Open(ctx, connectors.Config{Settings: map[string]string{memory.SettingStore: name}})
		if err != nil {
			t.Fatal(err)
		}
		if s.roles != nil {
			conn = decorate.Only(conn, s.roles...)
		}
		row := db.Client.Connection.Create().SetOrganizationID(org.ID).SetProvider("memory").SetName(name).
			SetSettings(map[string]string{}).SaveX(ctx)
		w.open[row.ID] = conn
		return row.ID, conn
	}
	var sourceID string
	sourceID, w.source = store("source")
	create := db.Client.FileSync.Create().SetOrganizationID(org.ID).SetWeddingID(wedding.ID).
		SetSourceID(sourceID).SetSourcePath("in").SetName("Photos")
	if s.strategy != "" {
		create.SetConflictStrategy(s.strategy)
	}
	if s.verification != "" {
		create.SetVerification(s.verification)
	}
	w.sync = create.SaveX(ctx)
	for i := range max(s.targets, 1) {
		id, conn := store("target " + string(rune('A'+i)))
		w.targets = append(w.targets, conn)
		w.rows = append(w.rows, db.Client.SyncTarget.Create().SetOrganizationID(org.ID).SetSyncID(w.sync.ID).
			SetConnectionID(id).SetPath("out").SetPosition(i).SaveX(ctx))
	}
	w.newRun()
	w.service = w.newService(w)
	return w
}

func (w *world) newService(connections transfer.Connections) *transfer.Service {
	return transfer.New(transfer.Config{
		Store: hub.NewStore(w.client, deaf{}), Connections: connections, Resolver: w,
		Progress: deaf{}, Worker: "w1", Now: time.Now,
	})
}

func (w *world) newRun() {
	w.run = w.client.SyncRun.Create().SetOrganizationID(w.sync.OrganizationID).SetSyncID(w.sync.ID).
		SetState(syncrun.StateRUNNING).SetTrigger(syncrun.TriggerSTART).SetShards(1).SaveX(w.ctx)
}

// decorate puts decorators around what the hub gets of the i-th target, -1: the
// source.
func (w *world) decorate(i int, ds ...decorate.Decorator) {
	id := w.sync.SourceID
	if i >= 0 {
		id = w.rows[i].ConnectionID
	}
	w.open[id] = decorate.Wrap(w.open[id], ds...)
}

func (w *world) put(c connectors.Connection, path, content string) connectors.Object {
	w.Helper()
	sink := c.(connectors.Sink)
	s, err := sink.Begin(w.ctx, connectors.Upload{Path: path, Size: int64(len(content)), ModTime: time.Unix(1_700_000_000, 0)})
	for err == nil && s.Offset() < int64(len(content)) {
		rest := content[s.Offset():]
		n := min(s.PartSize(), int64(len(rest)))
		err = s.Write(w.ctx, strings.NewReader(rest[:n]), n)
	}
	if err != nil {
		w.Fatal(err)
	}
	o, err := s.Commit(w.ctx)
	if err != nil {
		w.Fatal(err)
	}
	return o
}

// contents returns everything that a store holds, the hub's folder included.
func (w *world) contents(c connectors.Connection) map[string]string {
	w.Helper()
	out := map[string]string{}
	for _, prefix := range []string{"", connectors.HubFolder} {
		page, err := c.(connectors.Source).List(w.ctx, prefix, "")
		if err != nil {
			w.Fatal(err)
		}
		for _, o := range page.Objects {
			r, _, err := c.(connectors.Source).Open(w.ctx, o.Path, 0, "")
			if err != nil {
				w.Fatal(err)
			}
			var b bytes.Buffer
			if _, err := io.Copy(&b, r); err != nil {
				w.Fatal(err)
			}
			out[strings.ReplaceAll(o.Path, w.run.ID, "RUN")] = b.String()
		}
	}
	return out
}

func (w *world) wants(what string, c connectors.Connection, want map[string]string) {
	w.Helper()
	got := w.contents(c)
	for path, content := range want {
		if got[path] != content {
			w.Errorf("%s: %s holds %.40q, want %.40q", what, path, got[path], content)
		}
	}
	for path := range got {
		if _, ok := want[path]; !ok {
			w.Errorf("%s: %s is there and should not be", what, path)
		}
	}
}

// op is an operation to plan for one target, between two objects as they are.
type op struct {
	kind         enttransfer.Kind
	target       int
	path, from   string
	source, held connectors.Object
	retain       bool
	conflict     conflict.Kind
	aside        string
}

func (w *world) plan(ops ...op) []*ent.Transfer {
	w.Helper()
	var out []*ent.Transfer
	for _, o := range ops {
		create := w.client.Transfer.Create().SetOrganizationID(w.sync.OrganizationID).SetRunID(w.run.ID).
			SetTargetID(w.rows[o.target].ID).SetKind(o.kind).SetPath(o.path).SetRetain(o.retain).SetConflict(string(o.conflict)).
			SetBytes(o.source.Size).SetExpect(detail.Expectation{
			SourceRevision: o.source.Revision, SourceSize: o.source.Size, SourceModTime: o.source.ModTime,
			TargetRevision: o.held.Revision, TargetSize: o.held.Size, TargetModTime: o.held.ModTime,
		})
		if o.from != "" {
			create.SetFromPath(o.from)
		}
		if o.aside != "" {
			create.SetRetainedPath(o.aside)
		}
		out = append(out, create.SaveX(w.ctx))
	}
	return out
}

func (w *world) handle(ctx context.Context, s *transfer.Service) error {
	return s.HandleShard(ctx, &ent.Job{SubjectID: w.run.ID, Kind: hub.JobRunShard})
}

// carryOut runs the shard to its end.
func (w *world) carryOut() {
	w.Helper()
	if err := w.handle(w.ctx, w.service); err != nil {
		w.Fatal(err)
	}
}

func (w *world) now(t *ent.Transfer) *ent.Transfer {
	w.Helper()
	return w.client.Transfer.GetX(w.ctx, t.ID)
}

func (w *world) wantState(t *ent.Transfer, want enttransfer.State) *ent.Transfer {
	w.Helper()
	got := w.now(t)
	if got.State != want {
		w.Errorf("%s of %s is %s (%s), want %s", got.Kind, got.Path, got.State, got.Reason, want)
	}
	return got
}

// events counts the events of each type.
func (w *world) events() map[string]int {
	out := map[string]int{}
	for _, e := range w.client.Event.Query().AllX(w.ctx) {
		out[e.Type]++
	}
	return out
}

func (w *world) jobs(kind string) int {
	all := w.client.Job.Query().AllX(w.ctx)
	return len(slices.DeleteFunc(all, func(j *ent.Job) bool { return j.Kind != kind || j.SubjectID != w.run.ID }))
}

// large is a content that is not read into memory.
func large() string { return strings.Repeat("0123456789abcdef", (9<<20)/16) + "end" }
