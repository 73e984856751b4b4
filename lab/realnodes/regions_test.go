package realnodes

import (
	"flag"
	"fmt"
	"slices"
	"strings"
	"testing"
	"text/tabwriter"
	"time"

	"github.com/rap-analyzer/rapbot"
	"github.com/rap-analyzer/rapbot/lab/ledger"
	"github.com/rap-analyzer/rapbot/lab/wait"
)

var runs = flag.Int("runs", 2, "how many times TestRegions moves the primary and loses it")

// round is one planned move of the primary, and one loss of it.
type round struct {
	switchedTo, failedOverTo string

	switched, switchGap           time.Duration // approval to outcome; without acknowledged rows
	weighed, failedOver, writable time.Duration // asking to card; approval to outcome; approval to the first row that the new primary acknowledged
	held, rejoined, back          time.Duration // link restored to held; approval to outcome; approval to one lineage
	fence                         string
	operation                     rapbot.Operation // the failover
	lost                          int              // acknowledged rows
}

// TestRegions installs the fleet, and then again and again moves the primary by plan, cuts its region off while the application writes, fails over,
// and brings the region back.
func TestRegions(t *testing.T) {
	s := open(t)
	_, _, installed := s.does("/rap deploy "+AppTag+" --all --reason the first installation", "Deploy everything at "+AppTag, "Approve Deploy", "Deployed everything at "+AppTag)
	s.Logf("installed in %s", installed.Round(100*time.Millisecond))
	s.whole()
	s.writes(20, since(time.Now()))
	var rounds []round
	for n := range *runs {
		r := s.round(n)
		rounds = append(rounds, r)
		table(t, rounds[n:])
	}
	table(t, rounds)
}

func (s *stage) round(n int) (r round) {
	s.Helper()
	r.switchedTo = s.other(s.whole(), n)
	s.switchesOver(&r)
	r.failedOverTo = s.other(r.switchedTo, n)
	s.losesPrimary(&r)
	s.bringsBack(&r)
	return r
}

// other is one of the regions that are not the primary, each in turn.
func (s *stage) other(primary string, n int) string {
	others := slices.DeleteFunc(slices.Clone(Names), func(name string) bool { return name == primary })
	return others[n/2%2]
}

// switchesOver moves the primary by plan, and nothing is lost.
func (s *stage) switchesOver(r *round) {
	s.Helper()
	before := time.Now()
	_, _, r.switched = s.does("/rap failover "+r.switchedTo+" --reason maintenance", "Switch over to "+r.switchedTo, "Approve Switchover", "Switched over to "+r.switchedTo)
	s.writes(20, since(time.Now()))
	r.switchGap = s.longestGap(before)
	if primary := s.whole(); primary != r.switchedTo {
		s.Fatalf("the primary is %s after a switchover to %s", primary, r.switchedTo)
	}
	if lost := s.newlyLost(r.switchedTo); len(lost) > 0 {
		s.Fatalf("a switchover lost %d acknowledged rows, the first is %+v", len(lost), lost[0])
	}
}

// losesPrimary cuts the primary's region off in the middle of writes, and fails over.
func (s *stage) losesPrimary(r *round) {
	s.Helper()
	old := r.switchedTo
	s.writes(20, since(time.Now()))
	s.must(s.WAN.Isolate(old, true))
	o, weighed, took := s.does("/rap failover "+r.failedOverTo+" --force --reason the region is dark", "Fail over to "+r.failedOverTo, "Approve Failover", r.failedOverTo+" took over")
	r.weighed, r.failedOver = weighed, took
	approved := time.Now().Add(-took)
	r.writable = s.writes(20, elsewhere(old, approved)).At.Sub(approved)
	r.fence, r.operation = o.Evidence[rapbot.EvFence], o
	if warnings := o.Warnings(); len(warnings) > 0 {
		s.Logf("warnings: %q", warnings)
	}
}

// bringsBack restores the link: the boot gate holds the old primary, and it comes back as a replica. What was lost is held against what was stated.
func (s *stage) bringsBack(r *round) {
	s.Helper()
	old := r.switchedTo
	restored := time.Now()
	s.must(s.WAN.Isolate(old, false))
	var gate string
	err := wait.Until(s.within(3*time.Minute), 100*time.Millisecond, func() bool {
		var err error
		gate, err = s.Gate(s.Region(old))
		s.must(err)
		if gate == "open" {
			s.refusesWrites(old)
		}
		return strings.HasPrefix(gate, "held")
	})
	if err != nil {
		s.Fatalf("the boot gate of %s does not hold: %s", old, gate)
	}
	r.held = time.Since(restored)
	s.Logf("%s: %s", old, gate)
	began := time.Now()
	_, proposed, took := s.does("/rap rejoin "+old+" --reason the region is back", "Rejoin "+old, "Approve Rejoin", "Rejoined "+old)
	r.rejoined = took
	if primary := s.whole(); primary != r.failedOverTo {
		s.Fatalf("the primary is %s, and was %s before %s rejoined", primary, r.failedOverTo, old)
	}
	r.back = time.Since(began) - proposed
	s.writes(20, since(time.Now()))
	s.holdsBound(r, s.newlyLost(r.failedOverTo))
}

// refusesWrites looks whether a region whose gate is open has a server that takes writes; there is to be none from the moment its link is restored.
func (s *stage) refusesWrites(region string) {
	s.Helper()
	if st, err := s.state(s.Context(), region); err == nil && !st.replica {
		s.Errorf("%s takes writes again, and there is another primary", region)
	}
}

// holdsBound holds the rows that were lost against what the card stated before bob accepted it.
func (s *stage) holdsBound(r *round, lost []ledger.Row) {
	s.Helper()
	r.lost = len(lost)
	stated := r.operation.Plan.Impact.Loss
	if stated.Unknown {
		s.Errorf("nobody could tell how much may be lost: %s", stated)
	}
	end := stated.Dead
	if end.IsZero() {
		end = r.operation.Plan.MadeAt
	}
	for _, row := range lost {
		if early := end.Add(-stated.Time).Sub(row.At); !stated.Counted && early > 0 {
			s.Errorf("%+v is lost, and was acknowledged %s before what the card calls the last %s", row, early, stated.Time)
		}
	}
	if stated.Counted && len(lost) > stated.Commits {
		s.Errorf("%d rows are lost, and stated were %d commits", len(lost), stated.Commits)
	}
}

func table(t *testing.T, rounds []round) {
	t.Helper()
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "run\tswitchover to\ttook\twrite gap\tfailover to\tcard after\ttook\twrites after\theld after\trejoin\tone lineage\tlost\tstated\t")
	for n, r := range rounds {
		fmt.Fprintf(w, "%d\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%d\t%s\t\n", n+1, r.switchedTo, short(r.switched), short(r.switchGap), r.failedOverTo,
			short(r.weighed), short(r.failedOver), short(r.writable), short(r.held), short(r.rejoined), short(r.back), r.lost, r.operation.Plan.Impact.Loss)
	}
	_ = w.Flush() // to memory
	t.Logf("%d runs:\n%s", len(rounds), b.String())
}

func short(d time.Duration) string { return fmt.Sprintf("%.1f s", d.Seconds()) }
