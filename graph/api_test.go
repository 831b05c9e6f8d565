package graph_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/wedsync/wedsync/ent"
	"github.com/wedsync/wedsync/ent/rule"
	"github.com/wedsync/wedsync/ent/syncrun"
	"github.com/wedsync/wedsync/internal/id"
	"github.com/wedsync/wedsync/internal/testenv"
)

const weddingCreate = `mutation($in: WeddingCreateInput!) { weddingCreate(input: $in) {
	wedding { id name date timeZone } userErrors { code field message } } }`

func weddingInput(name string) map[string]any {
	return map[string]any{"in": map[string]any{"name": name, "date": "2026-06-20", "timeZone": "Europe/Lisbon"}}
}

func studio1(t *testing.T, env testenv.Pair) (*api, *studio) {
	t.Helper()
	a := start(t, env)
	return a, found(t, env, a, "studioone")
}

func TestListsArePagedByKey(t *testing.T) {
	t.Parallel()
	testenv.Pairs(t, func(t *testing.T, env testenv.Pair) {
		a, s := studio1(t, env)
		for i := range 6 {
			a.must(t, s.ctx, weddingCreate, weddingInput(fmt.Sprint("wedding ", i)))
		}
		const query = `query($after: Cursor) { weddings(first: 3, after: $after) {
			totalCount nodes { name } edges { cursor } pageInfo { hasNextPage hasPreviousPage endCursor } } }`
		var names []string
		vars := map[string]any{}
		for range 3 {
			page := a.must(t, s.ctx, query, vars)
			for _, n := range page["nodes"].([]any) {
				names = append(names, n.(map[string]any)["name"].(string))
			}
			info := page["pageInfo"].(map[string]any)
			if page["totalCount"] != 7.0 || info["hasPreviousPage"] != (len(vars) > 0) || info["hasNextPage"] != (len(names) < 7) {
				t.Errorf("page ends %v of %v", info, page["totalCount"])
			}
			vars["after"] = info["endCursor"]
		}
		want := []string{"wedding 5", "wedding 4", "wedding 3", "wedding 2", "wedding 1", "wedding 0", "studioone wedding"}
		if !slices.Equal(names, want) {
			t.Errorf("listed %v", names)
		}
		page := a.must(t, s.ctx, query, vars)
		if nodes := page["nodes"].([]any); len(nodes) != 0 {
			t.Errorf("after the end: %v", nodes)
		}
	})
}

func TestBadPagingIsRefused(t *testing.T) {
	t.Parallel()
	testenv.Pairs(t, func(t *testing.T, env testenv.Pair) {
		a, s := studio1(t, env)
		// A cursor of the list of syncs, whose entries are of another kind.
		syncs := a.must(t, s.ctx, `{ syncs(first: 1) { pageInfo { endCursor } } }`, nil)
		foreign := syncs["pageInfo"].(map[string]any)["endCursor"].(string)
		for args, want := range map[string]string{
			`first: 0`:                     "first",
			`first: -1`:                    "first",
			`first: 101`:                   "first",
			`after: ""`:                    "after",
			`after: "%%%"`:                 "after",
			`after: "d2Vk"`:                "after",
			`after: "` + foreign + `"`:     "after",
			`first: 1, after: "\u0000🙂"`:   "after",
			`first: 1000000, after: "IzE"`: "first",
		} {
			got := a.do(s.ctx, "{ weddings("+args+") { nodes { id } } }", nil)
			if len(got.Errors) != 1 || !strings.Contains(got.Errors[0].Message, want) {
				t.Errorf("%s: %v", args, got.Errors)
			}
		}
		got := a.do(s.ctx, `{ events(after: "`+foreign+`") { nodes { id } } }`, nil)
		if len(got.Errors) != 1 {
			t.Errorf("a cursor of another list: %v", got.Errors)
		}
		many := strings.Repeat(`"x", `, 101)
		if got := a.do(s.ctx, `{ nodes(ids: [`+many+`]) { id } }`, nil); len(got.Errors) != 1 {
			t.Errorf("101 nodes: %v", got.Errors)
		}
	})
}

