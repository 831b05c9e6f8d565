package main

import (
	"errors"
	"os"
	"testing"

	"ariga.io/atlas/sql/migrate"

	"github.com/wedsync/wedsync/internal/testenv"
)

func TestMigrationsLeadToTheSchema(t *testing.T) {
	t.Parallel()
	testenv.EmptyPostgres(t, func(t *testing.T, url string) {
		copied := t.TempDir()
		if err := os.CopyFS(copied, os.DirFS("../migrations")); err != nil {
			t.Fatal(err)
		}
		err := diff(t.Context(), url, copied, "missing")
		if !errors.Is(err, migrate.ErrNoPlan) {
			t.Fatalf("ent/schema changed without a migration (%v): run `go run ./ent/migrate/diff NAME`", err)
		}
	})
}
