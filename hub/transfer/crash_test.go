package transfer_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"testing"

	"github.com/wedsync/wedsync/connectors"
	"github.com/wedsync/wedsync/connectors/decorate"
	"github.com/wedsync/wedsync/ent/conflict"
	"github.com/wedsync/wedsync/ent/file"
	"github.com/wedsync/wedsync/ent/filesync"
	enttransfer "github.com/wedsync/wedsync/ent/transfer"
	"github.com/wedsync/wedsync/hub"
	"github.com/wedsync/wedsync/internal/testenv"
)

var errCrashed = errors.New("the hub has crashed")

// crash ends the hub's life at the k-th call to any store, before or after the
// call was made.
type crash struct {
	mu   sync.Mutex
	left int
	late bool
	end  context.CancelFunc
}

func (c *crash) decorator() decorate.Decorator {
	return decorate.Decorator{Around: func(ctx context.Context, _ decorate.Call, next func(context.Context) error) error {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.left--
		if c.left > 0 {
			return next(ctx)
		}
		var err error
		if c.left == 0 && c.late {
			err = next(ctx) // the answer is never heard
		}
		c.end()
		return errors.Join(errCrashed, err)
	}}
}

// scenario is an operation between a source that holds "ours" and a target that
// holds "theirs", both at a.jpg unless the plan makes it otherwise, and what has
// to come of it.
type scenario struct {
	strategy       filesync.ConflictStrategy
	plan           func(w *world) op
	source, target map[string]string
	// books are the paths of the files that are agreed on in the end.
	books    []string
	resolved conflict.Resolution
}

func (w *world) opposed(o op) op {
	o.path = "a.jpg"
	o.source = w.put(w.source, "in/a.jpg", "ours")
	o.held = w.put(w.targets[0], "out/a.jpg", "their")
	return o
}

const aside = "a (conflict).jpg"

func scenarios() map[string]scenario {
	apart := func(o op) func(*world) op {
		o.conflict = conflict.KindBOTH_CHANGED
		return func(w *world) op { return w.opposed(o) }
	}
	ours := map[string]string{"in/a.jpg": "ours"}
	updated := scenario{
		plan:   apart(op{kind: enttransfer.KindUPDATE, retain: true}),
		source: ours, target: map[string]string{"out/a.jpg": "ours", ".wedsync/retained/RUN/out/a.jpg": "their"},
		books: []string{"a.jpg"}, resolved: conflict.ResolutionSOURCE,
	}
	pulled := scenario{
		plan:   apart(op{kind: enttransfer.KindPULL}),
		source: map[string]string{"in/a.jpg": "their", ".wedsync/retained/RUN/in/a.jpg": "ours"},
		target: map[string]string{"out/a.jpg": "their"},
		books:  []string{"a.jpg"}, resolved: conflict.ResolutionTARGET,
	}
	both := scenario{
		plan:   apart(op{kind: enttransfer.KindKEEP_BOTH, aside: aside}),
		source: map[string]string{"in/a.jpg": "ours", "in/" + aside: "their"},
		target: map[string]string{"out/a.jpg": "ours", "out/" + aside: "their"},
		books:  []string{aside, "a.jpg"}, resolved: conflict.ResolutionKEEP_BOTH,
	}
	compared := func(s scenario, strategy filesync.ConflictStrategy) scenario {
		s.strategy = strategy
		s.plan = func(w *world) op {
			return op{
				kind: enttransfer.KindCOMPARE, conflict: conflict.KindBOTH_CREATED, aside: aside, path: "a.jpg",
				source: w.put(w.source, "in/a.jpg", "ours"), held: w.put(w.targets[0], "out/a.jpg", "thei"),
			}
		}
		s.source, s.target = shortened(s.source), shortened(s.target)
		return s
	}
	return map[string]scenario{
		"UPDATE":               updated,
		"PULL":                 pulled,
		"KEEP_BOTH":            both,
		"COMPARE, SOURCE_WINS": compared(updated, filesync.ConflictStrategySOURCE_WINS),
		"COMPARE, TARGET_WINS": compared(pulled, filesync.ConflictStrategyTARGET_WINS),
		"COMPARE, KEEP_BOTH":   compared(both, filesync.ConflictStrategyKEEP_BOTH),
		"RENAME": {
			plan: func(w *world) op {
				return op{
					kind: enttransfer.KindRENAME, path: "b.jpg", from: "a.jpg",
					source: w.put(w.source, "in/b.jpg", "ours"), held: w.put(w.targets[0], "out/a.jpg", "ours"),
				}
			},
			source: map[string]string{"in/b.jpg": "ours"}, target: map[string]string{"out/b.jpg": "ours"},
			books: []string{"b.jpg"},
		},
		"DELETE": {
			plan: func(w *world) op {
				return op{kind: enttransfer.KindDELETE, path: "a.jpg", retain: true, held: w.put(w.targets[0], "out/a.jpg", "their")}
			},
			source: map[string]string{}, target: map[string]string{".wedsync/trash/RUN/out/a.jpg": "their"},
		},
		"COPY": {
			plan: func(w *world) op {
				return op{kind: enttransfer.KindCOPY, path: "a.jpg", source: w.put(w.source, "in/a.jpg", "ours")}
			},
			source: ours, target: map[string]string{"out/a.jpg": "ours"}, books: []string{"a.jpg"},
		},
	}
}