func TestMutationIsDoneOncePerKey(t *testing.T) {
	t.Parallel()
	testenv.Pairs(t, func(t *testing.T, env testenv.Pair) {
		a, s := studio1(t, env)
		with := func(key, name string) map[string]any {
			in := weddingInput(name)
			in["in"].(map[string]any)["idempotencyKey"] = key
			return in
		}
		var mu sync.Mutex
		made := map[string]int{}
		var wg sync.WaitGroup
		for range 6 {
			wg.Go(func() {
				got := a.do(s.ctx, weddingCreate, with("k1", "once"))
				mu.Lock()
				defer mu.Unlock()
				if len(got.Errors) > 0 {
					t.Errorf("%v", got.Errors)
					return
				}
				w, ok := got.Data["weddingCreate"].(map[string]any)["wedding"].(map[string]any)
				if !ok {
					t.Errorf("%s", got.Raw)
					return
				}
				made[w["id"].(string)]++
			})
		}
		wg.Wait()
		if len(made) != 1 {
			t.Errorf("one request made %v", made)
		}
		if got := a.mistakes(t, s.ctx, weddingCreate, with("k1", "other")); !slices.Equal(got, []string{"IDEMPOTENCY_KEY_REUSED idempotencyKey"}) {
			t.Errorf("the key with another input: %v", got)
		}
		for _, key := range []string{"", strings.Repeat("k", 201)} {
			if got := a.mistakes(t, s.ctx, weddingCreate, with(key, "x")); !slices.Equal(got, []string{"INVALID idempotencyKey"}) {
				t.Errorf("key of %d bytes: %v", len(key), got)
			}
		}
		// What failed was not done, so the key is still free.
		bad := with("k2", "bad")
		bad["in"].(map[string]any)["date"] = "never"
		if got := a.mistakes(t, s.ctx, weddingCreate, bad); !slices.Equal(got, []string{"INVALID date"}) {
			t.Errorf("a bad date: %v", got)
		}
		a.must(t, s.ctx, weddingCreate, with("k2", "good"))
	})
}

func TestConnectionTestIsAnsweredAgain(t *testing.T) {
	t.Parallel()
	testenv.Pairs(t, func(t *testing.T, env testenv.Pair) {
		a, s := studio1(t, env)
		made := a.must(t, s.ctx, `mutation { connectionCreate(input: {provider: "memory", name: "Disk", settings: {store: "d"}}) {
			connection { id settings provider { id } } userErrors { code field message } } }`, nil)
		con := made["connection"].(map[string]any)
		const test = `mutation($id: ID!) { connectionTest(input: {id: $id, idempotencyKey: "t"}) {
			ok steps { name ok message ms } connection { id testedAt } userErrors { code field message } } }`
		vars := map[string]any{"id": con["id"]}
		first, second := a.must(t, s.ctx, test, vars), a.must(t, s.ctx, test, vars)
		if first["ok"] != true || len(first["steps"].([]any)) != 7 {
			t.Errorf("test: %v", first)
		}
		if fmt.Sprint(first) != fmt.Sprint(second) {
			t.Errorf("the second answer differs:\n%v\n%v", first, second)
		}
		got := a.mistakes(t, s.ctx, `mutation { connectionCreate(input: {provider: "memory", name: " ", settings: {shop: "d"}}) {
			userErrors { code field message } } }`, nil)
		if !slices.Equal(got, []string{"INVALID name", "INVALID settings.shop", "INVALID settings.store"}) {
			t.Errorf("mistakes: %v", got)
		}
	})
}

