package testenv

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	_ "github.com/lib/pq" // database/sql driver "postgres"

	"github.com/wedsync/wedsync/ent/migrate/migrations"
	"github.com/wedsync/wedsync/internal/database"
)

const startTime = time.Minute

// Postgres is a server on which databases can be made and dropped.
type Postgres struct {
	// URL leads to the server's maintenance database.
	URL    string
	server *process // nil if it was there before
}

// StartPostgres returns the server at WEDSYNC_TEST_DATABASE_URL or starts one.
func StartPostgres(ctx context.Context) (*Postgres, error) {
	if given := os.Getenv("WEDSYNC_TEST_DATABASE_URL"); given != "" {
		return &Postgres{URL: given}, nil
	}
	ctx, cancel := context.WithTimeout(ctx, startTime)
	defer cancel()
	initdb, err := find("initdb")
	if err != nil {
		return nil, err
	}
	// The server has to be of the version that makes its files.
	program := filepath.Join(filepath.Dir(initdb), "postgres")
	server, err := newProcess(postgresName, true)
	if err != nil {
		return nil, err
	}
	p := &Postgres{server: server, URL: (&url.URL{
		Scheme: "postgres", User: url.User("postgres"), Path: "/postgres",
		RawQuery: url.Values{"host": {server.dir}, "sslmode": {"disable"}}.Encode(),
	}).String()}
	if err := p.start(ctx, initdb, program); err != nil {
		return nil, errors.Join(fmt.Errorf("start PostgreSQL: %w", err), p.Close())
	}
	return p, nil
}

// Close ends the server if it was started for the tests.
func (p *Postgres) Close() error {
	if p.server == nil {
		return nil
	}
	return p.server.Close()
}

func (p *Postgres) start(ctx context.Context, initdb, program string) error {
	data := filepath.Join(p.server.dir, "data")
	args := []string{"-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-sync"}
	// Text sorts as in most production databases, not by bytes, so that code which
	// relies on byte order fails here rather than there.
	collated := append(args, "--no-locale", "--locale-provider=icu", "--icu-locale=en-US")
	if out, err := p.server.command(initdb, collated...).CombinedOutput(); err != nil {
		if plain, perr := p.server.command(initdb, append(args, "--no-locale")...).CombinedOutput(); perr != nil {
			return fmt.Errorf("initdb: %w: %s%s", errors.Join(err, perr), out, plain)
		}
	}
	err := p.server.start("QUIT", program, "-D", data, "-k", p.server.dir,
		"-c", "listen_addresses=", "-c", "max_connections=400",
		"-c", "fsync=off", "-c", "synchronous_commit=off", "-c", "full_page_writes=off",
		"-c", "autovacuum=off", "-c", "max_parallel_workers_per_gather=0")
	if err != nil {
		return err
	}
	if err := p.wait(ctx); err != nil {
		return fmt.Errorf("%w: %s", err, p.server.output())
	}
	return nil
}

// wait returns once the server answers.
func (p *Postgres) wait(ctx context.Context) error {
	db, err := sql.Open("postgres", p.URL)
	if err != nil {
		return err
	}
	defer func() { _ = db.Close() }() // nothing was written
	return untilReady(ctx, db.PingContext)
}

// untilReady asks a starting server until it answers.
func untilReady(ctx context.Context, ask func(context.Context) error) error {
	retry := time.NewTicker(10 * time.Millisecond)
	defer retry.Stop()
	for {
		err := ask(ctx)
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return errors.Join(ctx.Err(), err)
		case <-retry.C:
		}
	}
}

// CreateEmpty makes a database without tables and returns its URL and how to drop it.
func (p *Postgres) CreateEmpty(ctx context.Context) (string, func(context.Context) error, error) {
	return p.create(ctx, "template1")
}

// Create makes a database with the hub's tables.
func (p *Postgres) Create(ctx context.Context) (string, func(context.Context) error, error) {
	template, err := p.template(ctx)
	if err != nil {
		return "", nil, fmt.Errorf("make the template database: %w", err)
	}
	return p.create(ctx, template)
}

func (p *Postgres) create(ctx context.Context, template string) (string, func(context.Context) error, error) {
	name := "wedsync_test_" + strings.ToLower(rand.Text()[:12])
	if err := p.exec(ctx, "CREATE DATABASE "+name+" TEMPLATE "+template); err != nil {
		return "", nil, err
	}
	drop := func(ctx context.Context) error {
		return p.exec(ctx, "DROP DATABASE IF EXISTS "+name+" WITH (FORCE)")
	}
	named, err := p.database(name)
	return named, drop, err
}

// template returns the name of a database that has the hub's tables. It is named
// by their definition, made once and shared by all test binaries.
func (p *Postgres) template(ctx context.Context) (string, error) {
	sum := sha256.New()
	err := fs.WalkDir(migrations.Files(), ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := fs.ReadFile(migrations.Files(), path)
		sum.Write(text)
		return err
	})
	if err != nil {
		return "", err
	}
	name := "wedsync_template_" + hex.EncodeToString(sum.Sum(nil)[:8])
	return name, p.locked(ctx, func(conn *sql.Conn) error {
		var exists bool
		row := conn.QueryRowContext(ctx, "SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)", name)
		if err := row.Scan(&exists); err != nil || exists {
			return err
		}
		return p.makeTemplate(ctx, conn, name)
	})
}

// makeTemplate gives the database its name last, so that nobody takes one whose
// maker died for complete.
func (p *Postgres) makeTemplate(ctx context.Context, conn *sql.Conn, name string) error {
	draft := name + "_draft"
	if _, err := conn.ExecContext(ctx, "DROP DATABASE IF EXISTS "+draft+" WITH (FORCE)"); err != nil {
		return err
	}
	if _, err := conn.ExecContext(ctx, "CREATE DATABASE "+draft); err != nil {
		return err
	}
	draftURL, err := p.database(draft)
	if err != nil {
		return err
	}
	db, err := database.Open(ctx, draftURL, "")
	if err != nil {
		return err
	}
	if err := errors.Join(db.Migrate(ctx), db.Close()); err != nil {
		return err
	}
	_, err = conn.ExecContext(ctx, "ALTER DATABASE "+draft+" RENAME TO "+name)
	return err
}

// locked runs fn while no other test binary runs another.
func (p *Postgres) locked(ctx context.Context, fn func(*sql.Conn) error) error {
	db, err := sql.Open("postgres", p.URL)
	if err != nil {
		return err
	}
	conn, err := db.Conn(ctx)
	if err != nil {
		return errors.Join(err, db.Close())
	}
	// The lock ends with the connection.
	if _, err = conn.ExecContext(ctx, "SELECT pg_advisory_lock(7305808)"); err == nil {
		err = fn(conn)
	}
	return errors.Join(err, conn.Close(), db.Close())
}

func (p *Postgres) exec(ctx context.Context, statement string) error {
	db, err := sql.Open("postgres", p.URL)
	if err != nil {
		return err
	}
	_, err = db.ExecContext(ctx, statement)
	return errors.Join(err, db.Close())
}

// database returns the URL of another database of the server.
func (p *Postgres) database(name string) (string, error) {
	u, err := url.Parse(p.URL)
	if err != nil {
		return "", errors.New("the URL of the test database cannot be parsed")
	}
	u.Path = "/" + name
	return u.String(), nil
}
