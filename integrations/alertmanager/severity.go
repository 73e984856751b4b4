package alertmanager

import (
	"strings"

	"github.com/rap-analyzer/rapbot/alert"
)

// severity is how bad an alert is, in the word that its label has for it.
type severity struct {
	word string
	mark string
	rank int // 0 is the worst
}

func severityOf(label string) severity {
	word := strings.ToLower(oneLine(label, 30))
	rank := alert.SeverityRank(word)
	if word == "" {
		word = "no severity given"
	}
	return severity{word, alert.SeverityMark(rank), rank}
}
