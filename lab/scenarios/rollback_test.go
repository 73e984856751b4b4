package scenarios

import (
	"testing"
	"time"
)

// TestRollBack freezes the target's WAL receiver: the first proof cannot come
// about, so the old primary stays the primary, writers are let in again, and
// nothing is lost.
func TestRollBack(t *testing.T) {
	s := open(t)
	probe := s.Fleet.StartProbe()
	target := s.Fleet.Region("us-west-2")
	card := s.propose("us-west-2")
	if err := target.Freeze(); err != nil {
		t.Fatal(err)
	}
	s.click("bob", card, "Approve Switchover")
	s.awaitTitle(card, "Switchover to us-west-2 rolled back")
	if got := s.primary(); got != "us-east-1" {
		t.Errorf("%s is primary after the rollback", got)
	}
	before := s.Writer.Counters().Acknowledged
	for deadline := time.Now().Add(15 * time.Second); s.Writer.Counters().Acknowledged == before; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("no write has gone through since the rollback")
		}
	}
	s.sees("alice", "rap-ops", card.TS, 10*time.Second, "Everything was taken back", "us-east-1 is the primary and accepts writes")
	if err := target.Thaw(); err != nil {
		t.Fatal(err)
	}
	s.wholeFleet()
	s.nothingLost(probe)
}
