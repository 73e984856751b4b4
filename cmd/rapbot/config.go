package main

import (
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"github.com/rap-analyzer/rapbot/config"
)

func checkConfigCommand(path *string) *cobra.Command {
	return &cobra.Command{
		Use:   "check-config",
		Short: "Read the configuration and say everything that is wrong with it",
		Long:  "Reads the configuration and every secret that it names, tries the alert templates on samples, and lists every problem at once as path: problem; fix.\nExits 0 when there is none and 2 when there is any. Starts nothing and connects to nothing.",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := config.Load(*path, os.LookupEnv)
			if err != nil {
				return err
			}
			if _, err := alertTemplates(c.Alertmanager, nil); err != nil {
				return err
			}
			if ignored := ignoredKeys(c.Alertmanager); ignored != "" {
				fmt.Fprintf(cmd.OutOrStdout(), "Keys of alertmanager.slack that mean nothing here and are ignored: %s.\n", ignored)
			}
			fmt.Fprintf(cmd.OutOrStdout(), "%s is fine: %d regions, %d approver users, %d approver groups.\n", *path, len(c.Regions), len(c.Approvals.Users), len(c.Approvals.Groups))
			return nil
		},
	}
}

func sampleConfigCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "sample-config",
		Short: "Print a configuration file with every key explained",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			_, err := fmt.Fprint(cmd.OutOrStdout(), config.Sample)
			return err
		},
	}
}
