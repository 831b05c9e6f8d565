// Command wedsync is the WedSync integration hub: one program that serves the API,
// works off the queue, and brings the tools of its operator.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

	_ "time/tzdata" // weddings know their time zone on machines that do not
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	// A second signal ends the program at once.
	context.AfterFunc(ctx, stop)
	if err := root().ExecuteContext(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "wedsync:", err)
		os.Exit(1)
	}
}

func root() *cobra.Command {
	cmd := &cobra.Command{
		Use:           "wedsync",
		Short:         "Keeps the files of a wedding in step",
		Long:          "wedsync keeps the files of a wedding in step between folders, stores and the vendors of the day.\nIt is configured by WEDSYNC_… environment variables; the README lists them.",
		SilenceUsage:  true,
		SilenceErrors: true,
	}
	cmd.AddCommand(serveCommand(), workCommand(), migrateCommand(), tokenCommand(), linkCommand(), demoCommand())
	return cmd
}
