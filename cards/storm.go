package cards

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/rap-analyzer/rapbot"
	"github.com/rap-analyzer/rapbot/alert"
)

// ActionWaiting is the button that answers with the list of what waits.
const ActionWaiting = "waiting"

// What a digest names at the most, and what a page of the list holds.
const (
	stormLines = 8
	listLines  = 20
)

// Storm is the one card that stands for a storm of alerts. Waiting are the
// groups that have no card yet, the next one first.
func Storm(d alert.Digest, waiting []alert.GroupBrief) rapbot.Message {
	title := stormSize(d)
	if !d.On() {
		title += " — all told"
	}
	m := rapbot.Message{Summary: title + stormWorst(waiting), Blocks: []rapbot.Block{
		rapbot.Heading{Text: title},
		rapbot.Paragraph{Text: rapbot.Say(stormStanding(d, len(waiting)))},
	}}
	m.Blocks = append(m.Blocks, named(waiting, "")...)
	m.Blocks = append(m.Blocks, named(d.Missed, "Resolved before they had a card:")...)
	note := rapbot.Say("Began ", rapbot.When(d.Began), ". Every group gets a card of its own, about one a second and the worst first. Until then this card tells what waits.")
	if !d.On() {
		note = rapbot.Say("Began ", rapbot.When(d.Began), ", ended ", rapbot.When(d.Ended), ".")
	}
	m.Blocks = append(m.Blocks, rapbot.Note{Text: note})
	if len(waiting) > 0 || len(d.Missed) > stormLines {
		m.Blocks = append(m.Blocks, rapbot.Buttons{{Label: "Show All", Action: ActionWaiting}})
	}
	return m
}

// StormOver says how a storm ended, for its thread.
func StormOver(d alert.Digest) string {
	shown := len(d.Groups) - len(d.Missed)
	switch {
	case len(d.Missed) == 0:
		return fmt.Sprintf("All told: %s on %s, with %s.", rapbot.Count(shown, "group", "groups"), ownCards(shown), rapbot.Count(d.Alerts(), "alert", "alerts"))
	case shown == 0:
		return fmt.Sprintf("All told: %s resolved before there was a card.", rapbot.Count(len(d.Missed), "group", "groups"))
	}
	return fmt.Sprintf("All told: %s on %s; %s resolved before that and listed above.", rapbot.Count(shown, "group", "groups"), ownCards(shown), fmt.Sprint(len(d.Missed)))
}

func ownCards(n int) string {
	if n == 1 {
		return "a card of its own"
	}
	return "cards of their own"
}

func stormSize(d alert.Digest) string {
	return rapbot.Count(d.Alerts(), "alert", "alerts") + " in " + rapbot.Count(len(d.Groups), "group", "groups")
}

// stormWorst names the worst group in a notification.
func stormWorst(waiting []alert.GroupBrief) string {
	if len(waiting) == 0 {
		return ""
	}
	return ", worst: " + strings.TrimPrefix(briefLine(waiting[0]), alert.SeverityMark(waiting[0].Rank)+" ")
}

func stormStanding(d alert.Digest, waiting int) string {
	var parts []string
	add := func(n int, one, many string) {
		if n > 0 {
			parts = append(parts, rapbot.Count(n, one, many))
		}
	}
	add(waiting, "group waits for its card", "groups wait for their cards")
	add(len(d.Groups)-waiting-len(d.Missed), "is shown below", "are shown below")
	add(len(d.Missed), "resolved before it had one", "resolved before they had one")
	return strings.Join(parts, ", ") + "."
}

// named lists some of the groups.
func named(all []alert.GroupBrief, head string) []rapbot.Block {
	if len(all) == 0 {
		return nil
	}
	var lines []string
	if head != "" {
		lines = append(lines, head)
	}
	for _, g := range all[:min(len(all), stormLines)] {
		lines = append(lines, briefLine(g))
	}
	if more := len(all) - stormLines; more > 0 {
		lines = append(lines, fmt.Sprintf("and %d more", more))
	}
	return paragraphs(lines)
}

// roomy is how many runes of lines stand in one paragraph. A chat takes some
// thousands, and counts escaped ones several times.
const roomy = 1200

// paragraphs puts lines into as few paragraphs as a chat takes without cutting
// any of them.
func paragraphs(lines []string) []rapbot.Block {
	var out []rapbot.Block
	var together []string
	runes := 0
	flush := func() {
		if len(together) > 0 {
			out = append(out, rapbot.Paragraph{Text: rapbot.Say(strings.Join(together, "\n"))})
		}
		together, runes = nil, 0
	}
	for _, line := range lines {
		n := utf8.RuneCountInString(line)
		if runes+n > roomy {
			flush()
		}
		together, runes = append(together, line), runes+n
	}
	flush()
	return out
}

// briefLine is one group in a line: how bad, what, where and how much of it.
func briefLine(g alert.GroupBrief) string {
	mark, word := alert.SeverityMark(g.Rank), g.Severity
	if word == "" {
		word = "no severity given"
	}
	if !g.To.IsZero() {
		mark, word = rapbot.MarkDone, "resolved, was "+word
	}
	where := ""
	if g.Regions != "" {
		where = " in " + g.Regions
	}
	return fmt.Sprintf("%s %s — %s%s (%s)", mark, word, g.Name, where, rapbot.Count(g.Alerts, "alert", "alerts"))
}

// Waiting lists the groups that have no card of their own, a page of them,
// counted from 1.
func Waiting(q alert.Queue, page int) rapbot.Message {
	all := append(append([]alert.GroupBrief{}, q.Groups...), q.Missed...)
	pages := max(1, (len(all)+listLines-1)/listLines)
	page = min(max(page, 1), pages)
	title := "No alert group waits for a card"
	if n := len(q.Groups); n > 0 {
		title = rapbot.Count(n, "alert group waits for its card", "alert groups wait for their cards")
	}
	m := rapbot.Message{Summary: title, Blocks: []rapbot.Block{rapbot.Heading{Text: title}}}
	var lines []string
	for _, g := range all[(page-1)*listLines : min(page*listLines, len(all))] {
		lines = append(lines, briefLine(g))
	}
	m.Blocks = append(m.Blocks, paragraphs(lines)...)
	if pages > 1 {
		note := rapbot.Say(fmt.Sprintf("Page %d of %d.", page, pages))
		if page < pages {
			note = append(note, rapbot.Say(" Type ", rapbot.Mono(fmt.Sprintf("/rap waiting %d", page+1)), " for the next.")...)
		}
		m.Blocks = append(m.Blocks, rapbot.Note{Text: note})
	}
	return m
}
