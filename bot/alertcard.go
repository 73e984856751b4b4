package bot

import (
	"context"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/rap-analyzer/rapbot"
	"github.com/rap-analyzer/rapbot/alert"
)

// The actions of the buttons on an alert's card. Their value is ticketOf's.
const (
	actionAck      = "alert-ack"
	actionSilence  = "alert-silence"
	actionExpire   = "alert-unsilence"
	actionDiagnose = "alert-diagnose"
	actionPlan     = "alert-plan"
)

func ofAlerts(action string) bool { return strings.HasPrefix(action, "alert-") }

// ticketOf is what a button of a group carries: which time of its firing it was
// shown for, and what else it is about. Which group it is about is told by the
// card that it stands on, and never by the button.
func ticketOf(g alert.Group, about string) string {
	return fmt.Sprintf("%d:%s", g.Times, about)
}

// alertCard is the card with what can be pressed on it while something fires.
func (b *Bot) alertCard(g alert.Group, now time.Time) (rapbot.Message, error) {
	m, trouble := b.opt.AlertCard(g, now)
	if g.Resolved() {
		return m, trouble
	}
	buttons := b.alertButtons(g, now)
	if last := len(m.Blocks) - 1; last >= 0 {
		if links, are := m.Blocks[last].(rapbot.Buttons); are {
			m.Blocks[last] = append(buttons, links...)
			return m, trouble
		}
	}
	m.Blocks = append(m.Blocks, buttons)
	return m, trouble
}

// alertButtons begin with what is pressed first at night.
func (b *Bot) alertButtons(g alert.Group, now time.Time) rapbot.Buttons {
	var out rapbot.Buttons
	if g.Acked == nil {
		out = append(out, rapbot.Button{Label: "Acknowledge", Action: actionAck, Value: ticketOf(g, ""), Style: rapbot.StylePrimary})
	}
	out = append(out, rapbot.Button{Label: "Diagnose", Action: actionDiagnose, Value: ticketOf(g, "")})
	if wish, ok := b.advice(context.Background(), g, b.opt.Fleet.Topology()); ok {
		out = append(out, planButton(g, wish))
	}
	switch s := g.Silenced; {
	case b.opt.Silences == nil:
	case s != nil && !s.Over(now):
		out = append(out, rapbot.Button{Label: "Expire Silence", Action: actionExpire, Value: ticketOf(g, s.ID)})
	default:
		out = append(out, rapbot.Button{Label: "Silence…", Action: actionSilence, Value: ticketOf(g, "")})
	}
	return out
}

// aboutPrimary are the alerts that a change of primary may be the answer to; a
// flag is no lag.
var aboutPrimary = regexp.MustCompile(`(?i)replica|(^|[^f])lag|postgres|primary`)

// advice is the change of primary to plan for what fires in the group.
func (b *Bot) advice(ctx context.Context, g alert.Group, t rapbot.Topology) (rapbot.Wish, bool) {
	if !t.Asked() {
		return rapbot.Wish{}, false
	}
	for _, name := range g.Label("alertname") {
		if aboutPrimary.MatchString(name) {
			return rapbot.Advise(t, b.opt.Limits, g.Label("region"), b.sampledPrimary(ctx, t))
		}
	}
	return rapbot.Wish{}, false
}

// sampledPrimary is looked up only where the topology alone does not tell which
// primary is lost: a day of samples is read for it, and in a storm many cards
// are made.
func (b *Bot) sampledPrimary(ctx context.Context, t rapbot.Topology) string {
	if _, one := t.Primary(); one {
		return ""
	}
	if _, told := t.Lost(""); told {
		return ""
	}
	return rapbot.Clues{History: b.history(ctx)}.Primary()
}

// alertClick answers a button of an alert's card.
func (b *Bot) alertClick(ctx context.Context, e Event) (rapbot.Message, error) {
	g, about, err := b.groupOf(ctx, e.Message, e.Value)
	if err != nil {
		return rapbot.Message{}, err
	}
	switch e.Action {
	case actionSilence:
		// The form must open within three seconds, so the person is judged when it comes back.
		return b.openSilence(ctx, e, g)
	case actionDiagnose:
		return b.diagnose(ctx, g)
	}
	person, err := b.opt.Directory.Person(ctx, e.User)
	if err != nil {
		return rapbot.Message{}, err
	}
	switch e.Action {
	case actionAck:
		return rapbot.Message{}, b.acknowledge(ctx, g, person)
	case actionExpire:
		return rapbot.Message{}, b.expireOnCard(ctx, g, about, person)
	case actionPlan:
		return b.planOnCard(ctx, g, about, e.Channel, person)
	}
	return rapbot.Message{}, rapbot.Refuse(rapbot.Invalid, "I do not know this button.", "Run /rap help.")
}

// groupOf finds the group on whose card a button stands, and what the button is
// about. A button that an earlier card or an earlier time of firing left behind
// is refused: what it meant is not what would be done.
func (b *Bot) groupOf(ctx context.Context, card rapbot.Ref, ticket string) (alert.Group, string, error) {
	g, err := b.opt.Inbox.OnCard(ctx, card)
	if rapbot.ErrorCode(err) == rapbot.NotFound {
		return g, "", rapbot.Refuse(rapbot.Stale, "This button does not stand on the card of an alert.", "Use the newest card in the alerts channel, or run /rap alerts.")
	}
	if err != nil {
		return g, "", err
	}
	times, about, _ := strings.Cut(ticket, ":")
	if times != strconv.Itoa(g.Times) {
		return g, "", earlierButton()
	}
	return g, about, nil
}

func earlierButton() error {
	return rapbot.Refuse(rapbot.Stale, "This button is of an earlier time that the alert fired.", "Use the card as it is now.")
}

func resolvedAlready(now string) error {
	return &rapbot.Error{Code: rapbot.Settled, What: "This has resolved already.", Changed: "Your click changed nothing.", Now: now}
}
