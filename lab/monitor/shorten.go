package monitor

import (
	"regexp"
	"strings"
)

// Shortened is what the lag may be, in seconds, when the rules are shortened.
const Shortened = 3

var waits = regexp.MustCompile(`(?m)^(\s+for: )\S+$`)

// Shorten makes rules that fire after seconds: every wait is two seconds, and the limit of the lag is Shortened. Nothing else is touched.
func Shorten(rules string) string {
	rules = waits.ReplaceAllString(rules, "${1}2s")
	return strings.ReplaceAll(rules, "(rap_replication_lag_seconds[2m])) > 300", "(rap_replication_lag_seconds[2m])) > 3")
}
