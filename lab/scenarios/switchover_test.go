package scenarios

import (
	"flag"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rap-analyzer/rapbot/lab/regions"
	"github.com/rap-analyzer/rapbot/lab/workspace"
)

var switchovers = flag.Int("switchovers", 4, "how many switchovers in a row TestSwitchovers makes")

// patience is how long a switchover may take in all; most of it is for a
// loaded machine.
const patience = 90 * time.Second

// TestSwitchovers moves the primary round and back through Slack, with the
// writer running, and counts what was acknowledged.
func TestSwitchovers(t *testing.T) {
	s := open(t)
	probe := s.Fleet.StartProbe()
	home := s.primary()
	var others []string
	for _, server := range s.Fleet.Servers() {
		if server.Name != home {
			others = append(others, server.Name)
		}
	}
	// To the one replica and back, to the other and back.
	route := []string{others[0], home, others[1], home}
	var gaps []time.Duration
	for i := range *switchovers {
		target := route[i%len(route)]
		s.Writer.ResetGap()
		card := s.switchOver(target)
		gap := time.Duration(s.Writer.Counters().LongestGapMS) * time.Millisecond
		gaps = append(gaps, gap)
		t.Logf("run %2d to %-10s write gap seen by the writer %4d ms; card: %s", i+1, target, gap.Milliseconds(), firstLine(card.Text))
		if got := s.primary(); got != target {
			t.Fatalf("run %d: %s is primary, want %s", i+1, got, target)
		}
		for _, proof := range []string{"Write gap", "Timeline", "Shutdown checkpoint replayed"} {
			if !contains(card, []string{proof}) {
				t.Errorf("run %d: the outcome does not state %q:\n%s", i+1, proof, card.Text)
			}
		}
	}
	s.nothingLost(probe)
	slices.Sort(gaps)
	t.Logf("write gap over %d runs: median %v, max %v", len(gaps), gaps[len(gaps)/2], gaps[len(gaps)-1])
}

// switchOver asks as alice, approves as bob and waits for the outcome.
func (s *stage) switchOver(target string) workspace.Message {
	s.Helper()
	card := s.propose(target)
	s.click("bob", card, "Approve Switchover")
	return s.outcome(card)
}

func (s *stage) propose(target string) workspace.Message {
	s.Helper()
	after := s.newest("bob", "rap-ops")
	s.say("alice", "/rap failover "+target+" --reason scenario")
	return s.sees("bob", "rap-ops", after, 20*time.Second, "Switch over to "+target, "awaiting approval")
}

// outcome waits until the card says that it has succeeded.
func (s *stage) outcome(card workspace.Message) workspace.Message {
	s.Helper()
	return s.awaitTitle(card, "Switched over to")
}

// awaitTitle waits until the card's first line begins with words, which is how
// an operation ends; another end fails the test.
func (s *stage) awaitTitle(card workspace.Message, words string) workspace.Message {
	s.Helper()
	deadline := time.Now().Add(patience)
	for {
		m := s.message(card)
		title := firstLine(m.Text)
		if strings.HasPrefix(title, words) {
			return m
		}
		for _, end := range []string{"Switched over", "failed", "rolled back", "not run", "needs a decision"} {
			if strings.Contains(title, end) {
				s.Fatalf("awaited %q, and it ended otherwise:\n%s", words, m.Text)
			}
		}
		if time.Now().After(deadline) {
			s.Fatalf("awaited %q in vain:\n%s", words, m.Text)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// message is a message as it reads now.
func (s *stage) message(at workspace.Message) workspace.Message {
	s.Helper()
	messages, err := s.Slack.As("bob").Messages(at.Channel)
	if err != nil {
		s.Fatal(err)
	}
	for _, m := range messages {
		if m.TS == at.TS {
			return m
		}
	}
	s.Fatalf("message %s is gone", at.TS)
	return at
}

// primary is the region that is primary now.
func (s *stage) primary() string {
	s.Helper()
	server, err := s.Fleet.Primary(s.Context())
	if err != nil {
		s.Fatal(err)
	}
	return server.Name
}

// nothingLost stops the writer and the probe, and checks the two promises
// that matter most: R4 and R5.
func (s *stage) nothingLost(probe *regions.Probe) {
	s.Helper()
	probe.Stop()
	if two := probe.TwoWritable(); len(two) > 0 {
		s.Errorf("two writable primaries %d times, first: %+v", len(two), two[0])
	}
	if len(probe.Samples()) == 0 {
		s.Error("the probe has not looked")
	}
	s.Writer.Stop()
	check, err := s.Writer.Check(s.Context())
	if err != nil {
		s.Fatal(err)
	}
	if len(check.Lost) > 0 || check.Found != check.Acknowledged || check.Acknowledged == 0 {
		s.Errorf("of %d acknowledged rows %d were found; lost: %v", check.Acknowledged, check.Found, check.Lost)
	}
	s.Logf("acknowledged %d rows, lost %d; %d probe samples, two primaries %d times", check.Acknowledged, len(check.Lost), len(probe.Samples()), len(probe.TwoWritable()))
}

// wholeFleet waits until one region is primary and the others stream from it
// on its timeline.
func (s *stage) wholeFleet() {
	s.Helper()
	deadline := time.Now().Add(30 * time.Second)
	for {
		trouble := ""
		primaries, timelines := 0, map[int]bool{}
		for _, r := range s.Fleet.Status(s.Context()) {
			timelines[r.Timeline] = true
			switch {
			case r.Role == "primary" && r.Writable:
				primaries++
			case r.Role != "replica" || r.Streaming == nil || !*r.Streaming:
				trouble = fmt.Sprintf("%+v", r)
			}
		}
		if trouble == "" && primaries == 1 && len(timelines) == 1 {
			return
		}
		if time.Now().After(deadline) {
			s.Fatalf("the fleet is not whole: %d primaries, timelines %v, %s", primaries, timelines, trouble)
		}
		time.Sleep(50 * time.Millisecond)
	}
}

func firstLine(text string) string {
	line, _, _ := strings.Cut(text, "\n")
	return line
}
