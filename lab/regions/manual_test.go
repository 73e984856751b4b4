package regions

import (
	"flag"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/rap-analyzer/rapbot"
)

var update = flag.Bool("update", false, "rewrite docs/grants.sql and docs/grants13.sql")

// The grants that the manual tells people to run are the ones that the lab runs, and therefore the ones that every test runs under.
func TestManualHasTheseGrants(t *testing.T) {
	for file, major := range map[string]int{"grants.sql": 15, "grants13.sql": 13} {
		want, err := renderGrants([]string{"use1", "usw2", "euw1"}, rapbot.AbilityOf(major))
		must(t, err)
		file = "../../docs/" + file
		if *update {
			must(t, os.WriteFile(file, []byte(want), 0o644))
		}
		have, err := os.ReadFile(file)
		must(t, err)
		if string(have) != want {
			t.Errorf("%s is not what the lab runs; run go test ./lab/regions -run Manual -update", file)
		}
	}
}

// Whatever can be broken over HTTP stands in the lab's manual.
func TestManualHasEveryBreakage(t *testing.T) {
	manual, err := os.ReadFile("../../docs/lab.md")
	must(t, err)
	_, table, found := strings.Cut(string(manual), "## Breaking regions")
	if !found {
		t.Fatal("docs/lab.md has no section on breaking regions")
	}
	for _, what := range append(slices.Collect(maps.Keys(breakages)), "burn") {
		if !strings.Contains(table, "`"+what+"`") {
			t.Errorf("docs/lab.md does not say what %s does", what)
		}
	}
}
