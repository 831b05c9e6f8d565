package database

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"strconv"
	"strings"
	"time"

	"entgo.io/ent/dialect"
	entsql "entgo.io/ent/dialect/sql"
	"entgo.io/ent/dialect/sql/schema"

	"github.com/wedsync/wedsync/ent/migrate"
	"github.com/wedsync/wedsync/ent/migrate/migrations"
)

// migrationLock is the key of the advisory lock that migrating processes take;
// the number only has to differ from those of other programs.
const migrationLock = 0x77656473796e63

// migrateTime is how long a process waits for others that migrate SQLite.
const migrateTime = 2 * time.Minute

// Migrate brings the tables up to date: SQLite by comparing them with the schema,
// PostgreSQL by the versioned files. It happens in one transaction, so a process
// that dies on the way leaves nothing half done, and processes that start together
// wait for the first.
func (d *DB) Migrate(ctx context.Context) error {
	conn, err := d.SQL.Conn(ctx)
	if err != nil {
		return fmt.Errorf("migrate: %w", err)
	}
	defer func() { _ = conn.Close() }() // returns it to the pool
	if d.Dialect == dialect.SQLite {
		err = patiently(ctx, conn, func() error { return inTx(ctx, conn, migrateSQLite) })
	} else {
		err = inTx(ctx, conn, migratePostgres)
	}
	if err != nil {
		return fmt.Errorf("migrate: %w", err)
	}
	return nil
}

func inTx(ctx context.Context, conn *sql.Conn, do func(context.Context, *sql.Tx) error) error {
	tx, err := conn.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	if err := do(ctx, tx); err != nil {
		return errors.Join(err, tx.Rollback())
	}
	return tx.Commit()
}

// patiently lets SQLite wait longer for its lock than writers usually do: on a slow
// machine several processes may be migrating before this one's turn.
func patiently(ctx context.Context, conn *sql.Conn, do func() error) error {
	if _, err := conn.ExecContext(ctx, busyPragma(migrateTime)); err != nil {
		return err
	}
	err := do()
	_, rerr := conn.ExecContext(context.WithoutCancel(ctx), busyPragma(busyTimeout))
	return errors.Join(err, rerr)
}

func busyPragma(d time.Duration) string {
	return fmt.Sprintf("PRAGMA busy_timeout = %d", d.Milliseconds())
}

// migrateSQLite lets ent compare and change the tables inside tx, which holds
// SQLite's write lock from its beginning: no other process can be at it too.
func migrateSQLite(ctx context.Context, tx *sql.Tx) error {
	// ent completes the definitions in place, so each migration needs its own.
	tables, err := schema.CopyTables(migrate.Tables)
	if err != nil {
		return err
	}
	drv := within{entsql.NewDriver(dialect.SQLite, entsql.Conn{ExecQuerier: tx})}
	return migrate.Create(ctx, migrate.NewSchema(drv), tables)
}

// within is a driver whose transactions are part of the one it runs in.
type within struct{ *entsql.Driver }

func (w within) Tx(context.Context) (dialect.Tx, error) { return dialect.NopTx(w), nil }

// migratePostgres applies the files that the database has not seen. Table and
// files are those of golang-migrate, whose command can be used on them as well.
func migratePostgres(ctx context.Context, tx *sql.Tx) error {
	if _, err := tx.ExecContext(ctx, `SELECT pg_advisory_xact_lock($1)`, int64(migrationLock)); err != nil {
		return fmt.Errorf("wait for other processes: %w", err)
	}
	if _, err := tx.ExecContext(ctx, `CREATE TABLE IF NOT EXISTS schema_migrations
		(version bigint NOT NULL PRIMARY KEY, dirty boolean NOT NULL)`); err != nil {
		return fmt.Errorf("create the table of versions: %w", err)
	}
	at, err := version(ctx, tx)
	if err != nil {
		return err
	}
	files, err := pending(at)
	if err != nil {
		return err
	}
	for _, f := range files {
		if _, err := tx.ExecContext(ctx, f.sql); err != nil {
			return fmt.Errorf("apply %s: %w", f.name, err)
		}
		at = f.version
	}
	if len(files) == 0 {
		return nil
	}
	if _, err := tx.ExecContext(ctx, `DELETE FROM schema_migrations`); err != nil {
		return fmt.Errorf("record version: %w", err)
	}
	if _, err := tx.ExecContext(ctx, `INSERT INTO schema_migrations (version, dirty) VALUES ($1, false)`, at); err != nil {
		return fmt.Errorf("record version: %w", err)
	}
	return nil
}

// version returns the last file applied, 0 for none.
func version(ctx context.Context, tx *sql.Tx) (int64, error) {
	var at int64
	var dirty bool
	err := tx.QueryRowContext(ctx, `SELECT version, dirty FROM schema_migrations`).Scan(&at, &dirty)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return 0, nil
	case err != nil:
		return 0, fmt.Errorf("read version: %w", err)
	case dirty:
		// Only golang-migrate's own command leaves this behind.
		return 0, fmt.Errorf("version %d is marked dirty: mend the tables and clear the mark in schema_migrations", at)
	}
	return at, nil
}

type migration struct {
	version   int64
	name, sql string
}

// pending returns the files after the version, in their order.
func pending(after int64) ([]migration, error) {
	dir := migrations.Files()
	names, err := fs.Glob(dir, "*.up.sql") // sorted, and all versions are 14 digits
	if err != nil {
		return nil, fmt.Errorf("list migrations: %w", err)
	}
	var files []migration
	for _, name := range names {
		number, _, _ := strings.Cut(name, "_")
		v, err := strconv.ParseInt(number, 10, 64)
		if err != nil {
			return nil, fmt.Errorf("migration %s has no version: %w", name, err)
		}
		if v <= after {
			continue
		}
		text, err := fs.ReadFile(dir, name)
		if err != nil {
			return nil, fmt.Errorf("read migration: %w", err)
		}
		files = append(files, migration{version: v, name: name, sql: string(text)})
	}
	return files, nil
}
