package scenarios

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/rap-analyzer/rapbot"
	"github.com/rap-analyzer/rapbot/lab/regions"
	"github.com/rap-analyzer/rapbot/lab/workspace"
)

var (
	failoverSteps = []string{"freeze", "fence", "fast-forward", "weigh-loss", "slots", "promote", "follow", "clean-up"}
	rejoinSteps   = []string{"anchor", "halt", "salvage", "rebuild", "rejoin", "clean-up"}
	// The points where most is at stake, each followed by one of a rejoin.
	emergencyChoice = []string{"during promote"}
	rejoinChoice    = []string{"during rebuild"}
)

// pointsOf are all points of these steps.
func pointsOf(steps []string) (points []string) {
	for _, step := range steps {
		for _, point := range killPoints {
			points = append(points, point+" "+step)
		}
	}
	return points
}

// TestKillMatrixOfEmergencies ends rapbot by kill -9 before, during and after
// the act of each step of a failover, and then of the rejoin that follows it.
// Started again it finishes by itself. The lost primary has log of its own, so
// that a rewind is needed; and each third time the new primary has removed the
// log that it would be fed from, so that only a new base backup will do.
func TestKillMatrixOfEmergencies(t *testing.T) {
	s := share(t)
	probe := s.Fleet.StartProbe()
	failovers, rejoins := emergencyChoice, rejoinChoice
	if *matrix {
		failovers, rejoins = pointsOf(failoverSteps), pointsOf(rejoinSteps)
	}
	var rows []string
	for i := range max(len(failovers), len(rejoins)) {
		copied := *matrix && i%3 == 2
		old, row := s.killedInFailover(failovers[i%len(failovers)])
		rows = append(rows, row)
		t.Log(row)
		row = s.killedInRejoin(old, rejoins[i%len(rejoins)], copied)
		rows = append(rows, row)
		t.Log(row)
		if t.Failed() {
			return
		}
	}
	s.onePrimary(probe)
	t.Logf("killed %d times:\n%s", len(rows), strings.Join(rows, "\n"))
}

// killedInFailover fails over with a rapbot that dies at a point.
func (s *stage) killedInFailover(point string) (old *regions.Server, row string) {
	s.Helper()
	s.restartWith("RAPBOT_CRASH=" + point)
	s.awaitSampled()
	old = s.Fleet.Region(s.primary())
	next, sibling := s.inLine(killed)
	s.losesPrimary(old, sibling, next, killed) // the target has to be brought forward
	card := s.asksForFailover(next)
	took := s.diesAndGoesOn(card, point)
	o := s.settles(card)
	s.failedOver(o, next)
	lost := s.holdsBound(o)
	s.returns(old, killed)
	return old, fmt.Sprintf("failover %-20s failed over to %-10s in all %s, %3d rows lost, stated %s", point, next, took().Round(10*time.Millisecond), lost, o.Plan.Impact.Loss)
}

// killedInRejoin brings the region back with a rapbot that dies at a point.
func (s *stage) killedInRejoin(old *regions.Server, point string, copied bool) string {
	s.Helper()
	s.restartWith("RAPBOT_CRASH=" + point)
	if copied {
		s.removesLogFor(old)
	}
	card := s.asksForRejoin(old.Name)
	took := s.diesAndGoesOn(card, point)
	o := s.rejoined(card)
	if method := o.Evidence[rapbot.EvMethod]; copied && method != rapbot.MethodRebuild || method == rapbot.MethodStraight {
		s.Errorf("%s came back by: %s", old.Name, method)
	}
	return fmt.Sprintf("rejoin   %-20s %-10s is back in all %s by %s", point, old.Name, took().Round(10*time.Millisecond), o.Evidence[rapbot.EvMethod])
}

// diesAndGoesOn approves a card, waits until rapbot has died, and starts it
// again. The answer tells how long ago that was.
func (s *stage) diesAndGoesOn(card workspace.Message, point string) func() time.Duration {
	s.Helper()
	dying := s.BotDone()
	s.approves(card)
	select {
	case <-dying:
	case <-time.After(patience):
		s.Fatalf("rapbot did not die %s:\n%s", point, s.message(card).Text)
	}
	begun := time.Now()
	s.must(s.StartBot(s.Context()))
	return func() time.Duration { return time.Since(begun) }
}

// removesLogFor has the present primary drop the slot of a region and go on,
// so that the log which that region would need next is no longer kept.
func (s *stage) removesLogFor(old *regions.Server) {
	s.Helper()
	primary := s.primary()
	_, err := s.asAdmin(primary, "SELECT pg_drop_replication_slot(slot_name)::text FROM pg_replication_slots WHERE slot_name = $1", old.Slot)
	s.must(err)
	_, err = s.Fleet.Burn(s.Context(), 64)
	s.must(err)
	for range 2 {
		_, err = s.asAdmin(primary, "CHECKPOINT")
		s.must(err)
	}
}
