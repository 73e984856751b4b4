package bot

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/rap-analyzer/rapbot"
	"github.com/rap-analyzer/rapbot/alert"
)

const formSilence = "silence-form"

// durations that are offered; the command takes any.
var durations = []time.Duration{30 * time.Minute, time.Hour, 2 * time.Hour, 4 * time.Hour, 8 * time.Hour, 24 * time.Hour}

const usualSilence = 2 * time.Hour

// openSilence opens the form with the matchers of the group.
func (b *Bot) openSilence(ctx context.Context, e Event, g alert.Group) (rapbot.Message, error) {
	if err := b.silenceable(g); err != nil {
		return rapbot.Message{}, err
	}
	form := b.silenceForm(g, alert.SilenceWish{Matchers: matchersOf(g), For: written(min(usualSilence, b.opt.LongestSilence))},
		rapbot.Say("Alertmanager notifies nobody of what matches, until it ends. Whoever is on call sees who did it and why."))
	return rapbot.Message{}, b.opt.Chat.OpenForm(ctx, e.Trigger, form)
}

func (b *Bot) silenceable(g alert.Group) error {
	switch {
	case b.opt.Silences == nil:
		return noAlertmanager()
	case g.Resolved():
		return resolvedAlready("To silence it for the next time, use /rap silence.")
	case g.Silenced != nil && !g.Silenced.Over(b.opt.Clock.Now()):
		return &rapbot.Error{Code: rapbot.Settled, What: "This was silenced already, by " + g.Silenced.By.Name + ".", Changed: "Nothing was changed by this.", Now: "To change it, expire that silence first."}
	}
	return nil
}

func (b *Bot) silenceForm(g alert.Group, w alert.SilenceWish, intro rapbot.Text) rapbot.Form {
	var options []rapbot.Option
	for _, d := range durations {
		if d < b.opt.LongestSilence {
			options = append(options, rapbot.Option{Label: rapbot.Duration(d), Value: written(d)})
		}
	}
	if longest := b.opt.LongestSilence; longest > 0 {
		options = append(options, rapbot.Option{Label: rapbot.Duration(longest), Value: written(longest)})
	}
	return rapbot.Form{
		Action: formSilence, Value: fmt.Sprintf("%s %s %s", g.Card.Channel, g.Card.ID, ticketOf(g, "")), Title: "Silence this alert", Submit: "Silence",
		Intro: intro,
		Inputs: []rapbot.Input{
			{Name: "for", Label: "For", Options: options, Initial: w.For},
			{Name: "matchers", Label: "What is silenced", Hint: `One condition a line, such as region="us-west-2"; all of them must hold. Also !=, =~ and !~.`, Multiline: true, Initial: w.Matchers},
			{Name: "comment", Label: "Why", Hint: "For whoever is on call next.", Initial: w.Comment},
		},
	}
}

// matchersOf are the labels that Alertmanager grouped by, which is what makes
// the group what it is; where it grouped by none, what its alerts share.
func matchersOf(g alert.Group) string {
	labels := g.Latest.GroupLabels
	if len(labels) == 0 {
		labels = g.Latest.CommonLabels
	}
	var lines []string
	for _, name := range slices.Sorted(maps.Keys(labels)) {
		lines = append(lines, alert.Matcher{Name: name, Value: labels[name]}.String())
	}
	return strings.Join(lines, "\n")
}

// silenceSubmitted makes the silence. When something is wrong with what was
// typed, the form opens again with it and with the reason on top.
func (b *Bot) silenceSubmitted(ctx context.Context, e Event, by rapbot.Person) (rapbot.Message, error) {
	if err := rapbot.MayRequest(by); err != nil {
		return rapbot.Message{}, err
	}
	channel, rest, _ := strings.Cut(e.Value, " ")
	id, ticket, _ := strings.Cut(rest, " ")
	g, _, err := b.groupOf(ctx, rapbot.Ref{Channel: channel, ID: id}, ticket)
	if err != nil {
		return rapbot.Message{}, err
	}
	if err := b.silenceable(g); err != nil {
		return rapbot.Message{}, err
	}
	wish := alert.SilenceWish{Matchers: e.Values["matchers"], For: e.Values["for"], Comment: e.Values["comment"]}
	s, err := b.silence(ctx, by, wish, g.Card)
	if rapbot.ErrorCode(err) == rapbot.Invalid && e.Trigger != "" {
		return rapbot.Message{}, b.opt.Chat.OpenForm(ctx, e.Trigger, b.silenceForm(g, wish, rapbot.Say(rapbot.MarkWarning+" ", rapbot.B(err.Error()))))
	}
	if err == nil && !s.CoversGroup(g) {
		err = &rapbot.Error{Code: rapbot.Conflict, What: "Your silence does not match everything that fires on this card.", Changed: "It was made as you wrote it.", Now: "See /rap alerts; /rap unsilence " + s.ID + " ends it."}
	}
	return rapbot.Message{}, err
}

// written is a duration as it is typed.
func written(d time.Duration) string {
	s := d.String()
	s = strings.TrimSuffix(s, "0s")
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}
