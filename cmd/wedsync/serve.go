package main

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"github.com/wedsync/wedsync/internal/bus"
	"github.com/wedsync/wedsync/internal/config"
	"github.com/wedsync/wedsync/server"
	"github.com/wedsync/wedsync/server/observe"
)

func serveCommand() *cobra.Command {
	var noWorkers bool
	cmd := &cobra.Command{
		Use:   "serve",
		Short: "Serve the API and work off the queue in one process",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return withServer(cmd.Context(), func(ctx context.Context, cfg config.Config, s *server.Server) error {
				link, err := signInLink(ctx, cfg, s)
				if err != nil {
					return err
				}
				return s.Serve(ctx, !noWorkers, func() {
					if link != "" {
						fmt.Fprintln(cmd.OutOrStdout(), "Sign in, once, within a quarter of an hour:", link)
					}
				})
			})
		},
	}
	cmd.Flags().BoolVar(&noWorkers, "no-workers", false, `serve the API only; run "wedsync work" beside it`)
	return cmd
}

// signInLink returns the way into a hub on one machine, where no issuer says who
// people are.
func signInLink(ctx context.Context, cfg config.Config, s *server.Server) (string, error) {
	if !cfg.Embedded() || cfg.OIDC.Enabled() {
		return "", nil
	}
	return s.SignInLink(ctx)
}

func workCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "work",
		Short: "Work off the queue; WEDSYNC_ADDR serves health and metrics only",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return withServer(cmd.Context(), func(ctx context.Context, _ config.Config, s *server.Server) error {
				return s.Work(ctx, func() {})
			})
		},
	}
}

func migrateCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "migrate",
		Short: "Bring the database's tables up to date; safe at any time and by several at once",
		Long:  "Brings the database's tables up to date. Every other command does so when it starts; this one does nothing else.",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return withServer(cmd.Context(), func(context.Context, config.Config, *server.Server) error { return nil })
		},
	}
}

// withServer runs fn with the hub that the environment configures.
func withServer(ctx context.Context, fn func(context.Context, config.Config, *server.Server) error) (err error) {
	cfg, err := config.Load()
	if err != nil {
		return err
	}
	log := observe.NewLogger(os.Stderr, cfg)
	bus.LogTo(log)
	s, err := server.New(ctx, cfg, log)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	return fn(ctx, cfg, s)
}
