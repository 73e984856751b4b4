package monitor

import (
	"strings"
	"testing"

	"github.com/rap-analyzer/rapbot/charts"
)

// TestShorten holds shortened rules to those that are shipped: as many lines
// differ as there are waits and limits, and none otherwise.
func TestShorten(t *testing.T) {
	shipped, err := charts.Rules.ReadFile("multi-region/rules/replication.yaml")
	if err != nil {
		t.Fatal(err)
	}
	was, is := strings.Split(string(shipped), "\n"), strings.Split(Shorten(string(shipped)), "\n")
	if len(was) != len(is) {
		t.Fatalf("%d lines became %d", len(was), len(is))
	}
	limits, rules := 0, 0
	for i := range was {
		switch {
		case strings.Contains(was[i], "for: "):
			rules++
			if strings.TrimSpace(is[i]) != "for: 2s" {
				t.Errorf("line %d still waits: %s", i+1, is[i])
			}
		case was[i] != is[i]:
			limits++
			if is[i] != strings.Replace(was[i], "> 300", "> 3", 1) {
				t.Errorf("line %d is another one: %s", i+1, is[i])
			}
		}
	}
	if limits != 1 || rules < 5 {
		t.Errorf("%d limits and %d waits", limits, rules)
	}
}