func TestTokenShowsItsSecretOnce(t *testing.T) {
	t.Parallel()
	testenv.Pairs(t, func(t *testing.T, env testenv.Pair) {
		a, s := studio1(t, env)
		const create = `mutation { tokenCreate(input: {name: "ci", role: MEMBER, idempotencyKey: "t"}) {
			secret token { id name role user { email } } userErrors { code field message } } }`
		first, second := a.must(t, s.ctx, create, nil), a.must(t, s.ctx, create, nil)
		if secret, _ := first["secret"].(string); !strings.HasPrefix(secret, "wst_") {
			t.Errorf("secret %q", secret)
		}
		if second["secret"] != nil || fmt.Sprint(first["token"]) != fmt.Sprint(second["token"]) {
			t.Errorf("shown again: %v", second)
		}
	})
}

func TestRolesShowAsForbidden(t *testing.T) {
	t.Parallel()
	testenv.Pairs(t, func(t *testing.T, env testenv.Pair) {
		a, s := studio1(t, env)
		viewer, _ := rule.From(s.ctx)
		viewer.Role = rule.RoleViewer
		ctx := rule.With(s.ctx, viewer)
		for _, m := range []string{
			`weddingCreate(input: {name: "x", date: "2026-06-20", timeZone: "UTC"})`,
			`weddingArchive(input: {id: "` + s.ids[id.Wedding] + `"})`,
			`connectionTest(input: {id: "` + s.ids[id.Connection] + `"})`,
			`syncPlan(input: {syncId: "` + s.ids[id.Sync] + `"})`,
			`memberAdd(input: {email: "x@example.org", role: VIEWER})`,
			`tokenCreate(input: {name: "x", role: VIEWER})`,
			`conflictResolve(input: {id: "` + s.ids[id.Conflict] + `", choice: SOURCE})`,
		} {
			got := a.mistakes(t, ctx, "mutation { "+m+" { userErrors { code field message } } }", nil)
			if len(got) != 1 || !strings.HasPrefix(got[0], "FORBIDDEN") {
				t.Errorf("%s: %v", m, got)
			}
		}
		if n := a.client.SyncRun.Query().CountX(s.ctx); n != 1 {
			t.Errorf("%d runs", n)
		}
	})
}

func TestPlanIsAwaitedAndStartedOrStale(t *testing.T) {
	t.Parallel()
	testenv.Pairs(t, func(t *testing.T, env testenv.Pair) {
		a, s := studio1(t, env)
		// become plays the worker that takes a run to the state.
		become := func(state syncrun.State) func(context.Context, *ent.SyncRun) error {
			return func(ctx context.Context, run *ent.SyncRun) error {
				return a.client.SyncRun.UpdateOne(run).SetState(state).SetPlannedAt(run.CreatedAt).SetReason("IMG 1.jpg changed").Exec(ctx)
			}
		}
		a.syncs.planned = become(syncrun.StatePLANNED)
		vars := map[string]any{"sync": s.ids[id.Sync]}
		const plan = `mutation($sync: ID!) { syncPlan(input: {syncId: $sync, idempotencyKey: "p"}) {
			run { id state totals { copies } report { done } sync { activeRun { id } } } userErrors { code field message } } }`
		run := a.must(t, s.ctx, plan, vars)["run"].(map[string]any)
		if run["state"] != "PLANNED" || run["totals"] == nil || run["report"] != nil {
			t.Errorf("planned %v", run)
		}
		if again := a.must(t, s.ctx, plan, vars)["run"].(map[string]any); again["id"] != run["id"] {
			t.Errorf("the same request planned again: %v", again)
		}

		a.syncs.planned = become(syncrun.StateSTALE)
		vars["plan"] = run["id"]
		const begin = `mutation($sync: ID!, $plan: ID) { syncStart(input: {syncId: $sync, planId: $plan, idempotencyKey: "s"}) {
			run { id state } userErrors { code field message } } }`
		for range 2 { // also when it is asked again
			if got := a.mistakes(t, s.ctx, begin, vars); !slices.Equal(got, []string{"PLAN_STALE planId"}) {
				t.Errorf("a stale plan: %v", got)
			}
		}
		const at = `mutation($sync: ID!) { syncStart(input: {syncId: $sync}) { run { id state } userErrors { code field message } } }`
		delete(vars, "plan")
		if run := a.must(t, s.ctx, at, vars)["run"].(map[string]any); run["state"] != "PLANNING" {
			t.Errorf("started %v", run)
		}
		if got := a.mistakes(t, s.ctx, at, vars); !slices.Equal(got, []string{"ALREADY_RUNNING syncId"}) {
			t.Errorf("started twice: %v", got)
		}
	})
}

