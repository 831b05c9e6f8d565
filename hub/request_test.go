package hub_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/wedsync/wedsync/ent"
	"github.com/wedsync/wedsync/ent/rule"
	_ "github.com/wedsync/wedsync/ent/runtime"
	"github.com/wedsync/wedsync/hub"
	"github.com/wedsync/wedsync/internal/testenv"
)

type deaf struct{}

func (deaf) Committed(context.Context, hub.Commit) {}

func organization(t *testing.T, client *ent.Client) context.Context {
	t.Helper()
	org, err := client.Organization.Create().SetName("Studio").Save(rule.System(t.Context()))
	if err != nil {
		t.Fatal(err)
	}
	return rule.SystemWithin(t.Context(), org.ID)
}

// addWedding is a mutation as capabilities write them.
func addWedding(ctx context.Context, store *hub.Store) error {
	return store.InTx(ctx, func(ctx context.Context, tx *hub.Tx) error {
		viewer, _ := rule.From(ctx)
		w, err := tx.Wedding.Create().SetOrganizationID(viewer.OrganizationID).
			SetName("Ana & Rui").SetDate("2026-06-20").SetTimeZone("Europe/Lisbon").Save(ctx)
		if err != nil {
			return err
		}
		tx.Audit(hub.Audit{Action: "wedding.create", SubjectID: w.ID, Data: map[string]string{"name": w.Name}})
		return nil
	})
}

func TestRequestIsCarriedOutOnceHoweverOftenItIsSentAtOnce(t *testing.T) {
	t.Parallel()
	testenv.Databases(t, func(t *testing.T, db testenv.Database) {
		store := hub.NewStore(db.Client, deaf{})
		ctx := organization(t, db.Client)
		request := func() *hub.Request {
			return &hub.Request{Operation: "weddingCreate", Key: "k1", InputHash: []byte("one")}
		}

		var done, refused int
		var mu sync.Mutex
		var wg sync.WaitGroup
		for range 8 {
			wg.Go(func() {
				err := addWedding(hub.WithRequest(ctx, request()), store)
				mu.Lock()
				defer mu.Unlock()
				if err == nil {
					done++
				} else {
					refused++
				}
			})
		}
		wg.Wait()
		if done != 1 || refused != 7 {
			t.Errorf("%d of 8 equal requests were carried out, %d refused", done, refused)
		}

		w, err := db.Client.Wedding.Query().Only(ctx)
		if err != nil {
			t.Fatalf("weddings: %v", err)
		}
		answer, ok, err := store.Answered(ctx, request())
		if err != nil || !ok || answer.SubjectID != w.ID {
			t.Errorf("answer = %+v, %v, %v; want %s", answer, ok, err, w.ID)
		}
	})
}

func TestAnsweredTellsKeysApart(t *testing.T) {
	t.Parallel()
	testenv.Databases(t, func(t *testing.T, db testenv.Database) {
		store := hub.NewStore(db.Client, deaf{})
		ctx := organization(t, db.Client)
		sent := &hub.Request{Operation: "weddingCreate", Key: "k1", InputHash: []byte("one")}
		if err := addWedding(hub.WithRequest(ctx, sent), store); err != nil {
			t.Fatal(err)
		}

		_, _, err := store.Answered(ctx, &hub.Request{Operation: "weddingCreate", Key: "k1", InputHash: []byte("two")})
		var mistake *hub.Error
		if !errors.As(err, &mistake) || mistake.Code != hub.CodeKeyReused {
			t.Errorf("the key with another input: %v", err)
		}
		for name, r := range map[string]*hub.Request{
			"another key":       {Operation: "weddingCreate", Key: "k2", InputHash: []byte("one")},
			"another operation": {Operation: "syncCreate", Key: "k1", InputHash: []byte("one")},
		} {
			if _, ok, err := store.Answered(ctx, r); ok || err != nil {
				t.Errorf("%s: %v, %v", name, ok, err)
			}
		}
		other := organization(t, db.Client)
		if _, ok, err := store.Answered(other, sent); ok || err != nil {
			t.Errorf("another organization: %v, %v", ok, err)
		}
	})
}

func TestOnlyTheFirstUnitOfARequestIsRemembered(t *testing.T) {
	t.Parallel()
	testenv.Databases(t, func(t *testing.T, db testenv.Database) {
		store := hub.NewStore(db.Client, deaf{})
		ctx := hub.WithRequest(organization(t, db.Client), &hub.Request{Operation: "twice", Key: "k", InputHash: []byte("x")})
		for range 2 {
			if err := addWedding(ctx, store); err != nil {
				t.Fatal(err)
			}
		}
		if n := db.Client.Request.Query().CountX(ctx); n != 1 {
			t.Errorf("%d requests remembered", n)
		}
	})
}

func TestOldRequestsAreForgotten(t *testing.T) {
	t.Parallel()
	testenv.Databases(t, func(t *testing.T, db testenv.Database) {
		store := hub.NewStore(db.Client, deaf{})
		ctx := organization(t, db.Client)
		viewer, _ := rule.From(ctx)
		for key, age := range map[string]time.Duration{"old": 8 * 24 * time.Hour, "young": 6 * 24 * time.Hour} {
			db.Client.Request.Create().SetOrganizationID(viewer.OrganizationID).SetOperation("o").SetKey(key).
				SetInputHash([]byte("x")).SetResultID("r").SetCreatedAt(time.Now().Add(-age)).ExecX(ctx)
		}
		if n, err := store.PurgeRequests(t.Context()); n != 1 || err != nil {
			t.Errorf("forgot %d, %v", n, err)
		}
		if left := db.Client.Request.Query().OnlyX(ctx); left.Key != "young" {
			t.Errorf("%q is left", left.Key)
		}
	})
}