// shortened gives the target's content the size of the source's, so that only
// reading tells them apart.
func shortened(m map[string]string) map[string]string {
	out := maps.Clone(m)
	for path, content := range out {
		if content == "their" {
			out[path] = "thei"
		}
	}
	return out
}

// TestNoCrashLosesContent lets the hub die at each of its calls to the stores in
// turn, before and after it was made, and start again.
func TestNoCrashLosesContent(t *testing.T) {
	t.Parallel()
	kinds := map[string][]connectors.Role{
		"every role": nil,
		"moving":     {connectors.RoleSource, connectors.RoleSink, connectors.RoleDeleter, connectors.RoleMover},
		"copying":    {connectors.RoleSource, connectors.RoleSink, connectors.RoleDeleter, connectors.RoleCopier},
		"plain":      {connectors.RoleSource, connectors.RoleSink, connectors.RoleDeleter},
	}
	testenv.Databases(t, func(t *testing.T, db testenv.Database) {
		for name, s := range scenarios() {
			for kind, roles := range kinds {
				t.Run(name+" at stores "+kind, func(t *testing.T) {
					t.Parallel()
					survives(t, db, s, roles, false)
					survives(t, db, s, roles, true)
				})
			}
		}
	})
}

// survives crashes at the first call, at the second and so on until a life ends
// without a crash.
func survives(t *testing.T, db testenv.Database, s scenario, roles []connectors.Role, late bool) {
	t.Helper()
	const enough = 60
	for k := 1; k <= enough; k++ {
		w := newWorld(t, db, setup{roles: roles, strategy: s.strategy})
		row := w.plan(s.plan(w))[0]
		healthy := maps.Clone(w.open)
		ctx, end := context.WithCancel(w.ctx)
		c := &crash{left: k, late: late, end: end}
		w.decorate(-1, c.decorator())
		w.decorate(0, c.decorator())
		err := w.handle(ctx, w.service)
		end()
		crashed := c.left <= 0
		if crashed && !errors.Is(err, context.Canceled) || !crashed && err != nil {
			t.Fatalf("life %d ended with %v", k, err)
		}
		w.open = healthy
		w.carryOut()
		w.wantState(row, enttransfer.StateDONE)
		w.wants(fmt.Sprintf("life %d: source", k), w.source, s.source)
		w.wants(fmt.Sprintf("life %d: target", k), w.targets[0], s.target)
		w.wantBooks(fmt.Sprintf("life %d", k), s)
		if t.Failed() {
			t.FailNow()
		}
		if !crashed {
			return
		}
	}
	t.Fatal("no life ended by itself")
}

func (w *world) wantBooks(what string, s scenario) {
	w.Helper()
	var paths []string
	for _, f := range w.client.File.Query().Where(file.DeletedAtIsNil()).Order(file.ByPath()).AllX(w.ctx) {
		paths = append(paths, f.Path)
	}
	if !slices.Equal(paths, s.books) {
		w.Errorf("%s: the books have %q, want %q", what, paths, s.books)
	}
	for _, r := range w.client.Replica.Query().WithFile().AllX(w.ctx) {
		source, err := w.source.(connectors.Source).Stat(w.ctx, "in/"+r.Edges.File.Path)
		if err != nil || source.Revision != r.SourceRevision || source.Revision != r.Edges.File.Revision {
			w.Errorf("%s: %s: source has %s (%v), books %s", what, r.Path, source.Revision, err, r.SourceRevision)
		}
		target, err := w.targets[0].(connectors.Source).Stat(w.ctx, "out/"+r.Path)
		if err != nil || target.Revision != r.Revision {
			w.Errorf("%s: %s: target has %s (%v), books %s", what, r.Path, target.Revision, err, r.Revision)
		}
	}
	run := w.client.SyncRun.GetX(w.ctx, w.run.ID)
	if run.OperationsDone != 1 || run.OperationsFailed != 0 {
		w.Errorf("%s: %d done, %d failed", what, run.OperationsDone, run.OperationsFailed)
	}
	if w.jobs(hub.JobRunFinish) == 0 {
		w.Errorf("%s: the run is not closed", what)
	}
	all := w.client.Conflict.Query().AllX(w.ctx)
	if s.resolved == "" {
		if len(all) != 0 {
			w.Errorf("%s: %d conflicts", what, len(all))
		}
		return
	}
	if len(all) != 1 || all[0].State != conflict.StateRESOLVED || *all[0].Resolution != s.resolved || all[0].RetainedPath == "" {
		w.Errorf("%s: conflicts %v, want one settled by %s", what, all, s.resolved)
	}
}
