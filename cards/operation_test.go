package cards_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

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

// Whoever is asked to accept something reads all of it before pressing: Slack
// cuts what is longer.
func TestConfirmationsFit(t *testing.T) {
	const slackAllows = 300
	from, to := strings.Repeat("a", 30), strings.Repeat("b", 30)
	for _, p := range []rapbot.Plan{
		{Kind: rapbot.Switchover},
		{Kind: rapbot.Failover, Impact: rapbot.Impact{Loss: &rapbot.Loss{Unknown: true, Open: true}}},
		{Kind: rapbot.Failover, Impact: rapbot.Impact{Loss: &rapbot.Loss{Bytes: 123 << 30, Time: 25 * time.Hour, Open: true}}},
		{Kind: rapbot.Failover, Impact: rapbot.Impact{Loss: &rapbot.Loss{Counted: true, Commits: 1234567, Bytes: 123 << 30}}},
		{Kind: rapbot.Rejoin, Impact: rapbot.Impact{Discard: "its present data; what only " + from + " has is counted and copied first"}},
	} {
		p.From, p.To = from, to
		for _, state := range []rapbot.State{rapbot.AwaitingApproval, rapbot.Running, rapbot.NeedsDecision} {
			for _, risk := range []rapbot.StepKind{"", rapbot.StepFence} {
				for _, b := range cards.Buttons(rapbot.Operation{State: state, Plan: p, Risk: risk}) {
					if b.Confirm != nil && len([]rune(b.Confirm.Text)) > slackAllows {
						t.Errorf("%s of a %s: %d characters: %s", b.Label, p.Kind, len([]rune(b.Confirm.Text)), b.Confirm.Text)
					}
				}
			}
		}
	}
}

// An emergency's card says in its first lines what happened, what is lost and
// what to press, and the buttons stand before the steps.
func TestEmergencyFirst(t *testing.T) {
	p := rapbot.Plan{
		Kind: rapbot.Failover, From: "a", To: "b", Headline: "a is dark.", Impact: rapbot.Impact{Loss: &rapbot.Loss{Bytes: 1024, Time: time.Second, Open: true}},
		Checks: []rapbot.Check{{Name: "Evidence", Verdict: rapbot.Warn, Detail: "a is dark"}}, Steps: []rapbot.Step{{Title: "Freeze the replicas"}},
	}
	lines := strings.Split(cards.Operation(rapbot.Operation{ID: "1", State: rapbot.AwaitingApproval, Plan: p, Steps: make([]rapbot.StepState, 1)}).Plain(), "\n")
	for i, want := range []string{"Fail over to b — awaiting approval", "What happened: a is dark.", "What may be lost: at the most 1.0 KiB", "What to press: Approve Failover", "(Approve Failover) (Reject)"} {
		if i >= len(lines) || !strings.HasPrefix(lines[i], want) {
			t.Fatalf("line %d is not %q:\n%s", i+1, want, strings.Join(lines, "\n"))
		}
	}
}
