package commands

import (
	"context"

	"github.com/rap-analyzer/rapbot"
)

var rejoin = Command{
	Name:    "rejoin",
	Summary: "Bring a server that was lost or went its own way back as a replica",
	Detail: []string{
		"Counts what the server has that the primary lacks and saves a copy of it, then makes its data follow the primary: as they are where that is proven possible, else with pg_rewind, else by a new base backup. It is done when the server has replayed a row that was written on the primary for this purpose.",
		"Because data are thrown away, somebody else of the approver group must approve it.",
	},
	Args:     []Arg{{Name: "region", Help: "the region that comes back"}},
	Flags:    []Flag{dryRunFlag, reasonFlag},
	Examples: []string{"rejoin us-east-1", "rejoin us-east-1 --dry-run"},
	Changes:  true,
	Run: func(ctx context.Context, desk Desk, call Call) (rapbot.Message, error) {
		return Ask(ctx, desk, call, rapbot.Wish{Kind: rapbot.Rejoin, Region: call.Args["region"]})
	},
}
