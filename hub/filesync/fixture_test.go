package filesync_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/wedsync/wedsync/connectors"
	"github.com/wedsync/wedsync/connectors/decorate"
	"github.com/wedsync/wedsync/connectors/memory"
	"github.com/wedsync/wedsync/ent"
	"github.com/wedsync/wedsync/ent/job"
	"github.com/wedsync/wedsync/ent/rule"
	_ "github.com/wedsync/wedsync/ent/runtime"
	"github.com/wedsync/wedsync/ent/syncrun"
	"github.com/wedsync/wedsync/ent/transfer"
	"github.com/wedsync/wedsync/hub"
	"github.com/wedsync/wedsync/hub/filesync"
	"github.com/wedsync/wedsync/internal/testenv"
)

type deaf struct{}

func (deaf) Committed(context.Context, hub.Commit) {}

// studio is an organization with connections in memory.
type studio struct {
	*testing.T
	*filesync.Service
	client *ent.Client
	org    string
	// ctx is a member's, system the hub's own.
	ctx, system context.Context
	wedding     string

	mu      sync.Mutex
	clock   time.Time
	open    map[string]connectors.Connection
	refused map[string]error // what opening a connection fails with
	stores  *memory.Stores
}

func newStudio(t *testing.T, db testenv.Database) *studio {
	t.Helper()
	owner, org := testenv.Organization(t, db.Client)
	viewer, _ := rule.From(owner)
	s := &studio{
		T: t, client: db.Client, org: org.ID,
		ctx:    rule.With(t.Context(), rule.Viewer{OrganizationID: org.ID, UserID: viewer.UserID, Role: rule.RoleMember}),
		system: rule.SystemWithin(t.Context(), org.ID),
		clock:  time.Date(2026, 6, 20, 12, 0, 0, 0, time.UTC),
		open:   map[string]connectors.Connection{}, refused: map[string]error{}, stores: memory.NewStores(),
	}
	s.wedding = db.Client.Wedding.Create().SetOrganizationID(org.ID).SetName("Ana & Rui").
		SetDate("2026-06-20").SetTimeZone("Europe/Lisbon").SaveX(s.ctx).ID
	s.Service = filesync.New(hub.NewStore(db.Client, deaf{}), s, filesync.Options{
		Clock: s.now, Log: slog.New(slog.DiscardHandler),
		Rescan: 20 * time.Millisecond, Watch: 5 * time.Millisecond,
	})
	return s
}

func (s *studio) now() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.clock = s.clock.Add(time.Second)
	return s.clock
}

func (s *studio) later(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.clock = s.clock.Add(d)
}

// connect makes a connection to a store of its own.
func (s *studio) connect(name string, ds ...decorate.Decorator) string {
	s.Helper()
	conn, err := memory.Vendor{Stores: s.stores}.Open(s.ctx, connectors.Config{Settings: map[string]string{memory.SettingStore: name}})
	if err != nil {
		s.Fatal(err)
	}
	row := s.client.Connection.Create().SetOrganizationID(s.org).SetProvider("memory").SetName(name).
		SetSettings(map[string]string{}).SaveX(s.system)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.open[row.ID] = decorate.Wrap(conn, ds...)
	return row.ID
}

// Open implements filesync.Connections.
func (s *studio) Open(_ context.Context, id string) (connectors.Connection, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.refused[id]; err != nil {
		return nil, err
	}
	return s.open[id], nil
}

// Provider implements filesync.Connections.
func (s *studio) Provider(id string) (connectors.Descriptor, bool) {
	d := memory.Vendor{}.Descriptor()
	switch id {
	case "memory":
	case "gallery": // takes files and gives none
		for i, r := range d.Roles {
			if r.Role != connectors.RoleSink {
				d.Roles[i] = connectors.RoleSupport{Role: r.Role, Reason: "it only takes files"}
			}
		}
	case "camera": // gives files and takes none
		for i, r := range d.Roles {
			if r.Role != connectors.RoleSource {
				d.Roles[i] = connectors.RoleSupport{Role: r.Role, Reason: "it only gives files"}
			}
		}
	default:
		return d, false
	}
	return d, true
}

// valid is a definition with a source and two targets.
func (s *studio) valid() filesync.Create {
	return filesync.Create{
		WeddingID: s.wedding, Name: "Album", SourceID: s.connect("camera"), SourcePath: "in",
		Targets:          []filesync.Target{{ConnectionID: s.connect("cloud"), Path: "out"}, {ConnectionID: s.connect("disk")}},
		MaxDeletePercent: 100,
	}
}

