package scenarios

import (
	"strings"
	"testing"
	"time"

	"github.com/rap-analyzer/rapbot/lab/drive"
	"github.com/rap-analyzer/rapbot/lab/workspace"
)

// TestRefusals tries, on the wire and against real servers, everything that
// must not work. Each attempt is answered to the one who made it, and nothing
// is changed: the primary and every timeline stay what they were.
func TestRefusals(t *testing.T) {
	s := open(t)
	before := s.timelines()

	s.refused("alice", "/rap failover us-east-1", "us-east-1 is the primary already")
	s.refused("alice", "/rap failover mars", "The regions are us-east-1, us-west-2, eu-west-1")
	s.refused("alice", "/rap failovr us-wset-2", "Did you mean /rap failover us-west-2")
	s.refused("gina", "/rap failover us-west-2", "Guests may not operate the fleet")

	if err := s.Fleet.Region("eu-west-1").Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	s.refused("alice", "/rap failover eu-west-1", "cannot run now")
	if err := s.Fleet.Region("eu-west-1").StartReplica(t.Context()); err != nil {
		t.Fatal(err)
	}
	s.wholeFleet()

	card := s.propose("us-west-2")
	s.refusedClick("alice", card, "Approve Switchover", "You asked for this switchover, so somebody else must approve it")
	s.refusedClick("gina", card, "Approve Switchover", "Guests may not operate the fleet")
	s.refusedClick("mallory", card, "Approve Switchover", "Only the approver group may approve")
	s.refused("carol", "/rap failover eu-west-1", "One at a time")
	s.refused("mallory", "/rap cancel 1", "Only the requester or an approver may cancel")
	s.Slack.SetGroup("rap-approvers", "carol")
	time.Sleep(6 * time.Second) // group membership is not older than a few seconds
	s.refusedClick("bob", card, "Approve Switchover", "Only the approver group may approve")
	s.say("alice", "/rap cancel 1")
	s.sees("bob", "rap-ops", "", 10*time.Second, "cancelled, not run")

	if after := s.timelines(); after != before {
		t.Errorf("something was changed: timelines were %s and are %s", before, after)
	}
}

// TestRedelivery delivers everything twice: one click is one approval.
func TestRedelivery(t *testing.T) {
	s := open(t)
	if _, err := s.Slack.Fault([]byte(`{"duplicate": 50}`)); err != nil {
		t.Fatal(err)
	}
	card := s.switchOver("us-west-2")
	messages, err := s.Slack.As("bob").Messages("rap-ops")
	if err != nil {
		t.Fatal(err)
	}
	approvals, cards := 0, 0
	for _, m := range messages {
		if m.ThreadTS == card.TS && strings.Contains(m.Text, "approved") {
			approvals++
		}
		if !m.Ephemeral && m.ThreadTS == "" && strings.Contains(m.Text, "us-west-2") {
			cards++
		}
	}
	if approvals != 1 || cards != 1 {
		t.Errorf("%d approvals and %d cards, want one of each:\n%s", approvals, cards, drive.Told(messages))
	}
}

// TestStatusWithADarkRegion expects an answer within the deadline that names
// the region without one, for a region that is down and for one that hangs.
func TestStatusWithADarkRegion(t *testing.T) {
	s := open(t)
	s.say("alice", "/rap status")
	s.sees("alice", "rap-ops", "", 10*time.Second, "us-east-1 is primary, 2 of 2 replicas streaming", "timeline", "Observed at")

	if err := s.Fleet.Region("eu-west-1").Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	after := s.newest("alice", "rap-ops")
	time.Sleep(1500 * time.Millisecond) // one observation
	s.say("alice", "/rap status --now")
	m := s.sees("alice", "rap-ops", after, 10*time.Second, "no answer since", "eu-west-1")
	if !contains(m, []string{"us-west-2", "streaming", "1 of 2 replicas streaming"}) {
		t.Errorf("the others are not told of:\n%s", m.Text)
	}
}

func (s *stage) refused(person, words, want string) {
	s.Helper()
	after := s.newest(person, "rap-ops")
	s.say(person, words)
	if m := s.sees(person, "rap-ops", after, 15*time.Second, want); !m.Ephemeral {
		s.Errorf("%s: everybody sees the refusal", words)
	}
}

func (s *stage) refusedClick(person string, card workspace.Message, button, want string) {
	s.Helper()
	after := s.newest(person, "rap-ops")
	s.click(person, card, button)
	if m := s.sees(person, "rap-ops", after, 15*time.Second, want, "Nothing was changed"); !m.Ephemeral {
		s.Errorf("everybody sees that %s was refused", person)
	}
}

// timelines is the lineage of every server, which a promotion changes.
func (s *stage) timelines() string {
	var b strings.Builder
	for _, r := range s.Fleet.Status(s.Context()) {
		b.WriteString(r.Name + " " + r.Role + " " + string(rune('0'+r.Timeline)) + "; ")
	}
	return b.String()
}
