package database_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/wedsync/wedsync/ent/organization"
	"github.com/wedsync/wedsync/ent/rule"
	"github.com/wedsync/wedsync/internal/database"
	"github.com/wedsync/wedsync/internal/testenv"
)

// Processes that start together on a database without tables.
func TestMigrateTogether(t *testing.T) {
	t.Parallel()
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		migrateTogether(t, "", t.TempDir())
	})
	testenv.EmptyPostgres(t, func(t *testing.T, url string) { migrateTogether(t, url, "") })
}

func migrateTogether(t *testing.T, url, dir string) {
	t.Helper()
	var all sync.WaitGroup
	for range 5 {
		all.Go(func() {
			db, err := database.Open(t.Context(), url, dir)
			if err != nil {
				t.Error(err)
				return
			}
			defer func() {
				if err := db.Close(); err != nil {
					t.Error(err)
				}
			}()
			for range 2 { // the second time there is nothing to do
				if err := db.Migrate(t.Context()); err != nil {
					t.Error(err)
				}
			}
			if n, err := db.Client.Organization.Query().Count(rule.System(t.Context())); err != nil || n != 0 {
				t.Errorf("%d organizations, %v", n, err)
			}
		})
	}
	all.Wait()
}

func TestRowsSurviveReopening(t *testing.T) {
	t.Parallel()
	testenv.Databases(t, func(t *testing.T, db testenv.Database) {
		ctx, org := testenv.Organization(t, db.Client)
		again := db.Reopen(t)
		if err := again.Migrate(ctx); err != nil {
			t.Fatal(err)
		}
		if got, err := again.Client.Organization.Query().Where(organization.ID(org.ID)).Only(ctx); err != nil || got.Name != org.Name {
			t.Fatalf("got %v, %v", got, err)
		}
	})
}

func TestOpenRefusesWithoutShowingThePassword(t *testing.T) {
	t.Parallel()
	for _, url := range []string{
		"mysql://u:s3cret@localhost/db",
		"postgres://u:s3cret@local host/db",
		"postgres://u:s3cret@127.0.0.1:1/db?sslmode=disable",
		"postgres://u:s3cret@localhost/db?sslmode=s3cret",
		"u:s3cret@localhost",
	} {
		db, err := database.Open(t.Context(), url, t.TempDir())
		if err == nil {
			t.Errorf("%s was opened: %v", url, db.Close())
			continue
		}
		if strings.Contains(err.Error(), "s3cret") {
			t.Errorf("the error shows the password: %v", err)
		}
	}
	if _, err := database.Open(t.Context(), "", ""); err == nil {
		t.Error("opened neither a URL nor a directory")
	}
}

// A unit that writes past its own transaction fails instead of hanging, and gives
// the lock back.
func TestWritersTakeTurns(t *testing.T) {
	t.Parallel()
	db := testenv.EmbeddedPair(t)
	_, org := testenv.Organization(t, db.Client)
	ctx := rule.System(t.Context())
	tx, err := db.Client.Tx(ctx)
	if err != nil {
		t.Fatal(err)
	}
	impatient, cancel := context.WithTimeout(ctx, 50*time.Millisecond)
	defer cancel()
	if err := db.Client.Organization.UpdateOneID(org.ID).SetName("past").Exec(impatient); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("wrote past the transaction: %v", err)
	}
	if got, err := db.Client.Organization.Get(ctx, org.ID); err != nil || got.Name != org.Name {
		t.Errorf("a reader had to wait: %v, %v", got, err)
	}
	if err := tx.Rollback(); err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for range 50 {
				if err := db.Client.Organization.UpdateOneID(org.ID).AddEventSeq(1).Exec(ctx); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	if got := db.Client.Organization.GetX(ctx, org.ID); got.EventSeq != 400 {
		t.Errorf("%d of 400 updates are there", got.EventSeq)
	}
}