func (s *studio) define(in filesync.Create) *ent.FileSync {
	s.Helper()
	f, err := s.Create(s.ctx, in)
	if err != nil {
		s.Fatal(err)
	}
	return f
}

func (s *studio) put(connectionID, path, content string) {
	s.Helper()
	s.write(s.open[connectionID], path, content, connectors.Expect{})
}

func (s *studio) write(conn connectors.Connection, path, content string, e connectors.Expect) connectors.Object {
	s.Helper()
	session, err := conn.(connectors.Sink).Begin(s.ctx, connectors.Upload{Path: path, Size: int64(len(content)), ModTime: s.now(), Expect: e})
	if err == nil && content != "" {
		err = session.Write(s.ctx, strings.NewReader(content), int64(len(content)))
	}
	if err != nil {
		s.Fatal(err)
	}
	o, err := session.Commit(s.ctx)
	if err != nil {
		s.Fatal(err)
	}
	return o
}

func (s *studio) remove(connectionID, path string) {
	s.Helper()
	if err := s.open[connectionID].(connectors.Deleter).Delete(s.ctx, path, connectors.Expect{}); err != nil {
		s.Fatal(err)
	}
}

func (s *studio) read(conn connectors.Connection, path string) (string, connectors.Object) {
	s.Helper()
	body, o, err := conn.(connectors.Source).Open(s.ctx, path, 0, "")
	if err != nil {
		s.Fatal(err)
	}
	text, err := io.ReadAll(body)
	if err := errors.Join(err, body.Close()); err != nil {
		s.Fatal(err)
	}
	return string(text), o
}

// work does jobs of these kinds, or of all, until none is left.
func (s *studio) work(kinds ...string) {
	s.Helper()
	for {
		ready := s.client.Job.Query().Where(job.StateEQ(job.StateREADY), job.KindNEQ(hub.JobSyncWatch)).
			Order(job.ByID()).AllX(s.system)
		i := slices.IndexFunc(ready, func(j *ent.Job) bool { return len(kinds) == 0 || slices.Contains(kinds, j.Kind) })
		if i < 0 {
			return
		}
		s.client.Job.UpdateOne(ready[i]).SetState(job.StateDONE).ExecX(s.system)
		if err := s.do(ready[i]); err != nil {
			s.Fatalf("%s: %v", ready[i].Kind, err)
		}
	}
}

func (s *studio) do(j *ent.Job) error {
	switch j.Kind {
	case hub.JobRunPlan:
		return s.HandlePlan(s.system, j)
	case hub.JobRunShard:
		s.carryOut(j)
		return nil
	default:
		return s.HandleFinish(s.system, j)
	}
}

// run starts the sync and carries it out.
func (s *studio) run(f *ent.FileSync) *ent.SyncRun {
	s.Helper()
	run, err := s.Start(s.ctx, filesync.StartInput{SyncID: f.ID})
	if err != nil {
		s.Fatal(err)
	}
	s.work()
	return s.client.SyncRun.GetX(s.ctx, run.ID)
}

// planned makes a plan.
func (s *studio) planned(f *ent.FileSync) *ent.SyncRun {
	s.Helper()
	run, err := s.Plan(s.ctx, f.ID)
	if err != nil {
		s.Fatal(err)
	}
	s.work()
	return s.client.SyncRun.GetX(s.ctx, run.ID)
}

func (s *studio) want(run *ent.SyncRun, state syncrun.State) {
	s.Helper()
	if run.State != state {
		s.Fatalf("the run is %s (%s), want %s", run.State, run.Reason, state)
	}
}

// operations lists what the run does, as "COPY cloud a.jpg".
func (s *studio) operations(run *ent.SyncRun) []string {
	s.Helper()
	var out []string
	for _, row := range s.client.Transfer.Query().Where(transfer.RunID(run.ID)).
		WithTarget(func(q *ent.SyncTargetQuery) { q.WithConnection() }).AllX(s.ctx) {
		where := "source"
		if row.Edges.Target != nil {
			where = row.Edges.Target.Edges.Connection.Name
		}
		out = append(out, fmt.Sprintf("%s %s %s", row.Kind, where, row.Path))
	}
	slices.Sort(out)
	return out
}

func code(err error) string {
	var mistake *hub.Error
	if errors.As(err, &mistake) {
		return string(mistake.Code)
	}
	return ""
}

// codes lists the mistakes that err joins, as "INVALID name".
func codes(err error) []string {
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		var out []string
		for _, e := range joined.Unwrap() {
			out = append(out, codes(e)...)
		}
		return out
	}
	var mistake *hub.Error
	if errors.As(err, &mistake) {
		return []string{string(mistake.Code) + " " + mistake.Field}
	}
	return nil
}
