package alertmanager

import (
	"slices"
	"strings"

	"github.com/rap-analyzer/rapbot"
)

// severity is how bad an alert is, in the word that its label has for it.
type severity struct {
	word string
	mark string
	rank int // 0 is the worst
}

// severities are the usual words, the worst first. A word that is not among
// them ranks as a warning: what is unknown is not taken lightly.
var severities = []struct {
	mark  string
	words []string
}{
	{rapbot.MarkFailed, []string{"critical", "page", "emergency", "fatal", "disaster"}},
	{rapbot.MarkFailed, []string{"error", "major", "high"}},
	{rapbot.MarkWarning, []string{"warning", "warn", "minor", "medium"}},
	{rapbot.MarkWarning, []string{"info", "informational", "notice", "low", "none"}},
}

const unknownRank = 2

func severityOf(label string) severity {
	word := strings.ToLower(oneLine(label, 30))
	if word == "" {
		return severity{"no severity given", rapbot.MarkWarning, unknownRank}
	}
	for rank, s := range severities {
		if slices.Contains(s.words, word) {
			return severity{word, s.mark, rank}
		}
	}
	return severity{word, rapbot.MarkWarning, unknownRank}
}
