package rest_test

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/validator/rules"

	"github.com/wedsync/wedsync/ent"
	"github.com/wedsync/wedsync/ent/detail"
	"github.com/wedsync/wedsync/ent/rule"
	_ "github.com/wedsync/wedsync/ent/runtime"
	"github.com/wedsync/wedsync/ent/syncrun"
	"github.com/wedsync/wedsync/ent/transfer"
	"github.com/wedsync/wedsync/internal/id"
	"github.com/wedsync/wedsync/internal/testenv"
	"github.com/wedsync/wedsync/server/rest"
)

var noon = time.Date(2026, 6, 20, 12, 0, 0, 0, time.UTC)

// defined makes a sync of the viewer's organization.
func defined(t *testing.T, ctx context.Context, c *ent.Client) *ent.FileSync {
	t.Helper()
	v, _ := rule.From(ctx)
	w, err := c.Wedding.Create().SetOrganizationID(v.OrganizationID).SetName("W").SetDate("2026-06-20").SetTimeZone("UTC").Save(ctx)
	if err != nil {
		t.Fatal(err)
	}
	source, err := c.Connection.Create().SetOrganizationID(v.OrganizationID).SetProvider("memory").SetName("S").SetSettings(map[string]string{}).Save(ctx)
	if err != nil {
		t.Fatal(err)
	}
	s, err := c.FileSync.Create().SetOrganizationID(v.OrganizationID).SetWeddingID(w.ID).SetSourceID(source.ID).SetName("A").Save(ctx)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func get(t *testing.T, ctx context.Context, c *ent.Client, path string) (int, string, map[string]any) {
	t.Helper()
	mux := http.NewServeMux()
	signedIn := func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { next.ServeHTTP(w, r.WithContext(ctx)) })
	}
	store := rest.NewStore(c, "https://hub.example.com", func() time.Time { return noon })
	rest.Register(mux, store, signedIn, slog.New(slog.DiscardHandler))
	w := httptest.NewRecorder()
	mux.ServeHTTP(w, httptest.NewRequestWithContext(ctx, http.MethodGet, path, nil))
	var body map[string]any
	if err := json.Unmarshal(w.Body.Bytes(), &body); err != nil {
		t.Fatalf("%v: %s", err, w.Body)
	}
	return w.Code, w.Header().Get("Content-Type"), body
}

const route = "/api/integrations/file-management/sync-status/"

func TestSyncStatus(t *testing.T) {
	t.Parallel()
	testenv.Databases(t, func(t *testing.T, db testenv.Database) {
		ctx, org := testenv.Organization(t, db.Client)
		s := defined(t, ctx, db.Client)
		_, _, body := get(t, ctx, db.Client, route+s.ID)
		if body["status"] != "IDLE" || body["syncId"] != s.ID || body["realTimeUpdates"] != nil || len(body["errors"].([]any)) != 0 {
			t.Errorf("before any run: %v", body)
		}

		run, err := db.Client.SyncRun.Create().SetOrganizationID(org.ID).SetSyncID(s.ID).SetTrigger(syncrun.TriggerSTART).
			SetState(syncrun.StateRUNNING).SetOperations(4).SetOperationsDone(1).SetOperationsFailed(1).
			SetBytesTotal(400).SetBytesDone(100).SetStartedAt(noon.Add(-time.Minute)).Save(ctx)
		if err != nil {
			t.Fatal(err)
		}
		for path, state := range map[string]transfer.State{"a.jpg": transfer.StateDONE, "b.jpg": transfer.StateFAILED, "c d.jpg": transfer.StateRUNNING} {
			err := db.Client.Transfer.Create().SetOrganizationID(org.ID).SetRunID(run.ID).SetKind(transfer.KindCOPY).
				SetExpect(detail.Expectation{}).SetPath(path).SetState(state).SetReason("the disk is full").Exec(ctx)
			if err != nil {
				t.Fatal(err)
			}
		}
		status, media, body := get(t, ctx, db.Client, route+s.ID)
		want := map[string]any{
			"syncId": s.ID, "status": "RUNNING", "progress": 25.0, "filesProcessed": 2.0, "totalFiles": 4.0,
			"currentOperation": `copy "c d.jpg"`, "estimatedCompletion": "2026-06-20T12:03:00Z",
		}
		for key, value := range want {
			if body[key] != value {
				t.Errorf("%s: %v, want %v", key, body[key], value)
			}
		}
		if status != 200 || media != "application/json" {
			t.Errorf("%d %s", status, media)
		}
		failures := body["errors"].([]any)
		if len(failures) != 1 || failures[0].(map[string]any)["path"] != "b.jpg" || failures[0].(map[string]any)["message"] != "the disk is full" {
			t.Errorf("errors: %v", failures)
		}
		live := body["realTimeUpdates"].(map[string]any)
		if live["url"] != "wss://hub.example.com/graphql" || live["variables"].(map[string]any)["runId"] != run.ID {
			t.Errorf("live: %v", live)
		}
		if _, errs := gqlparser.LoadQueryWithRules(apiSchema(t), live["query"].(string), rules.NewDefaultRules()); errs != nil {
			t.Errorf("the query for live updates is not one of the API: %v", errs)
		}
		if err := run.Update().SetState(syncrun.StateCOMPLETED).SetBytesDone(400).Exec(ctx); err != nil {
			t.Fatal(err)
		}
		if _, _, body := get(t, ctx, db.Client, route+s.ID); body["progress"] != 100.0 || body["currentOperation"] != nil || body["estimatedCompletion"] != nil {
			t.Errorf("completed: %v", body)
		}
	})
}

func apiSchema(t *testing.T) *ast.Schema {
	t.Helper()
	files, err := filepath.Glob("../../schema/*.graphqls")
	if err != nil {
		t.Fatal(err)
	}
	var sources []*ast.Source
	for _, f := range files {
		text, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		sources = append(sources, &ast.Source{Name: f, Input: string(text)})
	}
	s, err := gqlparser.LoadSchema(sources...)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestWhatIsNotTheViewersIsNotThere(t *testing.T) {
	t.Parallel()
	testenv.Databases(t, func(t *testing.T, db testenv.Database) {
		owner, _ := testenv.Organization(t, db.Client)
		s := defined(t, owner, db.Client)
		foreign, _ := testenv.Organization(t, db.Client)
		answers := map[string]bool{}
		for _, path := range []string{route + s.ID, route + "syn_unknown", route + id.New(id.Sync), route + id.New(id.Run), route + "%00"} {
			status, media, body := get(t, foreign, db.Client, path)
			if status != 404 || media != "application/problem+json" || body["code"] != "NOT_FOUND" {
				t.Errorf("%s: %d %s %v", path, status, media, body)
			}
			answers[body["title"].(string)] = true
		}
		if len(answers) != 1 {
			t.Errorf("a foreign sync and none at all are told apart: %v", answers)
		}
		if status, media, _ := get(t, owner, db.Client, "/api/nonsense"); status != 404 || media != "application/problem+json" {
			t.Errorf("an unknown route: %d %s", status, media)
		}
	})
}
