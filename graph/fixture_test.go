package graph_test

import (
	"context"
	"encoding/json"
	"log/slog"
	"sync/atomic"
	"testing"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/99designs/gqlgen/graphql/executor"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/wedsync/wedsync/connectors/catalog"
	"github.com/wedsync/wedsync/connectors/memory"
	"github.com/wedsync/wedsync/ent"
	"github.com/wedsync/wedsync/ent/rule"
	_ "github.com/wedsync/wedsync/ent/runtime"
	"github.com/wedsync/wedsync/graph"
	"github.com/wedsync/wedsync/hub"
	"github.com/wedsync/wedsync/hub/account"
	"github.com/wedsync/wedsync/hub/connection"
	"github.com/wedsync/wedsync/hub/event"
	"github.com/wedsync/wedsync/hub/filesync"
	"github.com/wedsync/wedsync/hub/vault"
	"github.com/wedsync/wedsync/hub/wedding"
	"github.com/wedsync/wedsync/internal/bus"
	"github.com/wedsync/wedsync/internal/testenv"
)

// patience bounds the wait for what must happen; a passing test never gets there.
const patience = 30 * time.Second

// api is the hub behind its schema, without workers.
type api struct {
	client *ent.Client
	store  *hub.Store
	stores *memory.Stores
	syncs  *idleSyncs
	exec   *executor.Executor
	// revoked ends what everybody follows.
	revoked atomic.Bool
}

// idleSyncs plan nothing, because no worker is there: planned, if set, plays the
// worker when somebody waits for a plan.
type idleSyncs struct {
	*filesync.Service
	client  *ent.Client
	planned func(context.Context, *ent.SyncRun) error
}

func (s *idleSyncs) AwaitPlanned(ctx context.Context, runID string) (*ent.SyncRun, error) {
	run, err := s.client.SyncRun.Get(ctx, runID)
	if err != nil || s.planned == nil {
		return run, err
	}
	if err := s.planned(rule.SystemWithin(ctx, run.OrganizationID), run); err != nil {
		return nil, err
	}
	return s.client.SyncRun.Get(ctx, runID)
}

func start(t *testing.T, p testenv.Pair) *api {
	t.Helper()
	quiet := slog.New(slog.DiscardHandler)
	b := bus.New(p.Redis.Client(t), quiet)
	t.Cleanup(b.Close)
	a := &api{client: p.Client, stores: memory.NewStores()}
	events := event.New(p.Client, b, a.allowed, quiet)
	t.Cleanup(events.Close)
	sealer, err := vault.New(make([]byte, vault.KeySize))
	if err != nil {
		t.Fatal(err)
	}
	a.store = hub.NewStore(p.Client, events)
	connections := connection.New(a.store, catalog.New(memory.Vendor{Stores: a.stores}), sealer, connection.Options{Clock: time.Now})
	t.Cleanup(func() {
		if err := connections.Close(); err != nil {
			t.Error(err)
		}
	})
	a.syncs = &idleSyncs{Service: filesync.New(a.store, connections, filesync.Options{Clock: time.Now, Log: quiet}), client: p.Client}
	a.exec = executor.New(graph.New(graph.Services{
		Store: a.store, Accounts: account.New(a.store, time.Now), Connections: connections,
		Weddings: wedding.New(a.store, a.syncs, time.Now), Syncs: a.syncs, Events: events, Fingerprint: sealer.Fingerprint,
	}))
	return a
}

func (a *api) allowed(context.Context, rule.Viewer) error {
	if a.revoked.Load() {
		return account.ErrUnauthenticated
	}
	return nil
}

// answer is what an operation came to.
type answer struct {
	Data   map[string]any
	Errors gqlerror.List
	Raw    string
}

// do executes an operation that is no subscription.
func (a *api) do(ctx context.Context, query string, variables map[string]any) answer {
	responses, ctx, refused := a.dispatch(ctx, query, variables)
	if refused != nil {
		return answer{Errors: refused}
	}
	return decode(responses(ctx))
}

func (a *api) dispatch(ctx context.Context, query string, variables map[string]any) (graphql.ResponseHandler, context.Context, gqlerror.List) {
	ctx = graphql.StartOperationTrace(ctx)
	operation, errs := a.exec.CreateOperationContext(ctx, &graphql.RawParams{Query: query, Variables: variables})
	if errs != nil {
		return nil, ctx, errs
	}
	responses, ctx := a.exec.DispatchOperation(ctx, operation)
	return responses, ctx, nil
}

func decode(r *graphql.Response) answer {
	a := answer{Errors: r.Errors, Raw: string(r.Data) + r.Errors.Error()}
	if len(r.Data) > 0 {
		if err := json.Unmarshal(r.Data, &a.Data); err != nil {
			a.Errors = append(a.Errors, gqlerror.Wrap(err))
		}
	}
	return a
}

// must executes an operation that has to succeed and returns its first field.
func (a *api) must(t *testing.T, ctx context.Context, query string, variables map[string]any) map[string]any {
	t.Helper()
	got := a.do(ctx, query, variables)
	if len(got.Errors) > 0 {
		t.Fatalf("%s\n%v", query, got.Errors)
	}
	for _, v := range got.Data {
		field, ok := v.(map[string]any)
		if !ok {
			t.Fatalf("%s answers %v", query, got.Data)
		}
		if mistakes, ok := field["userErrors"].([]any); ok && len(mistakes) > 0 {
			t.Fatalf("%s\n%v", query, mistakes)
		}
		return field
	}
	t.Fatalf("%s answers nothing", query)
	return nil
}

// mistakes executes a mutation and returns its userErrors as "CODE field".
func (a *api) mistakes(t *testing.T, ctx context.Context, query string, variables map[string]any) []string {
	t.Helper()
	got := a.do(ctx, query, variables)
	if len(got.Errors) > 0 {
		t.Fatalf("%s\n%v", query, got.Errors)
	}
	var out []string
	for _, v := range got.Data {
		for _, m := range v.(map[string]any)["userErrors"].([]any) {
			mistake := m.(map[string]any)
			text := mistake["code"].(string)
			if path, ok := mistake["field"].([]any); ok {
				for i, step := range path {
					text += map[bool]string{true: " ", false: "."}[i == 0] + step.(string)
				}
			}
			out = append(out, text)
		}
	}
	return out
}

// subscribe starts a subscription whose responses come through the channel.
func (a *api) subscribe(ctx context.Context, query string, variables map[string]any) <-chan answer {
	out := make(chan answer)
	go func() {
		defer close(out)
		responses, ctx, refused := a.dispatch(ctx, query, variables)
		if refused != nil {
			out <- answer{Errors: refused}
			return
		}
		for {
			r := responses(ctx)
			if r == nil {
				return
			}
			select {
			case out <- decode(r):
			case <-ctx.Done():
				return
			}
		}
	}()
	return out
}

func next(t *testing.T, responses <-chan answer) answer {
	t.Helper()
	select {
	case r, ok := <-responses:
		if !ok {
			t.Fatal("the subscription is over")
		}
		return r
	case <-time.After(patience):
		t.Fatal("waited in vain")
	}
	return answer{}
}

// typeKind tells what a field's type is in the end.
func typeKind(schema *ast.Schema, t *ast.Type) ast.DefinitionKind { return schema.Types[t.Name()].Kind }
