package database

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"entgo.io/ent/dialect"
	entsql "entgo.io/ent/dialect/sql"
	"github.com/lib/pq"
	_ "modernc.org/sqlite" // database/sql driver "sqlite"

	"github.com/wedsync/wedsync/ent"
	_ "github.com/wedsync/wedsync/ent/runtime" // privacy rules, defaults and validators
)

const (
	sqliteFile = "hub.db"

	// Connections per process: a few processes fit below PostgreSQL's default
	// limit of 100.
	postgresConns = 16
	// SQLite has one writer at a time; the others read.
	sqliteConns = 8

	// busyTimeout is how long a writer waits for SQLite's lock.
	busyTimeout = 10 * time.Second

	connLifetime = 30 * time.Minute
	connectTime  = 10 * time.Second
)

// DB is an open database.
type DB struct {
	// Client is how the hub reads and writes.
	Client *ent.Client
	// SQL is the pool below it, for health checks and statistics.
	SQL *sql.DB
	// Dialect is dialect.Postgres or dialect.SQLite.
	Dialect string
}

// Open opens the PostgreSQL database at rawURL or, if that is empty, the SQLite
// file in dataDir, which is created if missing. Tables are Migrate's business.
func Open(ctx context.Context, rawURL, dataDir string) (*DB, error) {
	db, err := open(rawURL, dataDir)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, connectTime)
	defer cancel()
	if err := db.SQL.PingContext(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("reach the database: %w", err), db.Close())
	}
	return db, nil
}

// Close waits for running statements and closes all connections.
func (d *DB) Close() error { return d.Client.Close() }

func open(rawURL, dataDir string) (*DB, error) {
	if rawURL == "" {
		return openSQLite(dataDir)
	}
	// The URL may hold a password, so errors name no more than its scheme.
	u, err := url.Parse(rawURL)
	if err != nil {
		return nil, errors.New("the database URL cannot be parsed")
	}
	if u.Scheme != "postgres" && u.Scheme != "postgresql" {
		return nil, fmt.Errorf("the database URL has scheme %q, want postgres", u.Scheme)
	}
	return openPostgres(rawURL)
}

func openPostgres(rawURL string) (*DB, error) {
	connector, err := pq.NewConnector(rawURL)
	if err != nil {
		return nil, errors.New("the database URL is not one that PostgreSQL understands")
	}
	db := sql.OpenDB(connector)
	db.SetMaxOpenConns(postgresConns)
	db.SetMaxIdleConns(postgresConns)
	db.SetConnMaxLifetime(connLifetime)
	return &DB{
		Client: ent.NewClient(ent.Driver(entsql.OpenDB(dialect.Postgres, db))),
		SQL:    db, Dialect: dialect.Postgres,
	}, nil
}

func openSQLite(dataDir string) (*DB, error) {
	if dataDir == "" {
		return nil, errors.New("neither a database URL nor a data directory is given")
	}
	if err := os.MkdirAll(dataDir, 0o700); err != nil {
		return nil, fmt.Errorf("create the data directory: %w", err)
	}
	db, err := sql.Open("sqlite", sqliteDSN(filepath.Join(dataDir, sqliteFile)))
	if err != nil {
		return nil, fmt.Errorf("open SQLite: %w", err)
	}
	db.SetMaxOpenConns(sqliteConns)
	db.SetMaxIdleConns(sqliteConns)
	return &DB{
		Client: ent.NewClient(ent.Driver(newTurns(entsql.OpenDB(dialect.SQLite, db)))),
		SQL:    db, Dialect: dialect.SQLite,
	}, nil
}

// sqliteDSN makes transactions take the write lock when they begin: one that
// starts by reading and then writes would fail whenever another wrote meanwhile,
// however long the busy timeout.
func sqliteDSN(path string) string {
	settings := []string{
		fmt.Sprintf("_pragma=busy_timeout(%d)", busyTimeout.Milliseconds()),
		"_pragma=journal_mode(WAL)",
		"_pragma=foreign_keys(1)",
		"_pragma=synchronous(NORMAL)",
		"_txlock=immediate",
		"_time_format=sqlite",
		"_timezone=UTC",
	}
	return (&url.URL{Scheme: "file", Opaque: (&url.URL{Path: path}).EscapedPath()}).String() +
		"?" + strings.Join(settings, "&")
}
