package commands

import (
	"context"

	"github.com/rap-analyzer/rapbot"
)

var drill = Command{
	Name:    "drill",
	Summary: "Exercise a change of primary, there and back, ending in a report",
	Detail: []string{
		"Plans a switchover to the region, and when it is done the switchover back; each is approved by a second person on its own card. Then a report is posted in the thread: every step with its time, the write gaps, what was slow, what is left to mend, and a picture of how long writes took all the while.",
		"With --emergency the primary is given up as if it were lost, comes back with a rejoin, and then the primary goes home. Configuration must permit that.",
	},
	Args: []Arg{{Name: "region", Help: "the replica that becomes primary for a while"}},
	Flags: []Flag{
		{Name: "emergency", Help: "give the healthy primary up as if it were lost"},
		dryRunFlag,
		reasonFlag,
	},
	Examples: []string{"drill us-west-2 --reason third quarter", "drill us-west-2 --emergency"},
	Changes:  true,
	Run: func(ctx context.Context, desk Desk, call Call) (rapbot.Message, error) {
		wish := rapbot.Wish{Kind: rapbot.Switchover, Region: call.Args["region"], Drill: rapbot.Drill{Is: true}}
		if call.Has("emergency") {
			if !desk.EmergencyDrills() {
				return rapbot.Message{}, rapbot.Refuse(rapbot.Forbidden, "Emergency drills are not permitted here, because they give up a healthy primary.", "Leave --emergency out, or set drills.allow_emergency in the configuration.")
			}
			if _, one := desk.Observe(ctx).Primary(); !one {
				return rapbot.Message{}, rapbot.Refuse(rapbot.Precondition, "There is no healthy primary to give up, so this would be no exercise.", "Type /rap failover "+wish.Region+" --force if the primary is lost.")
			}
			wish.Kind = rapbot.Failover
		}
		return Ask(ctx, desk, call, wish)
	},
}
