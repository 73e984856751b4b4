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
)

var (
	emergencies = flag.Int("emergencies", 2, "how many primaries TestEmergency loses")
	anyDark     = flag.Bool("any-dark", false, "TestEmergency darkens regions also where the sibling's connection string names them before the new primary")
)

// How a primary is lost.
const (
	killed     = "killed"           // its log can be read, so the loss is counted
	outOfReach = "killed, log away" // nothing listens, and its log cannot be read: the loss is bounded
	dark       = "dark"             // it goes on, unreachable, until its boot gate stops it
)

// emergency is one primary lost, and what became of it.
type emergency struct {
	how, target string
	worse       bool // the target had less of the log than its sibling
	o           rapbot.Operation
	lost        int // acknowledged rows that the new primary lacks
	toWrite     time.Duration
	gap         time.Duration
}

// TestEmergency loses the primary under load in every way, fails over to the
// better and to the worse replica, and holds what was really lost against what
// the card said before bob accepted it. Then the region comes back.
func TestEmergency(t *testing.T) {
	s := share(t)
	probe := s.Fleet.StartProbe()
	var all []emergency
	for i := range *emergencies {
		how := []string{killed, dark, outOfReach}[i%3]
		e := s.emergency(how, i%2 == 1)
		all = append(all, e)
		t.Logf("run %2d: %s", i+1, e)
		if t.Failed() {
			return
		}
	}
	s.onePrimary(probe)
	report(t, all)
}

// emergency loses the primary and brings it back.
func (s *stage) emergency(how string, worse bool) emergency {
	s.Helper()
	s.awaitSampled()
	old := s.Fleet.Region(s.primary())
	better, lagging := s.inLine(how)
	e := emergency{how: how, target: better, worse: worse}
	if worse {
		e.target, better, lagging = better, lagging, better
	}
	gone := s.losesPrimary(old, better, lagging, how)
	card := s.asksForFailover(e.target)
	stated := s.operation(card).Plan.Impact.Loss
	if shown := s.message(card); !contains(shown, []string{stated.String()}) {
		s.Errorf("the card does not say what may be lost (%s):\n%s", stated, shown.Text)
	}
	approved := time.Now()
	s.approves(card)
	e.o = s.settles(card)
	s.failedOver(e.o, e.target)
	before, first := s.firstAck(e.target, approved)
	e.toWrite, e.gap = first.At.Sub(approved), first.At.Sub(before.At)
	e.lost = s.holdsBound(e.o)
	s.returns(old, how)
	s.tellsLoss(&e, card.TS)
	s.rejoins(old.Name)
	if missing := s.newlyLost(); len(missing) > 0 {
		s.Errorf("the rejoin lost %d rows", len(missing))
	}
	s.Logf("primary lost at %s", gone.Format(time.TimeOnly))
	return e
}

// inLine names the next primary and its sibling. libpq tries the hosts of
// primary_conninfo in order, and a WAL receiver that connects to one that is
// dark waits for as long as the kernel does: so where a region is darkened, the
// next primary is the one that stands before it, and another emergency never
// makes the first region of all the primary.
func (s *stage) inLine(how string) (next, sibling string) {
	two := s.replicas()
	first := s.Fleet.Servers()[0].Name
	switch {
	case *anyDark && rand.N(2) == 0, !*anyDark && how != dark && two[0] == first:
		return two[1], two[0]
	}
	return two[0], two[1]
}

// losesPrimary leaves one replica behind and then, for less long, the other,
// so that there is something to lose, and then loses the primary.
func (s *stage) losesPrimary(old *regions.Server, better, lagging, how string) time.Time {
	s.Helper()
	for _, replica := range []string{lagging, better} {
		s.must(s.Fleet.IsolateFrom(old.Name, regions.LinkCut, replica))
		s.awaitWrites(20 + rand.Int64N(180))
	}
	gone := time.Now()
	if how == dark {
		s.must(s.Fleet.Darken(old.Name))
		return gone
	}
	s.must(old.Kill())
	s.must(s.Fleet.Heal(old.Name)) // a link to what does not listen refuses
	if how == outOfReach {
		old.SetReachable(false)
	}
	return gone
}

