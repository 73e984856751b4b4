package scenarios

import (
	"flag"
	"slices"
	"testing"
	"time"

	"github.com/rap-analyzer/rapbot/lab/drive"
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
		t.Logf("run %2d to %-10s write gap seen by the writer %4d ms; card: %s", i+1, target, gap.Milliseconds(), drive.FirstLine(card.Text))
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
	card, err := s.people().Propose(s.Context(), target, "scenario")
	s.must(err)
	return card
}

// outcome waits until the card says that it has succeeded.
func (s *stage) outcome(card workspace.Message) workspace.Message {
	s.Helper()
	m, err := s.people().AwaitOutcome(s.within(patience), card)
	s.must(err)
	return m
}

// awaitTitle waits until the card's first line begins with words, which is how
// an operation ends; another end fails the test.
func (s *stage) awaitTitle(card workspace.Message, words string) workspace.Message {
	s.Helper()
	m, err := s.people().AwaitTitle(s.within(patience), card, words)
	s.must(err)
	return m
}

// message is a message as it reads now.
func (s *stage) message(at workspace.Message) workspace.Message {
	s.Helper()
	m, err := s.people().Message(at)
	s.must(err)
	return m
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
	s.must(s.people().AwaitWhole(s.within(30 * time.Second)))
}
