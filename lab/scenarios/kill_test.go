package scenarios

import (
	"flag"
	"fmt"
	"strings"
	"testing"
	"time"
)

var (
	matrix = flag.Bool("matrix", false, "TestKillMatrix kills at every point of every step, not at a choice of them")

	killSteps  = []string{"prepare", "block-writers", "catch-up", "stop", "prove", "promote", "follow", "rejoin", "clean-up"}
	killPoints = []string{"before", "during", "after"}
	// The points where most is at stake.
	killChoice = map[string]bool{"block-writers/after": true, "stop/during": true, "promote/during": true, "promote/after": true}
)

// TestKillMatrix ends rapbot by kill -9 before, during and after the act of
// each step, starts it again, and expects it to finish by itself.
func TestKillMatrix(t *testing.T) {
	s := open(t)
	probe := s.Fleet.StartProbe()
	var rows []string
	for _, step := range killSteps {
		for _, point := range killPoints {
			if !*matrix && !killChoice[step+"/"+point] {
				continue
			}
			target := s.aReplica()
			took := s.killAt(target, step, point)
			s.wholeFleet()
			if got := s.primary(); got != target {
				t.Fatalf("killed %s %s: %s is primary, want %s", point, step, got, target)
			}
			rows = append(rows, fmt.Sprintf("%-14s %-7s switched over to %-10s, whole again %s after the restart", step, point, target, took.Round(10*time.Millisecond)))
		}
	}
	s.nothingLost(probe)
	t.Logf("killed %d times:\n%s", len(rows), strings.Join(rows, "\n"))
}

// killAt begins a switchover with a bot that dies at a point of a step, and
// returns how long the next one took to finish it.
func (s *stage) killAt(target, step, point string) time.Duration {
	s.Helper()
	s.restartWith("RAPBOT_CRASH=" + point + " " + step)
	card := s.propose(target)
	dying := s.BotDone()
	s.click("bob", card, "Approve Switchover")
	select {
	case <-dying:
	case <-time.After(patience):
		s.Fatalf("rapbot did not die %s %s:\n%s", point, step, s.message(card).Text)
	}
	begun := time.Now()
	if err := s.StartBot(s.Context()); err != nil {
		s.Fatal(err)
	}
	s.outcome(card)
	return time.Since(begun)
}

// restartWith ends the bot and starts it with more environment variables,
// which only this start has.
func (s *stage) restartWith(env ...string) {
	s.Helper()
	s.must(s.StopBot())
	s.must(s.StartBot(s.Context(), env...))
}

func (s *stage) aReplica() string {
	s.Helper()
	for _, r := range s.Fleet.Status(s.Context()) {
		if r.Role == "replica" {
			return r.Name
		}
	}
	s.Fatal("no region is a replica")
	return ""
}