func TestConflictsAreDecided(t *testing.T) {
	t.Parallel()
	testenv.Pairs(t, func(t *testing.T, env testenv.Pair) {
		a, s := studio1(t, env)
		got := a.must(t, s.ctx, `mutation($sync: ID!) { conflictsResolve(input: {syncId: $sync, choice: KEEP_BOTH, idempotencyKey: "c"}) {
			decided sync { conflicts(state: RESOLVING) { nodes { id resolution path sourceSide { sha256 } } } } userErrors { code field message } } }`,
			map[string]any{"sync": s.ids[id.Sync]})
		conflicts := got["sync"].(map[string]any)["conflicts"].(map[string]any)["nodes"].([]any)
		if got["decided"] != 1.0 || len(conflicts) != 1 || conflicts[0].(map[string]any)["resolution"] != "KEEP_BOTH" {
			t.Errorf("decided %v", got)
		}
	})
}

func TestSubscriptionsFollowFromACursorAndSayWhyTheyEnd(t *testing.T) {
	t.Parallel()
	testenv.Pairs(t, func(t *testing.T, env testenv.Pair) {
		a, s := studio1(t, env)
		const query = `subscription($wedding: ID!, $after: Cursor) { weddingFiles(weddingId: $wedding, after: $after) {
			cursor kind path file { id path } } }`
		vars := map[string]any{"wedding": s.ids[id.Wedding], "after": "IzA"}
		responses := a.subscribe(s.ctx, query, vars)
		first := next(t, responses)
		change, ok := first.Data["weddingFiles"].(map[string]any)
		if !ok || change["kind"] != "CREATED" || change["path"] != s.mark+".jpg" {
			t.Fatalf("replayed %v %v", first.Data, first.Errors)
		}
		s.addEvent(t, a, a.client)
		second := next(t, responses).Data["weddingFiles"].(map[string]any)
		if second["cursor"] == change["cursor"] {
			t.Errorf("the same change twice: %v", second)
		}
		vars["after"] = change["cursor"]
		if resumed := next(t, a.subscribe(s.ctx, query, vars)).Data["weddingFiles"].(map[string]any); resumed["cursor"] != second["cursor"] {
			t.Errorf("resumed with %v after %v", resumed, change)
		}
		vars["after"] = "nonsense"
		if refused := next(t, a.subscribe(s.ctx, query, vars)); len(refused.Errors) != 1 {
			t.Errorf("after nonsense: %v", refused.Errors)
		}
		a.revoked.Store(true)
		last := next(t, responses)
		if len(last.Errors) != 1 || !strings.Contains(last.Errors[0].Message, "no longer allowed") {
			t.Errorf("the last word: %v %v", last.Data, last.Errors)
		}
		if _, open := <-responses; open {
			t.Error("it goes on after the last word")
		}
	})
}

func TestRunProgressEndsWithTheRun(t *testing.T) {
	t.Parallel()
	testenv.Pairs(t, func(t *testing.T, env testenv.Pair) {
		a, s := studio1(t, env)
		responses := a.subscribe(s.ctx, `subscription($run: ID!) { runProgress(runId: $run) {
			state filesTotal filesFailed remainingMs errors { path kind message } run { id report { recommendations } } } }`,
			map[string]any{"run": s.ids[id.Run]})
		got := next(t, responses)
		p, ok := got.Data["runProgress"].(map[string]any)
		if !ok || p["state"] != "PARTIAL" || p["filesFailed"] != 1.0 || len(p["errors"].([]any)) != 1 {
			t.Errorf("progress %v %v", got.Data, got.Errors)
		}
		if _, open := <-responses; open {
			t.Error("it goes on after the run")
		}
	})
}

