package cards

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/rap-analyzer/rapbot"
	"github.com/rap-analyzer/rapbot/alert"
)

// What a list shows at the most; Alertmanager's own page has the rest.
const (
	maxAlertGroups = 20
	maxSilences    = 10
	maxAlertWords  = 120
)

// Alerts is what fires now, the worst first, and which silences there are.
// Region narrows it to one when it is not empty. Unknown says why there are no
// silences to show, and is empty when they are known.
func Alerts(groups []alert.Group, silences []alert.Silence, unknown, region string, now time.Time) rapbot.Message {
	groups = in(region, groups)
	title := alertsTitle(len(groups), region)
	m := rapbot.Message{Summary: title, Blocks: []rapbot.Block{rapbot.Heading{Text: title}}}
	slices.SortStableFunc(groups, func(a, b alert.Group) int { return a.Severity().Rank - b.Severity().Rank })
	for i, g := range groups {
		if i == maxAlertGroups {
			m.Blocks = append(m.Blocks, rapbot.Paragraph{Text: rapbot.Say(fmt.Sprintf("and %d more", len(groups)-i))})
			break
		}
		m.Blocks = append(m.Blocks, rapbot.Paragraph{Text: groupLine(g, now)})
	}
	switch {
	case unknown != "":
		m.Blocks = append(m.Blocks, rapbot.Note{Text: rapbot.Say("Silences: " + unknown)})
	case len(silences) > 0:
		m.Blocks = append(m.Blocks, rapbot.Paragraph{Text: rapbot.Say(rapbot.B(rapbot.Count(len(silences), "silence", "silences")))})
	}
	for i, s := range silences {
		if i == maxSilences {
			m.Blocks = append(m.Blocks, rapbot.Paragraph{Text: rapbot.Say(fmt.Sprintf("and %d more", len(silences)-i))})
			break
		}
		m.Blocks = append(m.Blocks, rapbot.Paragraph{Text: silenceLine(s)})
	}
	return m
}

func alertsTitle(n int, region string) string {
	where := ""
	if region != "" {
		where = " in " + region
	}
	switch n {
	case 0:
		return "Nothing fires" + where
	case 1:
		return "1 alert group fires" + where
	}
	return fmt.Sprintf("%d alert groups fire%s", n, where)
}

// in are the groups of which something fires in the region.
func in(region string, groups []alert.Group) []alert.Group {
	if region == "" {
		return slices.Clone(groups)
	}
	var out []alert.Group
	for _, g := range groups {
		if slices.Contains(g.Label("region"), region) {
			out = append(out, g)
		}
	}
	return out
}

func groupLine(g alert.Group, now time.Time) rapbot.Text {
	severity := g.Severity()
	name := strings.Join(g.Label("alertname"), ", ")
	if name == "" {
		name = "alert without a name"
	}
	t := rapbot.Say(severity.Mark+" "+words(severity.Word)+" ", rapbot.B(words(name)))
	if regions := strings.Join(g.Label("region"), ", "); regions != "" {
		t = append(t, rapbot.Say(" in "+words(regions))...)
	}
	if since := firingSince(g); !since.IsZero() {
		t = append(t, rapbot.Say(", since ", rapbot.When(since))...)
	}
	if g.Acked != nil {
		t = append(t, rapbot.Say("; acknowledged by ", rapbot.Who(g.Acked.By), " ", rapbot.When(g.Acked.At))...)
	}
	if s := g.Silenced; s != nil && !s.Over(now) {
		t = append(t, rapbot.Say("; silenced by ", rapbot.Who(s.By), " until ", rapbot.When(s.EndsAt))...)
	}
	return t
}

func firingSince(g alert.Group) time.Time {
	var since time.Time
	for _, a := range g.Latest.Alerts {
		if a.Status == "firing" && (since.IsZero() || a.StartsAt.Before(since)) {
			since = a.StartsAt
		}
	}
	return since
}

func silenceLine(s alert.Silence) rapbot.Text {
	verb := "until "
	if s.State == alert.SilencePending {
		verb = "not begun yet, until "
	}
	return rapbot.Say(rapbot.Mono(words(s.ID)), " "+words(s.Conditions())+", "+verb, rapbot.When(s.EndsAt), " by "+words(s.CreatedBy)+": "+words(s.Comment))
}

// Silenced tells everybody of a silence, with how many cards show it.
func Silenced(s alert.Silence, covered int) rapbot.Message {
	summary := fmt.Sprintf("%s silenced %s.", s.By.Name, words(s.Conditions()))
	text := rapbot.Say(rapbot.Who(s.By), " silenced ", rapbot.Mono(words(s.Conditions())), " until ", rapbot.When(s.EndsAt), ": "+words(s.Comment))
	switch {
	case covered == 0:
		text = append(text, rapbot.Say("\nIt covers nothing that fires now.")...)
	case covered > 1:
		text = append(text, rapbot.Say(fmt.Sprintf("\nIt covers %d alert groups that fire now.", covered))...)
	}
	return rapbot.Message{Summary: summary, Blocks: []rapbot.Block{
		rapbot.Paragraph{Text: text},
		rapbot.Note{Text: rapbot.Say("To end it early: ", rapbot.Mono("/rap unsilence "+s.ID))},
	}}
}

// Unsilenced tells everybody of its early end.
func Unsilenced(s alert.Silence, by rapbot.Person) rapbot.Message {
	return rapbot.Message{Summary: by.Name + " ended the silence of " + words(s.Conditions()) + ".", Blocks: []rapbot.Block{
		rapbot.Paragraph{Text: rapbot.Say(rapbot.Who(by), " ended the silence of ", rapbot.Mono(words(s.Conditions())), " early. Alertmanager notifies of it again, unless another silence covers it.")},
	}}
}

// words bounds what comes from outside, on one line.
func words(s string) string {
	r := []rune(strings.Join(strings.Fields(s), " "))
	if len(r) <= maxAlertWords {
		return string(r)
	}
	return string(r[:maxAlertWords]) + "…"
}
