package regions

import (
	"flag"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "rewrite docs/grants.sql")

// The grants that the manual tells people to run are the ones that the lab runs, and therefore the ones that every test runs under.
func TestManualHasTheseGrants(t *testing.T) {
	want, err := renderGrants([]string{"use1", "usw2", "euw1"}, 15)
	if err != nil {
		t.Fatal(err)
	}
	const file = "../../docs/grants.sql"
	if *update {
		if err := os.WriteFile(file, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	have, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if string(have) != want {
		t.Error("docs/grants.sql is not what the lab runs; run go test ./lab/regions -run Manual -update")
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
