package regions

import (
	"flag"
	"os"
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
