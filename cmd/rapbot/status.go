package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"

	"github.com/spf13/cobra"
	"go.uber.org/zap"

	"github.com/rap-analyzer/rapbot"
	"github.com/rap-analyzer/rapbot/cards"
	"github.com/rap-analyzer/rapbot/config"
)

// errTrouble makes status exit with 1 when the fleet is not as it should be,
// so that scripts can tell.
var errTrouble = errors.New("the fleet is not as it should be")

func statusCommand(path *string) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "status",
		Short: "Ask every region now and print what /rap status says; works without Slack",
		Long:  "Asks every region now and prints who is primary and how far behind the others are.\nExits 0 when there is one primary and every other region streams from it, 1 otherwise, 2 when the configuration is wrong.",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := config.Load(*path, os.LookupEnv)
			if err != nil {
				return err
			}
			fleet, _, err := openFleet(cmd.Context(), c, zap.NewNop())
			if err != nil {
				return err
			}
			defer fleet.Close()
			t := fleet.Observe(cmd.Context())
			if asJSON {
				enc := json.NewEncoder(cmd.OutOrStdout())
				enc.SetIndent("", "  ")
				err = enc.Encode(t)
			} else {
				_, err = fmt.Fprintln(cmd.OutOrStdout(), cards.Fleet(t, nil, nil, rapbot.AlertQueue{}).Plain())
			}
			if err == nil && len(t.Contradictions()) > 0 {
				return errTrouble
			}
			return err
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print everything that was observed as JSON")
	return cmd
}
