package rapbot_test

import (
	"flag"
	"os"
	"testing"

	"github.com/rap-analyzer/rapbot"
)

var update = flag.Bool("update", false, "rewrite docs/states.md")

const statesPage = "# The states of an operation\n\nDrawn from the transition table by `go test . -run Diagram -update`; do not edit.\n\n```mermaid\n"

func TestDiagramIsFresh(t *testing.T) {
	want := statesPage + rapbot.Diagram() + "```\n"
	const file = "docs/states.md"
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
		t.Error("docs/states.md is not what the transition table says; run go test . -run Diagram -update")
	}
}
