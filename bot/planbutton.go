package bot

import (
	"context"
	"strings"

	"github.com/rap-analyzer/rapbot"
	"github.com/rap-analyzer/rapbot/alert"
	"github.com/rap-analyzer/rapbot/commands"
)

// planButton asks for approval of a change of primary, and for nothing more:
// the plan goes to the operations channel, where a second person reads it. So it
// takes one press at night, and no destructive act is one press away.
func planButton(g alert.Group, w rapbot.Wish) rapbot.Button {
	verb, flag := "Switchover", ""
	if w.Kind == rapbot.Failover {
		verb, flag = "Failover", " --force"
	}
	return rapbot.Button{
		Label: "Plan " + verb + " to " + w.Region, Action: actionPlan, Value: ticketOf(g, string(w.Kind)+":"+w.Region),
		Confirm: &rapbot.Confirm{
			Title: "Ask for approval?", Yes: "Ask for Approval", No: "Not Now",
			Text: "The plan is posted in the operations channel and a second person is asked. Nothing is changed before. To see it alone first: /rap failover " + w.Region + flag + " --dry-run",
		},
	}
}

// planOnCard proposes what the button says, if that is still what it would say.
func (b *Bot) planOnCard(ctx context.Context, g alert.Group, about, channel string, by rapbot.Person) (rapbot.Message, error) {
	if err := rapbot.MayRequest(by); err != nil {
		return rapbot.Message{}, err
	}
	if g.Resolved() {
		return rapbot.Message{}, resolvedAlready("Run /rap status; /rap failover plans a change of primary all the same.")
	}
	kind, region, _ := strings.Cut(about, ":")
	pressed := rapbot.Wish{Kind: rapbot.Kind(kind), Region: region}
	now, ok := b.advice(ctx, g, b.opt.Fleet.Observe(ctx))
	if !ok || now != pressed {
		// The card shows the present advice once it is made anew.
		err := b.alerts.amend(ctx, g.ID, func(*alert.Group) error { return nil })
		if err != nil {
			return rapbot.Message{}, err
		}
		what := "There is no replica to name for this at this moment."
		if ok {
			what = "The fleet has changed since this button was shown: it would be a " + string(now.Kind) + " to " + now.Region + " now."
		}
		return rapbot.Message{}, rapbot.Refuse(rapbot.Stale, what, "Look at the card again, or run /rap status.")
	}
	return commands.Ask(ctx, b, commands.Call{Person: by, Channel: channel, Flags: map[string]string{"reason": "from the alert " + shortened(strings.Join(g.Label("alertname"), ", "), 100)}}, pressed)
}

// shortened bounds what alerts say of themselves.
func shortened(s string, runes int) string {
	r := []rune(s)
	if len(r) <= runes {
		return s
	}
	return string(r[:runes]) + "…"
}
