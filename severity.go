package rapbot

import (
	"slices"
	"strings"
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
		return MarkFailed
	}
	return MarkWarning
}
