package cards

import (
	"fmt"
	"strconv"

	"github.com/rap-analyzer/rapbot"
)

// The actions of an operation's buttons. Their value is Ticket's.
const (
	ActionApprove = "approve"
	ActionReject  = "reject"
	ActionStop    = "stop"
	ActionRetry   = "retry"
	ActionGiveUp  = "give-up"
	ActionProceed = "proceed"
)

// Ticket is what a button carries: which operation, and which plan was shown or
// which question was asked.
func Ticket(o rapbot.Operation) string {
	if o.State == rapbot.NeedsDecision {
		return o.ID + ":" + strconv.Itoa(o.Asked)
	}
	return o.ID + ":" + o.Plan.Digest()
}

// Buttons are what can be pressed in the operation's present state; none when
// it is settled.
func Buttons(o rapbot.Operation) rapbot.Buttons {
	ticket := Ticket(o)
	switch {
	case o.State == rapbot.AwaitingApproval:
		return rapbot.Buttons{approveButton(o.Plan, ticket), {Label: "Reject", Action: ActionReject, Value: ticket}}
	case o.State == rapbot.Running && !o.Committed() && !o.RollingBack && o.StopAsked == nil:
		return rapbot.Buttons{{Label: "Stop and Roll Back", Action: ActionStop, Value: ticket, Confirm: &rapbot.Confirm{
			Title: "Stop and roll back?", Text: stopText(o.Plan), Yes: "Roll Back", No: "Let It Run",
		}}}
	case o.State == rapbot.NeedsDecision && o.Risk != "":
		return riskButtons(o, ticket)
	case o.State == rapbot.NeedsDecision:
		return rapbot.Buttons{
			{Label: "Try Again", Action: ActionRetry, Value: ticket, Style: rapbot.StylePrimary},
			{Label: "Stop Here", Action: ActionGiveUp, Value: ticket, Style: rapbot.StyleDanger, Confirm: &rapbot.Confirm{
				Title: "Leave it where it stands?", Text: "rapbot does nothing more about this operation. Somebody must finish it by hand.", Yes: "Stop Here", No: "Go Back",
			}},
		}
	}
	return nil
}

// approveLabel is the verb on the button that lets a plan run.
func approveLabel(p rapbot.Plan) string {
	switch p.Kind {
	case rapbot.Failover:
		return "Approve Failover"
	case rapbot.Rejoin:
		return "Approve Rejoin"
	case rapbot.Deploy:
		return "Approve Deploy"
	case rapbot.Rollback:
		return "Approve Rollback"
	case rapbot.Restart:
		return "Approve Restart"
	case rapbot.Scale:
		return "Approve Scaling"
	}
	return "Approve Switchover"
}

func approveButton(p rapbot.Plan, ticket string) rapbot.Button {
	if p.Kind.OfReleases() {
		return releaseButton(p, ticket)
	}
	b := rapbot.Button{Label: approveLabel(p), Action: ActionApprove, Value: ticket, Style: rapbot.StylePrimary, Confirm: &rapbot.Confirm{Title: p.Title() + "?", No: "Not Now"}}
	switch p.Kind {
	case rapbot.Failover:
		b.Style = rapbot.StyleDanger
		b.Confirm.Text = fmt.Sprintf("%s is given up as the primary and %s takes its place. %s%s.", p.From, p.To, lossLabel(*p.Impact.Loss), p.Impact.Loss)
		b.Confirm.Yes = "Accept the Loss"
		if p.Impact.Loss.None() {
			b.Confirm.Yes = "Fail Over"
		}
	case rapbot.Rejoin:
		b.Confirm.Text = fmt.Sprintf("%s becomes a replica of %s. Thrown away: %s.", p.From, p.To, p.Impact.Discard)
		b.Confirm.Yes = "Rejoin"
		if p.Fact(rapbot.FactMethod) != rapbot.MethodStraight {
			b.Style = rapbot.StyleDanger
			b.Confirm.Yes = "Throw It Away"
		}
	default:
		b.Confirm.Text = fmt.Sprintf("%s is stopped and %s becomes primary. Writes pause for about %s; if something is in the way, for up to half a minute, and it is rolled back.", p.From, p.To, rapbot.Duration(p.Impact.WritePause))
		b.Confirm.Yes = "Switch Over"
	}
	return b
}

func stopText(p rapbot.Plan) string {
	if p.Kind.OfReleases() {
		return "What has been changed is put back as it was, in reverse order."
	}
	switch p.Kind {
	case rapbot.Failover:
		return "Nobody is promoted, and the replicas receive again; a primary that was stopped stays stopped. This works until " + p.To + " is promoted."
	case rapbot.Rejoin:
		return p.From + " is left with the data that it has. This works until they are changed."
	}
	return p.From + " stays the primary. This works until " + p.To + " is promoted."
}

// riskButtons name the danger; the way back is the one that stands out least
// in danger and first in line.
func riskButtons(o rapbot.Operation, ticket string) rapbot.Buttons {
	return rapbot.Buttons{
		{Label: "Try Again", Action: ActionRetry, Value: ticket, Style: rapbot.StylePrimary},
		{Label: "Roll Back", Action: ActionGiveUp, Value: ticket},
		{Label: "Promote Anyway", Action: ActionProceed, Value: ticket, Style: rapbot.StyleDanger, Confirm: &rapbot.Confirm{
			Title: "Promote " + o.Plan.To + " anyway?",
			Text:  fmt.Sprintf("If %s still takes writes, there are then two primaries, and what is written on one of them will be thrown away.", o.Plan.From),
			Yes:   "I Accept the Risk", No: "Go Back",
		}},
	}
}
