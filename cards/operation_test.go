package cards_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/rap-analyzer/rapbot"
	"github.com/rap-analyzer/rapbot/cards"
)

// The outcome says what the promotion rested upon and claims no more.
func TestOutcomeTellsItsProof(t *testing.T) {
	for proof, want := range map[rapbot.Proof]struct{ says, not []string }{
		rapbot.ProofLog:     {[]string{"nothing lost", "b's own WAL", "Shutdown checkpoint replayed"}, []string{"marker row alone"}},
		rapbot.ProofControl: {[]string{"nothing lost", "from the data of a", "Shutdown checkpoint replayed"}, []string{"own WAL", "marker row alone"}},
		rapbot.ProofMarker:  {[]string{"everything up to the marker row kept", "marker row alone", "is not known"}, []string{"nothing lost", "own WAL", "Shutdown checkpoint", "cleanly"}},
	} {
		o := rapbot.Operation{
			ID: "1", State: rapbot.Succeeded, Plan: rapbot.Plan{Kind: rapbot.Switchover, From: "a", To: "b", Basis: []rapbot.Fact{{Name: rapbot.FactProof, Value: string(proof)}}},
			Outcome: proof.Promise(), Evidence: map[string]string{rapbot.EvMarker: "0/100", rapbot.EvProof: string(proof)},
		}
		if proof != rapbot.ProofMarker {
			o.Evidence[rapbot.EvShutdown] = "0/178"
		}
		card := fmt.Sprintf("%+v", cards.Operation(o))
		for _, words := range want.says {
			if !strings.Contains(card, words) {
				t.Errorf("with %s the card lacks %q: %s", proof, words, card)
			}
		}
		for _, words := range want.not {
			if strings.Contains(card, words) {
				t.Errorf("with %s the card says %q: %s", proof, words, card)
			}
		}
	}
}
