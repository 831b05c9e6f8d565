// Command diff writes the versioned SQL that leads from the migrations so far to
// the entities of ent/schema:
//
//	go run ./ent/migrate/diff add_tokens
//
// It writes nothing if there is no difference. It works on an empty database of
// the PostgreSQL server that the tests use.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"

	"ariga.io/atlas/sql/migrate"
	"ariga.io/atlas/sql/sqltool"
	"entgo.io/ent/dialect"
	entsql "entgo.io/ent/dialect/sql"
	"entgo.io/ent/dialect/sql/schema"

	entmigrate "github.com/wedsync/wedsync/ent/migrate"
	"github.com/wedsync/wedsync/internal/database"
	"github.com/wedsync/wedsync/internal/testenv"
)

func main() {
	dir := flag.String("dir", filepath.FromSlash("ent/migrate/migrations"), "where the migrations are")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, *dir, flag.Arg(0)); err != nil {
		fmt.Fprintln(os.Stderr, "diff:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, dir, name string) (err error) {
	if name == "" {
		return errors.New("name the migration: diff add_tokens")
	}
	server, err := testenv.StartPostgres(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, server.Close()) }()
	url, drop, err := server.CreateEmpty(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, drop(context.WithoutCancel(ctx))) }()
	err = diff(ctx, url, dir, name)
	if errors.Is(err, migrate.ErrNoPlan) {
		fmt.Println("the migrations are up to date")
		return nil
	}
	return err
}

// diff replays the migrations of dir on the empty database, compares the result
// with the schema and writes the difference to dir. If there is none it returns
// migrate.ErrNoPlan.
func diff(ctx context.Context, url, dir, name string) (err error) {
	files, err := sqltool.NewGolangMigrateDir(dir)
	if err != nil {
		return fmt.Errorf("open migrations: %w", err)
	}
	db, err := database.Open(ctx, url, "")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	return entmigrate.NewSchema(entsql.OpenDB(dialect.Postgres, db.SQL)).NamedDiff(ctx, name,
		schema.WithDir(files), schema.WithFormatter(sqltool.GolangMigrateFormatter),
		schema.WithMigrationMode(schema.ModeReplay), schema.WithErrNoPlan(true),
		schema.WithDropColumn(true), schema.WithDropIndex(true))
}
