package clusters

import (
	"regexp"
	"strconv"
	"testing"
	"time"

	"github.com/rap-analyzer/rapbot/lab/line"
)

// TestEmergency takes the primary's region off the network while its application writes, fails over,
// and joins it again: the boot gate keeps it from coming back as a second primary,
// and a rejoin through its StatefulSet and a Job on its volume makes it a replica.
// What was lost is within the bound that was accepted.
func TestEmergency(t *testing.T) {
	for _, how := range []line.State{line.Cut, line.Stalled} {
		t.Run(string(how), func(t *testing.T) { losePrimary(t, how) })
	}
}

func losePrimary(t *testing.T, how line.State) {
	s := open(t)
	s.does("/rap deploy v1 --all", "Deploy everything at v1", "Approve Deploy", "Deployed everything at v1")
	before := s.acknowledged()
	s.writesGoOn(before)

	s.fleet.Isolate("us-east-1", how)
	s.tells("/rap status --now", "us-east-1", "no answer")
	s.does("/rap failover us-west-2 --force --reason us-east-1 is gone", "Fail over to us-west-2", "Approve Failover", "us-west-2 took over")
	s.fleet.Isolate("us-east-1", line.OK)
	s.neverTwo("us-west-2")

	s.does("/rap rejoin us-east-1", "Rejoin us-east-1", "Approve Rejoin", "Rejoined us-east-1")
	s.agreeOn("us-west-2")
	s.writesGoOn(s.acknowledged())
	s.tells("/rap status --now", "us-west-2 is primary, 2 of 2 replicas streaming")
	counted := s.tells("/rap show 2", "us-west-2 took over", "Lost")
	told := commits(counted.Text)
	lost := s.lostIn("us-west-2")
	t.Logf("%d acknowledged rows lost, rapbot counted %d commits", lost, told)
	if told < lost {
		t.Errorf("rapbot counted %d lost commits, the application misses %d rows:\n%s", told, lost, counted.Text)
	}
}

// neverTwo looks for a while that no other region takes writes.
func (s *stage) neverTwo(primary string) {
	s.Helper()
	for deadline := time.Now().Add(2 * selfFence); time.Now().Before(deadline); time.Sleep(200 * time.Millisecond) {
		for _, r := range s.fleet.Regions() {
			if r.Name == primary {
				continue
			}
			if replica, err := s.ask(r.Name, "SELECT pg_is_in_recovery()::text"); err == nil && replica == "false" {
				s.Fatalf("%s is a second primary", r.Name)
			}
		}
	}
}

var counted = regexp.MustCompile(`Lost: (?:([0-9]+) commits?|nothing)`)

// commits is how many rapbot says were lost; -1 when it does not say.
func commits(text string) int {
	m := counted.FindStringSubmatch(text)
	if m == nil {
		return -1
	}
	n, _ := strconv.Atoi(m[1]) // zero for nothing
	return n
}
