package alert

import (
	"slices"
	"strings"

	"github.com/rap-analyzer/rapbot"
)

// severities are the usual words, the worst first.
var severities = [][]string{
	{"critical", "page", "emergency", "fatal", "disaster"},
	{"error", "major", "high"},
	{"warning", "warn", "minor", "medium"},
	{"info", "informational", "notice", "low", "none"},
}

// unknownSeverity is the rank of a warning: what is unknown is not taken
// lightly.
const unknownSeverity = 2

// SeverityRank is how bad a severity label is: 0 is the worst, 3 the mildest.
// A word that is not known, and none at all, rank as a warning.
func SeverityRank(label string) int {
	word := strings.ToLower(strings.TrimSpace(label))
	for rank, words := range severities {
		if slices.Contains(words, word) {
			return rank
		}
	}
	return unknownSeverity
}

// SeverityMark is the mark that goes with a rank, beside its word.
func SeverityMark(rank int) string {
	if rank < unknownSeverity {
		return rapbot.MarkFailed
	}
	return rapbot.MarkWarning
}

// Severity is how bad an alert is, in the word that its label has for it.
type Severity struct {
	Word string
	Mark string
	Rank int // 0 is the worst
}

// SeverityOf reads a severity label. The word is as long as the label is.
func SeverityOf(label string) Severity {
	rank, word := SeverityRank(label), strings.ToLower(strings.TrimSpace(label))
	if word == "" {
		word = "no severity given"
	}
	return Severity{word, SeverityMark(rank), rank}
}

// Severity is that of the worst alert that fires in the group.
func (g Group) Severity() Severity {
	worst, found := SeverityOf(""), false
	for _, a := range g.Latest.Alerts {
		if s := SeverityOf(a.Labels["severity"]); a.Status == "firing" && (!found || s.Rank < worst.Rank) {
			worst, found = s, true
		}
	}
	return worst
}

// Label lists the values that a label has among the alerts that fire.
func (g Group) Label(name string) []string {
	var out []string
	for _, a := range g.Latest.Alerts {
		if v := a.Labels[name]; a.Status == "firing" && v != "" && !slices.Contains(out, v) {
			out = append(out, v)
		}
	}
	return out
}
