package regions

import (
	"flag"
	"os"
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
