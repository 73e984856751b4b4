package commands

import (
	"context"
	"fmt"

	"github.com/rap-analyzer/rapbot"
	"github.com/rap-analyzer/rapbot/cards"
)

var (
	dryRunFlag = Flag{Name: "dry-run", Help: "show the plan and its checks, change nothing"}
	reasonFlag = Flag{Name: "reason", Value: "words", Help: "why, for the approver and for the record"}
)

var failover = Command{
	Name:    "failover",
	Summary: "Make another region the primary",
	Detail: []string{
		"Plans a switchover, posts the plan in the operations channel, and asks a second person to approve it. Nothing is changed before somebody else of the approver group presses Approve Switchover.",
		"The switchover blocks writers, waits until the target has replayed everything, stops the old primary, proves from the target's own WAL that nothing is missing, promotes the target, and brings the others back as its replicas. Until the promotion it can be stopped and is then rolled back.",
		"With --force the primary is lost: the plan shows who sees what of it, and how much of what was acknowledged may be lost. An approval is for no more than that. The replicas are frozen, the old primary is fenced, the target gets all that any replica has, and is promoted. While a switchover is possible, --force is refused.",
		"With --dry-run the plan and every check are shown to you alone and nothing is recorded.",
	},
	Args: []Arg{{Name: "region", Help: "the replica that becomes primary"}},
	Flags: []Flag{
		{Name: "force", Help: "the primary is lost; what it has not sent may be lost too"},
		dryRunFlag,
		reasonFlag,
	},
	Examples: []string{"failover us-west-2 --reason kernel update in us-east-1", "failover us-west-2 --dry-run", "failover us-west-2 --force --reason us-east-1 is gone"},
	Changes:  true,
	Run: func(ctx context.Context, desk Desk, call Call) (rapbot.Message, error) {
		wish := rapbot.Wish{Kind: rapbot.Switchover, Region: call.Args["region"]}
		if call.Has("force") {
			wish.Kind = rapbot.Failover
		}
		return Ask(ctx, desk, call, wish)
	},
}

// Ask shows the plan of a wish, or proposes it.
func Ask(ctx context.Context, desk Desk, call Call, wish rapbot.Wish) (rapbot.Message, error) {
	if call.Has(dryRunFlag.Name) {
		plan, err := desk.Plan(ctx, wish)
		if err != nil {
			return rapbot.Message{}, err
		}
		return cards.Plan(plan), nil
	}
	o, plan, err := desk.Propose(ctx, call.Person, call.Channel, wish, call.Flags[reasonFlag.Name])
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
