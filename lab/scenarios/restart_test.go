package scenarios

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/rap-analyzer/rapbot"
	"github.com/rap-analyzer/rapbot/lab/regions"
	"github.com/rap-analyzer/rapbot/lab/wait"
	"github.com/rap-analyzer/rapbot/lab/workspace"
)

var (
	restarts = flag.Int("restarts", 3, "how many dead primaries TestRestartedByHand has somebody start")
	seed     = flag.Uint64("seed", 0, "what TestRestartedByHand chooses its moments by; 0 is another one each time")
)

// The moments at which the dead primary is started by hand.
const (
	beforeApproval = "before the approval"
	whileItRuns    = "while it runs"
	afterItEnded   = "after it ended"
)

// restartPoints are the points between the approval and the promotion, and a
// bit beyond, at which rapbot dies to let somebody start the dead primary.
var restartPoints = []string{
	"before freeze", "during freeze", "after freeze", "before fence", "after fence", "after fast-forward", "after weigh-loss",
	"during slots", "after slots", "before promote", "during promote", "after promote", "before follow",
}

// restart is one dead primary that somebody has started.
type restart struct {
	moment  string
	outcome string
	lost    int
}

// TestRestartedByHand has somebody start the dead primary at the worst
// moments. It becomes the primary again only while nobody else is to be, and
// never beside another one.
func TestRestartedByHand(t *testing.T) {
	if *seed == 0 {
		*seed = rand.Uint64()
	}
	t.Logf("-seed %d", *seed)
	chance := rand.New(rand.NewPCG(*seed, 0))
	s := share(t)
	probe := s.Fleet.StartProbe()
	var rows []string
	for i := range *restarts {
		r := s.restartedByHand(probe, momentOf(i, chance), chance)
		rows = append(rows, fmt.Sprintf("%2d started %-22s %s, %d rows lost", i+1, r.moment, r.outcome, r.lost))
		t.Log(rows[i])
		if t.Failed() {
			return
		}
	}
	s.onePrimary(probe)
	t.Logf("started by hand %d times (-seed %d):\n%s", len(rows), *seed, strings.Join(rows, "\n"))
}

// momentOf takes turns among the kinds of moments.
func momentOf(i int, chance *rand.Rand) string {
	switch i % 5 {
	case 1:
		return whileItRuns
	case 2:
		return []string{beforeApproval, afterItEnded}[chance.IntN(2)]
	}
	return restartPoints[chance.IntN(len(restartPoints))]
}

func (s *stage) restartedByHand(probe *regions.Probe, moment string, chance *rand.Rand) restart {
	s.Helper()
	r := restart{moment: moment}
	point := strings.Contains(strings.Join(restartPoints, ","), moment)
	if point {
		s.restartWith("RAPBOT_CRASH=" + moment)
	}
	s.awaitSampled()
	old := s.Fleet.Region(s.primary())
	better, lagging := s.inLine(killed)
	target := []string{better, lagging}[chance.IntN(2)]
	s.losesPrimary(old, better, lagging, killed)
	card := s.asksForFailover(target)
	switch {
	case point:
		s.startsWhileBotIsDead(card, old, chance)
	case moment == beforeApproval:
		s.startsByHand(old)
		s.awaitWrites(20)
		s.approves(card)
	case moment == whileItRuns:
		s.approves(card)
		s.pause(chance, 1500*time.Millisecond)
		s.startsByHand(old)
	default:
		s.approves(card)
	}
	o := s.settles(card)
	if moment == afterItEnded {
		s.startsByHand(old)
	}
	r.outcome = strings.TrimSpace(string(o.State) + " " + s.message(card).Text)
	r.outcome, _, _ = strings.Cut(r.outcome, "\n")
	r.lost = s.standsAfter(o, old, target, probe)
	return r
}

// startsWhileBotIsDead waits until rapbot has died at the point that it was
// told, and starts the dead primary before and while the next one takes over.
func (s *stage) startsWhileBotIsDead(card workspace.Message, old *regions.Server, chance *rand.Rand) {
	s.Helper()
	dying := s.BotDone()
	s.approves(card)
	select {
	case <-dying:
	case <-time.After(patience):
		s.Fatalf("rapbot did not die:\n%s", s.message(card).Text)
	}
	s.pause(chance, 500*time.Millisecond)
	started := make(chan struct{})
	go func() {
		defer close(started)
		if err := old.Start(s.within(time.Minute)); err != nil {
			s.Logf("start %s by hand: %v", old.Name, err)
		}
	}()
	s.pause(chance, 2*time.Second)
	s.must(s.StartBot(s.Context()))
	<-started
}

// standsAfter checks what stands when the operation has ended, and makes the
// fleet whole. It returns how many acknowledged rows were lost.
func (s *stage) standsAfter(o rapbot.Operation, old *regions.Server, target string, probe *regions.Probe) int {
	s.Helper()
	if o.State != rapbot.Succeeded {
		s.isPrimaryAgain(old)
		if lost := s.newlyLost(); len(lost) > 0 {
			s.Errorf("%s is the primary again, and lacks %d acknowledged rows", old.Name, len(lost))
		}
		return 0
	}
	s.failedOver(o, target)
	lost := s.holdsBound(o)
	s.wroteNothingFrozen(o, probe)
	s.startsByHand(old) // if rapbot has stopped it
	s.isHeld(old)
	s.rejoins(old.Name)
	return lost
}

// isPrimaryAgain waits until the old primary is the one that accepts writes:
// its gate may have held it while the replicas were frozen.
func (s *stage) isPrimaryAgain(old *regions.Server) {
	s.Helper()
	started := time.Now()
	err := wait.Until(s.within(time.Minute), 200*time.Millisecond, func() bool {
		if state := old.State(); state == regions.Stopped || state == regions.Killed {
			s.startsByHand(old)
		}
		return old.State() == regions.Running
	})
	if err != nil {
		s.Fatalf("%s is not the primary again: it is %s, %q", old.Name, old.State(), old.GateState())
	}
	s.firstAck(old.Name, started)
	s.wholeFleet()
}

// wroteNothingFrozen checks that the old primary has committed nothing on its
// old timeline since the replicas were frozen: it was lost before that, and
// whoever starts it must come too late.
func (s *stage) wroteNothingFrozen(o rapbot.Operation, probe *regions.Probe) {
	s.Helper()
	frozen, err := time.Parse(time.RFC3339Nano, o.Evidence[rapbot.EvFrozenAt])
	s.must(err)
	for _, sample := range probe.Samples() {
		if sample.Server == o.Plan.From && sample.Committed && sample.At.After(frozen) {
			s.Errorf("%s committed on timeline %d, %s after the replicas were frozen", sample.Server, sample.Timeline, sample.At.Sub(frozen))
			return
		}
	}
}

// pause lets a moment pass that nobody has chosen.
func (s *stage) pause(chance *rand.Rand, most time.Duration) {
	time.Sleep(time.Duration(chance.Int64N(int64(most))))
}
