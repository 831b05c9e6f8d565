package testenv

import (
	"context"
	"fmt"
	"os"
	"sync"
	"testing"

	"entgo.io/ent/dialect"

	"github.com/wedsync/wedsync/ent"
	"github.com/wedsync/wedsync/ent/membership"
	"github.com/wedsync/wedsync/ent/rule"
	"github.com/wedsync/wedsync/internal/database"
)

// postgres is the one server of this test binary, started when a test first needs
// it. It is package state because a binary's tests share nothing else; the guard
// ends the server with the binary.
var postgres = sync.OnceValues(func() (*Postgres, error) {
	p, err := StartPostgres(context.Background())
	report(postgresName, err, "SQLite alone")
	return p, err
})

// report says once what the tests run on.
func report(name string, err error, instead string) {
	if err != nil {
		fmt.Fprintf(os.Stderr, "testenv: no %s (%v): tests run on %s\n", name, err, instead)
		return
	}
	fmt.Fprintf(os.Stderr, "testenv: tests run on real %s\n", name)
}

// Database is a test's own database, with the hub's tables and no rows.
type Database struct {
	*database.DB
	// URL and DataDir are what database.Open takes to open it once more. URL is
	// empty for SQLite.
	URL     string
	DataDir string
}

// Databases runs the test on SQLite and on PostgreSQL, in parallel.
func Databases(t *testing.T, test func(*testing.T, Database)) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		test(t, sqliteDatabase(t))
	})
	if !havePostgres(t) {
		return
	}
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		test(t, postgresDatabase(t))
	})
}

// EmptyPostgres runs the test with the URL of a PostgreSQL database without
// tables, where there is a server.
func EmptyPostgres(t *testing.T, test func(t *testing.T, url string)) {
	t.Helper()
	if !havePostgres(t) {
		return
	}
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		p, err := postgres()
		if err != nil {
			t.Fatal(err)
		}
		test(t, created(t, p.CreateEmpty))
	})
}

func havePostgres(t testing.TB) bool {
	t.Helper()
	_, err := postgres()
	if err != nil && required(postgresName) {
		t.Fatalf("PostgreSQL is required: %v", err)
	}
	return err == nil
}

func sqliteDatabase(t testing.TB) Database {
	t.Helper()
	dir := t.TempDir()
	db := Database{DB: opened(t, "", dir), DataDir: dir}
	if err := db.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	return db
}

func postgresDatabase(t testing.TB) Database {
	t.Helper()
	p, err := postgres()
	if err != nil {
		t.Fatal(err)
	}
	url := created(t, p.Create)
	return Database{DB: opened(t, url, ""), URL: url, DataDir: t.TempDir()}
}

func created(t testing.TB, create func(context.Context) (string, func(context.Context) error, error)) string {
	t.Helper()
	url, drop, err := create(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := drop(context.WithoutCancel(t.Context())); err != nil {
			t.Errorf("drop the test's database: %v", err)
		}
	})
	return url
}

func opened(t testing.TB, url, dir string) *database.DB {
	t.Helper()
	db, err := database.Open(t.Context(), url, dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Errorf("close the test's database: %v", err)
		}
	})
	return db
}

// Reopen opens the database once more, as another process would.
func (d Database) Reopen(t testing.TB) *database.DB {
	t.Helper()
	if d.Dialect == dialect.SQLite {
		return opened(t, "", d.DataDir)
	}
	return opened(t, d.URL, "")
}

// Organization makes an organization and returns a context whose viewer owns it.
func Organization(t testing.TB, client *ent.Client) (context.Context, *ent.Organization) {
	t.Helper()
	system := rule.System(t.Context())
	org, err := client.Organization.Create().SetName("Studio " + t.Name()).Save(system)
	if err != nil {
		t.Fatalf("make organization: %v", err)
	}
	owner, err := client.User.Create().SetEmail(org.ID + "@example.com").SetName("Owner").Save(system)
	if err != nil {
		t.Fatalf("make owner: %v", err)
	}
	err = client.Membership.Create().SetOrganizationID(org.ID).SetUserID(owner.ID).
		SetRole(membership.RoleOWNER).Exec(system)
	if err != nil {
		t.Fatalf("make membership: %v", err)
	}
	return rule.With(t.Context(), rule.Viewer{
		OrganizationID: org.ID, UserID: owner.ID, Role: rule.RoleOwner,
	}), org
}
