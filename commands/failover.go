package commands

import (
	"context"
	"fmt"

	"github.com/rap-analyzer/rapbot"
	"github.com/rap-analyzer/rapbot/cards"
)

var failover = Command{
	Name:    "failover",
	Summary: "Make another region the primary",
	Detail: []string{
		"Plans a switchover, posts the plan in the operations channel, and asks a second person to approve it. Nothing is changed before somebody else of the approver group presses Approve Switchover.",
		"The switchover blocks writers, waits until the target has replayed everything, stops the old primary, proves from the target's own WAL that nothing is missing, promotes the target, and brings the others back as its replicas. Until the promotion it can be stopped and is then rolled back.",
		"With --dry-run the plan and every check are shown to you alone and nothing is recorded.",
	},
	Args: []Arg{{Name: "region", Help: "the replica that becomes primary"}},
	Flags: []Flag{
		{Name: "dry-run", Help: "show the plan and its checks, change nothing"},
		{Name: "reason", Value: "words", Help: "why, for the approver and for the record"},
	},
	Examples: []string{"failover us-west-2 --reason kernel update in us-east-1", "failover us-west-2 --dry-run"},
	Changes:  true,
	Run:      runFailover,
}

func runFailover(ctx context.Context, desk Desk, call Call) (rapbot.Message, error) {
	to := call.Args["region"]
	if call.Has("dry-run") {
		plan, err := desk.Plan(ctx, to)
		if err != nil {
			return rapbot.Message{}, err
		}
		return cards.Plan(plan), nil
	}
	o, plan, err := desk.Propose(ctx, call.Person, call.Channel, to, call.Flags["reason"])
	if rapbot.ErrorCode(err) == rapbot.Precondition && len(plan.Checks) > 0 {
		return cards.Unrunnable(plan), nil
	}
	if err != nil {
		return rapbot.Message{}, err
	}
	return told(fmt.Sprintf("Operation %s is waiting for a second person: somebody else of the approver group must approve it. Nothing has been changed.", o.ID), rapbot.Say(" Until ", rapbot.When(o.ExpiresAt), ".")), nil
}

// told is a short answer in one paragraph.
func told(summary string, more rapbot.Text) rapbot.Message {
	return rapbot.Message{Summary: summary, Blocks: []rapbot.Block{rapbot.Paragraph{Text: append(rapbot.Say(summary), more...)}}}
}
