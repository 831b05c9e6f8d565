// Command with starts a PostgreSQL server and runs a command whose tests, in
// however many processes, share it:
//
//	go run ./internal/testenv/with go test ./...
//
// Where no server can be had it runs the command all the same: the tests then
// decide what that means.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"syscall"
	"time"

	"github.com/wedsync/wedsync/internal/testenv"
)

// shutdownTime is how long the tests may take to end.
const shutdownTime = 10 * time.Second

func main() {
	if len(os.Args) < 2 {
		fmt.Fprintln(os.Stderr, "usage: with COMMAND [ARGUMENT…]")
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1], os.Args[2:])
	stop()
	var failed *exec.ExitError
	if errors.As(err, &failed) && failed.ExitCode() > 0 {
		os.Exit(failed.ExitCode())
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "with:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, name string, args []string) (err error) {
	cmd := exec.CommandContext(ctx, name, args...)
	// The tests end by themselves on an interrupt; they get a moment for it.
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = shutdownTime
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	server, err := testenv.StartPostgres(ctx)
	if err != nil {
		fmt.Fprintln(os.Stderr, "with: no PostgreSQL:", err)
		return cmd.Run()
	}
	defer func() { err = errors.Join(err, server.Close()) }()
	cmd.Env = append(os.Environ(), "WEDSYNC_TEST_DATABASE_URL="+server.URL)
	return cmd.Run()
}
