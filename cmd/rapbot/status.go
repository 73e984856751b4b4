package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"sync"

	"github.com/spf13/cobra"
	"go.uber.org/zap"

	"github.com/rap-analyzer/rapbot"
	"github.com/rap-analyzer/rapbot/alert"
	"github.com/rap-analyzer/rapbot/cards"
	"github.com/rap-analyzer/rapbot/config"
	"github.com/rap-analyzer/rapbot/integrations/postgres"
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
			k, err := openClusters(c, zap.NewNop())
			if err != nil {
				return err
			}
			fleet, _, err := openFleet(cmd.Context(), c, k, zap.NewNop())
			if err != nil {
				return err
			}
			defer fleet.Close()
			t, clusters := observe(cmd.Context(), fleet, k)
			if asJSON {
				enc := json.NewEncoder(cmd.OutOrStdout())
				enc.SetIndent("", "  ")
				err = enc.Encode(struct {
					rapbot.Topology
					Clusters []rapbot.Cluster `json:"clusters,omitempty"`
				}{t, clusters})
			} else {
				_, err = fmt.Fprintln(cmd.OutOrStdout(), cards.Fleet(t, clusters, nil, alert.Queue{}).Plain())
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

// observe asks the servers and the clusters at the same time.
func observe(ctx context.Context, fleet *postgres.Fleet, k *clusters) (rapbot.Topology, []rapbot.Cluster) {
	if k == nil {
		return fleet.Observe(ctx), nil
	}
	var seen []rapbot.Cluster
	var asking sync.WaitGroup
	asking.Go(func() { seen = k.ObserveClusters(ctx) })
	t := fleet.Observe(ctx)
	asking.Wait()
	return t, seen
}
