package testenv_test

import (
	"testing"

	"github.com/wedsync/wedsync/ent/rule"
	"github.com/wedsync/wedsync/internal/testenv"
)

func TestEveryTestHasItsOwnDatabase(t *testing.T) {
	t.Parallel()
	for range 2 {
		testenv.Databases(t, func(t *testing.T, db testenv.Database) {
			ctx, org := testenv.Organization(t, db.Client)
			ids, err := db.Client.Organization.Query().IDs(rule.System(ctx))
			if err != nil || len(ids) != 1 || ids[0] != org.ID {
				t.Fatalf("organizations %v, %v", ids, err)
			}
		})
	}
}

func TestRedisGoesAwayAndComesBack(t *testing.T) {
	t.Parallel()
	testenv.Pairs(t, func(t *testing.T, p testenv.Pair) {
		client := p.Redis.Client(t)
		if err := client.Set(t.Context(), "key", "value", 0).Err(); err != nil {
			t.Fatal(err)
		}
		p.Redis.Stop(t)
		if err := client.Get(t.Context(), "key").Err(); err == nil {
			t.Fatal("a stopped Redis answered")
		}
		p.Redis.Start(t)
		if got, err := client.Get(t.Context(), "key").Result(); err != nil || got != "value" {
			t.Fatalf("got %q, %v", got, err)
		}
		p.Redis.Flush(t)
		if n, err := client.Exists(t.Context(), "key").Result(); err != nil || n != 0 {
			t.Fatalf("%d keys are left, %v", n, err)
		}
	})
}