// failedOver checks how a failover has ended: one primary that accepts writes,
// and its sibling on the same history, with a fresh row.
func (s *stage) failedOver(o rapbot.Operation, target string) {
	s.Helper()
	if o.State != rapbot.Succeeded || len(o.Warnings()) > 0 {
		s.Fatalf("the failover %s: %s %q", o.State.Is(), o.Outcome, o.Warnings())
	}
	timelines := map[int]bool{}
	for _, r := range s.Fleet.Status(s.Context()) {
		if r.Name == o.Plan.From {
			continue
		}
		timelines[r.Timeline] = true
		if writes := r.Name == target; r.Writable != writes || !writes && (r.Streaming == nil || !*r.Streaming) {
			s.Errorf("after the failover to %s: %+v", target, r)
		}
		s.freshRowOn(r.Name)
	}
	if len(timelines) != 1 {
		s.Errorf("after the failover there are timelines %v", timelines)
	}
}

// holdsBound looks which acknowledged rows are missing, and that none of them
// was acknowledged before the time that the card spoke of.
func (s *stage) holdsBound(o rapbot.Operation) int {
	s.Helper()
	lost, stated := s.newlyLost(), o.Plan.Impact.Loss
	if stated.Unknown {
		s.Errorf("nobody could tell how much may be lost: %s", stated)
	}
	end := stated.Dead
	if end.IsZero() {
		end = o.Plan.MadeAt
	}
	for _, ack := range s.Writer.Acks() {
		if stated.Counted {
			break // it speaks of no time
		}
		if early := end.Add(-stated.Time).Sub(ack.At); lost[ack.ID] && early > 0 {
			s.Errorf("row %d is lost, and was acknowledged %s before what the card calls the last %s", ack.ID, early, stated.Time)
		}
	}
	if stated.Counted && len(lost) > stated.Commits {
		s.Errorf("%d rows are lost, and counted were %d commits", len(lost), stated.Commits)
	}
	return len(lost)
}

// returns has the region come back: somebody starts its server, and the boot
// gate holds it.
func (s *stage) returns(old *regions.Server, how string) {
	s.Helper()
	if how == dark {
		s.must(s.Fleet.Lighten(old.Name))
	}
	old.SetReachable(true)
	s.startsByHand(old)
	s.isHeld(old)
}

// tellsLoss waits until rapbot has told in the thread what was really lost,
// and holds that against what was stated and what is missing.
func (s *stage) tellsLoss(e *emergency, thread string) {
	s.Helper()
	m := s.sees("alice", "rap-ops", thread, time.Minute, "The log of "+e.o.Plan.From+" has been read", "/rap rejoin "+e.o.Plan.From)
	if m.ThreadTS != thread {
		s.Errorf("the loss is told elsewhere: %s", m.Text)
	}
	e.o = s.operation(s.cardOf(thread))
	stated := e.o.Plan.Impact.Loss
	if e.commits() < e.lost {
		s.Errorf("%d rows are lost, told are %d commits", e.lost, e.commits())
	}
	if e.bytes() > stated.Bytes && !stated.Open || stated.Counted && e.commits() > stated.Commits {
		s.Errorf("stated was %s, lost were %d commits and %d bytes", stated, e.commits(), e.bytes())
	}
	if strings.Contains(m.Text, "too low") {
		s.Errorf("rapbot itself says that it stated too little: %s", m.Text)
	}
}

func (e emergency) commits() int { return number(e.o.Evidence[rapbot.EvLost]) }
func (e emergency) bytes() int64 { return int64(number(e.o.Evidence[rapbot.EvLossBytes])) }

func (e emergency) String() string {
	which := "better"
	if e.worse {
		which = "worse"
	}
	stated := e.o.Plan.Impact.Loss
	said := fmt.Sprintf("at most %s, %s", rapbot.Bytes(stated.Bytes), rapbot.Duration(stated.Time))
	switch {
	case stated.Counted:
		said = fmt.Sprintf("exactly %d commits, %s", stated.Commits, rapbot.Bytes(stated.Bytes))
	case stated.Open:
		said = fmt.Sprintf("so far %s, %s", rapbot.Bytes(stated.Bytes), rapbot.Duration(stated.Time))
	}
	return fmt.Sprintf("%-16s %-10s %-6s fence %-11s stated %-34s lost %3d rows, %3d commits, %8s; approval to write %6d ms, write gap %6d ms",
		e.how, e.target, which, e.o.Evidence[rapbot.EvFence], said, e.lost, e.commits(), rapbot.Bytes(e.bytes()), e.toWrite.Milliseconds(), e.gap.Milliseconds())
}
