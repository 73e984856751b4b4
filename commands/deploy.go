package commands

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/rap-analyzer/rapbot"
)

// maxPods bounds what is taken for a number of pods and not for a slip.
const maxPods = 1000

var deploy = Command{
	Name:    "deploy",
	Summary: "Bring a version of the application to the regions",
	Detail: []string{
		"Renders the release of every region, has its API server check every object, and shows what would change. Somebody else of the approver group must approve exactly that; if anything differs when it is to run, it asks again.",
		"One region follows the other, replicas first and the primary last. A region is done when every pod of the new version is ready; then it is watched for a while, and if it does worse than before, or its pods do not become ready, everything that was changed is put back in reverse order.",
		"With --all what is not there yet is installed too: PostgreSQL in the primary's region, its replicas, and the application in each.",
		"With --dry-run the plan, every check and the changes are shown to you alone and nothing is recorded.",
	},
	Args: []Arg{
		{Name: "version", Help: "the tag of the image"},
		{Name: "regions", Help: "only these regions", Optional: true, Many: true},
	},
	Flags: []Flag{
		{Name: "all", Help: "install what is not there yet, PostgreSQL included"},
		dryRunFlag, reasonFlag,
	},
	Examples: []string{"deploy v2.4.1", "deploy v2.4.1 eu-west-1 --dry-run", "deploy v2.4.1 --all --reason the first installation"},
	Changes:  true,
	Run: func(ctx context.Context, desk Desk, call Call) (rapbot.Message, error) {
		wish := rapbot.Wish{Kind: rapbot.Deploy, Version: call.Args["version"], Regions: regionsOf(call), Install: call.Has("all")}
		return Ask(ctx, desk, call, wish)
	},
}

func regionsOf(call Call) string { return strings.ReplaceAll(call.Args["regions"], "\n", " ") }

var rollback = Command{
	Name:    "rollback",
	Summary: "Bring the version before back",
	Detail: []string{
		"Every region, or those that you name, goes back to the newest revision of its release that ran another version, with all of its values as they were. Somebody else of the approver group must approve it.",
	},
	Args:     []Arg{{Name: "regions", Help: "only these regions", Optional: true, Many: true}},
	Flags:    []Flag{dryRunFlag, reasonFlag},
	Examples: []string{"rollback", "rollback eu-west-1", "rollback --dry-run"},
	Changes:  true,
	Run: func(ctx context.Context, desk Desk, call Call) (rapbot.Message, error) {
		return Ask(ctx, desk, call, rapbot.Wish{Kind: rapbot.Rollback, Regions: regionsOf(call)})
	},
}

var restart = Command{
	Name:    "restart",
	Summary: "Replace the pods of the application or of PostgreSQL in a region",
	Detail: []string{
		"Pods are replaced one after the other, as kubectl rollout restart does, and it is done when the new ones are ready. To restart the primary's PostgreSQL is a pause of writes; a switchover first makes it a short one. Somebody else of the approver group must approve it.",
	},
	Args:     []Arg{{Name: "part", Help: "app or postgres"}, {Name: "region", Help: "where"}},
	Flags:    []Flag{dryRunFlag, reasonFlag},
	Examples: []string{"restart app eu-west-1", "restart postgres us-west-2 --reason memory settings"},
	Changes:  true,
	Run: func(ctx context.Context, desk Desk, call Call) (rapbot.Message, error) {
		parts := map[string]rapbot.Part{"app": rapbot.App, "application": rapbot.App, "postgres": rapbot.Database, "postgresql": rapbot.Database}
		typed := call.Args["part"]
		part, known := parts[strings.ToLower(typed)]
		if !known {
			return rapbot.Message{}, rapbot.Refuse(rapbot.Invalid, fmt.Sprintf("%q is nothing that can be restarted.", bounded(typed, 40)), "Type /rap restart app "+call.Args["region"]+" or /rap restart postgres "+call.Args["region"]+".")
		}
		return Ask(ctx, desk, call, rapbot.Wish{Kind: rapbot.Restart, Part: part, Region: call.Args["region"]})
	},
}

var scale = Command{
	Name:    "scale",
	Summary: "Set how many pods of the application a region has",
	Detail: []string{
		"The number is kept in the region's release, so that a later deploy does not take it back. Where an autoscaler decides, it becomes the least that there are. Somebody else of the approver group must approve it.",
	},
	Args:     []Arg{{Name: "region", Help: "where"}, {Name: "pods", Help: "how many"}},
	Flags:    []Flag{dryRunFlag, reasonFlag},
	Examples: []string{"scale eu-west-1 5", "scale us-west-2 0 --reason the load test is over"},
	Changes:  true,
	Run: func(ctx context.Context, desk Desk, call Call) (rapbot.Message, error) {
		pods, err := strconv.Atoi(call.Args["pods"])
		if err != nil || pods < 0 || pods > maxPods {
			return rapbot.Message{}, rapbot.Refuse(rapbot.Invalid, fmt.Sprintf("%q is not a number of pods.", bounded(call.Args["pods"], 40)), fmt.Sprintf("Type a whole number from 0 to %d: /rap scale %s 3", maxPods, call.Args["region"]))
		}
		return Ask(ctx, desk, call, rapbot.Wish{Kind: rapbot.Scale, Region: call.Args["region"], Pods: pods})
	},
}
