package scenarios

import (
	"encoding/json"
	"testing"
	"time"
)

// TestForms goes through both dialogs: a bare failover asks which region, and
// a rejection asks for a reason, which the requester is told.
func TestForms(t *testing.T) {
	s := open(t)
	s.say("alice", "/rap failover")
	s.submit("alice", map[string]any{"region": "eu-west-1", "reason": "quarterly exercise"})
	card := s.sees("bob", "rap-ops", "", 20*time.Second, "Switch over to eu-west-1", "awaiting approval", "quarterly exercise")

	s.click("bob", card, "Reject")
	s.submit("bob", map[string]any{"reason": "not during the <!channel> sale"})
	s.awaitTitle(card, "Switch over to eu-west-1 — rejected")
	told := s.sees("alice", "rap-ops", card.TS, 20*time.Second, "rejected this", "not during the")
	if told.ThreadTS != card.TS {
		t.Errorf("the requester is not told in the thread: %+v", told)
	}
	if contains(told, []string{"<!channel>"}) {
		t.Errorf("a reason can notify the channel: %s", told.Blocks)
	}
}

// submit waits for the person's dialog and submits it.
func (s *stage) submit(person string, values map[string]any) {
	s.Helper()
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		modals, _, err := s.Slack.As(person).Views()
		if err != nil {
			s.Fatal(err)
		}
		if len(modals) > 0 {
			var view struct {
				ID string `json:"id"`
			}
			if err := json.Unmarshal(modals[len(modals)-1], &view); err != nil {
				s.Fatal(err)
			}
			if wrong, err := s.Slack.As(person).Submit(view.ID, values); err != nil || len(wrong) > 0 {
				s.Fatalf("%s submits %v: %v %v", person, values, wrong, err)
			}
			return
		}
		if time.Now().After(deadline) {
			s.Fatalf("no dialog opens before %s", person)
		}
	}
}
