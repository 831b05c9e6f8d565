package database

import (
	"context"
	"errors"
	"strings"
	"sync"
	"time"

	"entgo.io/ent/dialect"
	entsql "entgo.io/ent/dialect/sql"
)

// errBusy is returned to who waits too long for a turn to write: a transaction
// takes too long, or the caller is inside one and writes past it.
var errBusy = errors.New("another transaction of this process holds SQLite's write lock")

// turns is a driver for SQLite whose writers take turns in the order they come.
// SQLite itself lets them sleep and try again, for longer and longer, so that under
// load some wait for seconds while the lock is free half of the time. Other
// processes still have to be waited for that way.
type turns struct {
	*entsql.Driver
	turn chan struct{}
}

func newTurns(d *entsql.Driver) *turns { return &turns{Driver: d, turn: make(chan struct{}, 1)} }

func (t *turns) take(ctx context.Context) (leave func(), err error) {
	timeout := time.NewTimer(busyTimeout)
	defer timeout.Stop()
	select {
	case t.turn <- struct{}{}:
		return sync.OnceFunc(func() { <-t.turn }), nil
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-timeout.C:
		return nil, errBusy
	}
}

// Exec runs a statement that writes.
func (t *turns) Exec(ctx context.Context, query string, args, v any) error {
	leave, err := t.take(ctx)
	if err != nil {
		return err
	}
	defer leave()
	return t.Driver.Exec(ctx, query, args, v)
}

// Query runs a statement that returns rows, which may be one that writes them.
func (t *turns) Query(ctx context.Context, query string, args, v any) error {
	if strings.HasPrefix(query, "SELECT") {
		return t.Driver.Query(ctx, query, args, v)
	}
	leave, err := t.take(ctx)
	if err != nil {
		return err
	}
	defer leave()
	return t.Driver.Query(ctx, query, args, v)
}

// Tx begins a transaction, which takes the write lock at once (see sqliteDSN).
func (t *turns) Tx(ctx context.Context) (dialect.Tx, error) { return t.BeginTx(ctx, nil) }

// BeginTx is Tx with options.
func (t *turns) BeginTx(ctx context.Context, opts *entsql.TxOptions) (dialect.Tx, error) {
	leave, err := t.take(ctx)
	if err != nil {
		return nil, err
	}
	tx, err := t.Driver.BeginTx(ctx, opts)
	if err != nil {
		leave()
		return nil, err
	}
	return &turnTx{Tx: tx, leave: leave}, nil
}

// turnTx gives up its turn when it ends.
type turnTx struct {
	dialect.Tx
	leave func()
}

func (t *turnTx) Commit() error {
	defer t.leave()
	return t.Tx.Commit()
}

func (t *turnTx) Rollback() error {
	defer t.leave()
	return t.Tx.Rollback()
}
