package main

import (
	"github.com/spf13/cobra"

	"github.com/wedsync/wedsync/internal/config"
	"github.com/wedsync/wedsync/server"
)

func serveCommand() *cobra.Command {
	var noWorkers bool
	cmd := &cobra.Command{
		Use:   "serve",
		Short: "Serve the API and work off the queue in one process",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return run(cmd, server.Options{API: true, Workers: !noWorkers})
		},
	}
	cmd.Flags().BoolVar(&noWorkers, "no-workers", false, "serve the API only; run \"wedsync work\" beside it")
	return cmd
}

func workCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "work",
		Short: "Work off the queue; WEDSYNC_ADDR serves health and metrics only",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return run(cmd, server.Options{Workers: true})
		},
	}
}

func run(cmd *cobra.Command, o server.Options) error {
	cfg, err := config.Load()
	if err != nil {
		return err
	}
	s, err := server.New(cmd.Context(), cfg, o)
	if err != nil {
		return err
	}
	return s.Run(cmd.Context())
}

func migrateCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "migrate",
		Short: "Bring the database's tables up to date; safe to run at any time, by several at once",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			cfg, err := config.Load()
			if err != nil {
				return err
			}
			return server.Migrate(cmd.Context(), cfg)
		},
	}
}
