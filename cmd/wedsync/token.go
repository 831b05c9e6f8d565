package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/wedsync/wedsync/internal/config"
	"github.com/wedsync/wedsync/server"
)

func tokenCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "token", Short: "API tokens"}
	var grant server.Grant
	create := &cobra.Command{
		Use:   "create",
		Short: "Print a new API token; makes the organization and the user if there is none",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return withServer(cmd.Context(), func(ctx context.Context, _ config.Config, s *server.Server) error {
				token, err := s.CreateToken(ctx, grant)
				if err != nil {
					return err
				}
				_, err = fmt.Fprintln(cmd.OutOrStdout(), token)
				return err
			})
		},
	}
	create.Flags().StringVar(&grant.Organization, "org", "", "name of the organization")
	create.Flags().StringVar(&grant.Email, "user", "", "e-mail address of the user")
	create.Flags().StringVar(&grant.Role, "role", "ADMIN", "OWNER, ADMIN, MEMBER or VIEWER")
	create.Flags().StringVar(&grant.Name, "name", "command line", "what the token is for")
	for _, flag := range []string{"org", "user"} {
		if err := create.MarkFlagRequired(flag); err != nil {
			panic(err) // the flag is defined two lines above
		}
	}
	cmd.AddCommand(create)
	return cmd
}

func linkCommand() *cobra.Command {
	var email, organization string
	cmd := &cobra.Command{
		Use:   "link",
		Short: "Print a link that signs a member in, once, within a quarter of an hour",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return withServer(cmd.Context(), func(ctx context.Context, _ config.Config, s *server.Server) error {
				link, err := s.MemberLink(ctx, email, organization)
				if err != nil {
					return err
				}
				_, err = fmt.Fprintln(cmd.OutOrStdout(), link)
				return err
			})
		},
	}
	cmd.Flags().StringVar(&email, "user", "", "e-mail address of the member")
	cmd.Flags().StringVar(&organization, "org", "", "name of the organization, for members of several")
	if err := cmd.MarkFlagRequired("user"); err != nil {
		panic(err) // the flag is defined two lines above
	}
	return cmd
}
