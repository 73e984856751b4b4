package alert

import (
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/rap-analyzer/rapbot"
)

// Digest is the one card that stands for a storm in a channel: for more alert
// groups than can get cards of their own soon. Every group of it is shown on a
// card of its own later, or listed here when it resolved before it had one.
type Digest struct {
	Channel string         `json:"channel"`
	Number  int            `json:"number"` // counts the digests of the channel, from 1
	Began   time.Time      `json:"began"`
	Ended   time.Time      `json:"ended,omitzero"` // zero while it goes on
	Card    rapbot.Ref     `json:"card"`
	Groups  map[string]int `json:"groups,omitempty"` // ID of a group -> the most alerts that fired in it
	Missed  []GroupBrief   `json:"missed,omitempty"` // groups that resolved before they had a card, in that order
}

// On reports whether the storm goes on.
func (d Digest) On() bool { return d.Number > 0 && d.Ended.IsZero() }

// Alerts is how many alerts the groups hold.
func (d Digest) Alerts() int {
	n := 0
	for _, alerts := range d.Groups {
		n += alerts
	}
	return n
}

// GroupBrief is an alert group in one line. Its texts are bounded.
type GroupBrief struct {
	ID       string    `json:"id"`
	Name     string    `json:"name"`              // the names of its alerts
	Regions  string    `json:"regions,omitempty"` // empty when none is named
	Severity string    `json:"severity,omitempty"`
	Rank     int       `json:"rank"`   // of the severity, see SeverityRank
	Alerts   int       `json:"alerts"` // that fire, or fired before it resolved
	From     time.Time `json:"from"`
	To       time.Time `json:"to,omitzero"` // zero while it fires
}

// Brief is the group in one line.
func (g Group) Brief() GroupBrief {
	telling := g.Firing
	if !g.Resolved() {
		telling = g.Latest.Alerts
	}
	b := GroupBrief{ID: g.ID, Rank: unknownSeverity, From: g.FirstSeen}
	var names, regions []string
	for _, a := range telling {
		if !g.Resolved() && a.Status != "firing" {
			continue
		}
		if rank := SeverityRank(a.Labels["severity"]); b.Alerts == 0 || rank < b.Rank {
			b.Rank, b.Severity = rank, shortLine(strings.ToLower(a.Labels["severity"]), 30)
		}
		if b.Alerts == 0 || a.StartsAt.Before(b.From) {
			b.From = a.StartsAt
		}
		if a.EndsAt.After(b.To) && g.Resolved() {
			b.To = a.EndsAt
		}
		names, regions = also(names, a.Labels["alertname"]), also(regions, a.Labels["region"])
		b.Alerts++
	}
	b.Alerts += g.Latest.Truncated
	b.Name, b.Regions = fewOf(names), fewOf(regions)
	if b.Name == "" {
		b.Name = "alert without a name"
	}
	if g.Resolved() && b.To.IsZero() {
		b.To = g.ChangedAt
	}
	return b
}

// also adds a word that is not among them. No more are kept than are shown.
func also(words []string, word string) []string {
	word = shortLine(word, 60)
	if word == "" || len(words) > fewWords || slices.Contains(words, word) {
		return words
	}
	return append(words, word)
}

const fewWords = 3

func fewOf(words []string) string {
	if len(words) > fewWords {
		return strings.Join(words[:fewWords], ", ") + " and more"
	}
	return strings.Join(words, ", ")
}

// shortLine makes one line of a text from outside, of so many runes at the
// most.
func shortLine(s string, runes int) string {
	s = strings.Join(strings.FieldsFunc(s, func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) }), " ")
	if r := []rune(s); len(r) > runes {
		return string(r[:runes]) + "…"
	}
	return s
}

// Queue is what of the alerts has no card of its own.
type Queue struct {
	Groups []GroupBrief // those that wait for one, the next to be shown first
	Oldest time.Time    // since when the one that waits longest has waited; zero when none does
	Missed []GroupBrief // those of the newest storms that resolved before they had one
}

// Say is the queue in a sentence, empty when nothing waits.
func (q Queue) Say(now time.Time) string {
	wait := rapbot.Duration(max(0, now.Sub(q.Oldest)))
	switch len(q.Groups) {
	case 0:
		return ""
	case 1:
		return "1 alert group waits to be shown, for " + wait + " now."
	}
	return fmt.Sprintf("%d alert groups wait to be shown, the oldest for %s.", len(q.Groups), wait)
}