func TestLoadersReadAThingOncePerAnswer(t *testing.T) {
	t.Parallel()
	testenv.Pairs(t, func(t *testing.T, env testenv.Pair) {
		a, s := studio1(t, env)
		ctx := rule.SystemWithin(s.ctx, s.ids[id.Organization])
		for i := range 40 {
			a.client.File.Create().SetOrganizationID(s.ids[id.Organization]).SetWeddingID(s.ids[id.Wedding]).
				SetSyncID(s.ids[id.Sync]).SetPath(fmt.Sprint(i)).SetSize(1).SaveX(ctx)
		}
		var weddings, replicas int
		a.client.Wedding.Intercept(counting(&weddings))
		a.client.Replica.Intercept(counting(&replicas))
		a.must(t, s.ctx, `{ files(first: 50) { nodes { path wedding { name } replicas { path } } } }`, nil)
		// How many ids one query gathers depends on how busy the machine is.
		if weddings != 1 || replicas > 20 {
			t.Errorf("41 files took %d queries for weddings and %d for replicas", weddings, replicas)
		}
	})
}

func counting(n *int) ent.Interceptor {
	var mu sync.Mutex
	return ent.InterceptFunc(func(next ent.Querier) ent.Querier {
		return ent.QuerierFunc(func(ctx context.Context, q ent.Query) (ent.Value, error) {
			mu.Lock()
			*n++
			mu.Unlock()
			return next.Query(ctx, q)
		})
	})
}

func TestEachMutationOfARequestSeesWhatTheOneBeforeChanged(t *testing.T) {
	t.Parallel()
	testenv.Pairs(t, func(t *testing.T, env testenv.Pair) {
		a, s := studio1(t, env)
		got := a.do(s.ctx, `mutation($sync: ID!) {
			a: syncStart(input: {syncId: $sync}) { run { sync { activeRun { state } } } userErrors { message } }
			b: syncCancel(input: {syncId: $sync}) { run { sync { activeRun { state } } } userErrors { message } }
		}`, map[string]any{"sync": s.ids[id.Sync]})
		want := `{"a":{"run":{"sync":{"activeRun":{"state":"PLANNING"}}},"userErrors":[]},"b":{"run":{"sync":{"activeRun":null}},"userErrors":[]}}`
		if got.Raw != want {
			t.Errorf("answered %s %v", got.Raw, got.Errors)
		}
	})
}

func TestFilesAreFoundByTheVeryBeginningOfTheirPath(t *testing.T) {
	t.Parallel()
	testenv.Pairs(t, func(t *testing.T, env testenv.Pair) {
		a, s := studio1(t, env)
		ctx := rule.SystemWithin(s.ctx, s.ids[id.Organization])
		for _, path := range []string{"Día/1.jpg", "día/1.jpg", "100%/a", "100x/a", "a_b", "axb"} {
			a.client.File.Create().SetOrganizationID(s.ids[id.Organization]).SetWeddingID(s.ids[id.Wedding]).
				SetSyncID(s.ids[id.Sync]).SetPath(path).SetSize(1).SaveX(ctx)
		}
		for prefix, want := range map[string]string{"Día": "Día/1.jpg", "100%": "100%/a", "a_": "a_b", "D": "Día/1.jpg"} {
			files := a.must(t, s.ctx, `query($p: String) { files(pathPrefix: $p) { nodes { path } } }`, map[string]any{"p": prefix})
			if got := fmt.Sprint(files["nodes"]); got != "[map[path:"+want+"]]" {
				t.Errorf("files below %q: %s", prefix, got)
			}
		}
	})
}
