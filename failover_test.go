package rapbot_test

import (
	"strings"
	"testing"
	"time"

	"github.com/rap-analyzer/rapbot"
)

// The world of these tests: a is the primary and writes 1 KiB a second. It was
// seen for the last time ten seconds before noon.
var (
	limits   = rapbot.Limits{MaxLag: time.Second, MaxLagBytes: 1000}
	seenLast = noon.Add(-10 * time.Second)
)

const written = 1 << 30 // a's position when it was seen for the last time

func threeSites() []rapbot.Site {
	var sites []rapbot.Site
	for _, name := range []string{"a", "b", "c"} {
		sites = append(sites, rapbot.Site{Name: name, Slot: name, Instance: true, Volume: true, SelfFence: 30 * time.Second})
	}
	return sites
}

// gone is a primary that gives no answer; refused says that nothing listens
// there any more.
func gone(name string, refused bool) rapbot.Sighting {
	s := primaryAt(name, written)
	s.Answered, s.LastAnswer, s.Server.Clock, s.Fault = false, seenLast, seenLast, "no answer in 2 s"
	if refused {
		s.RefusedSince, s.Fault = seenLast.Add(2*time.Second), "connection refused"
	}
	return s
}

// forgotten is a region that gave no answer since rapbot started.
func forgotten(name string, refused bool) rapbot.Sighting {
	s := rapbot.Sighting{Region: name, At: noon, Fault: "no answer in 2 s"}
	if refused {
		s.RefusedSince, s.Fault = seenLast.Add(2*time.Second), "connection refused"
	}
	return s
}

// cut is a replica that receives nothing. Its newest heartbeat is a second
// older than the last sight of the primary.
func cut(name string, has rapbot.LSN) rapbot.Sighting {
	s := replicaAt(name, has, seenLast.Add(-time.Second))
	s.Server.Receiver = nil
	return s
}

// fed is a replica that received something a second ago.
func fed(name string, has rapbot.LSN) rapbot.Sighting {
	s := replicaAt(name, has, seenLast.Add(-time.Second))
	s.Server.Receiver.LastMessage, s.Server.Receiver.Sender = noon.Add(-time.Second), "a:5432"
	return s
}

func with(s rapbot.Sighting, change func(*rapbot.Server)) rapbot.Sighting {
	change(&s.Server)
	return s
}

// minute is the minute of samples before region was last seen as a primary.
func minute(region string) []rapbot.Sample {
	var out []rapbot.Sample
	for s := 60; s >= 0; s-- {
		at := seenLast.Add(-time.Duration(s) * time.Second)
		out = append(out, rapbot.Sample{At: at, Region: region, Role: rapbot.Primary, Timeline: 1, Position: written - rapbot.LSN(s)<<10, Clock: at})
	}
	return out
}

func known() rapbot.Clues { return rapbot.Clues{History: minute("a")} }

func failover(t *testing.T, top rapbot.Topology, to string, clues rapbot.Clues) rapbot.Plan {
	t.Helper()
	p, err := rapbot.PlanFailover(top, threeSites(), to, limits, clues)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestFailoverRefuses(t *testing.T) {
	tests := []struct {
		name  string
		t     rapbot.Topology
		to    string
		clues rapbot.Clues
		want  rapbot.Code
		says  string
	}{
		{"no such region", fleet(gone("a", true), cut("b", 1), cut("c", 1)), "d", known(), rapbot.NotFound, "The regions are a, b, c."},
		{"the primary is healthy", fleet(primaryAt("a", 1), replicaAt("b", 1, noon), replicaAt("c", 1, noon)), "b", known(), rapbot.Precondition, "Type /rap failover b without --force: it loses nothing."},
		{"the target is the primary", fleet(primaryAt("a", 1), replicaAt("b", 1, noon), replicaAt("c", 1, noon)), "a", known(), rapbot.Precondition, "a is the primary already. Nothing was changed. Name a replica: b or c."},
		{"the target is the one that is lost", fleet(gone("a", true), cut("b", 1), cut("c", 1)), "a", known(), rapbot.Precondition, "a is the primary that is lost. Nothing was changed. Name a replica: b or c."},
		{"two primaries", fleet(primaryAt("a", 1), primaryAt("c", 1), replicaAt("b", 1, noon)), "b", known(), rapbot.Precondition, "Two primaries: a and c both accept writes."},
		{"all are replicas", fleet(cut("a", 1), cut("b", 1), cut("c", 1)), "b", known(), rapbot.Precondition, "it is not known which of them was: No primary: every region is a replica"},
		{"two were never seen, and there are no samples", fleet(forgotten("a", true), cut("b", 1), forgotten("c", true)), "b", rapbot.Clues{}, rapbot.Precondition, "a and c may be one but cannot be asked."},
		{"the sampled primary is a replica now, and two are dark", fleet(cut("a", 1), forgotten("b", true), forgotten("c", true)), "a", known(), rapbot.Precondition, "it is not known which of them was"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := rapbot.PlanFailover(tt.t, threeSites(), tt.to, limits, tt.clues)
			if rapbot.ErrorCode(err) != tt.want || !strings.Contains(err.Error(), tt.says) {
				t.Errorf("have %v, want %s: … %s", err, tt.want, tt.says)
			}
		})
	}
}

// TestTheOneThatIsDarkIsLost: rapbot was started again right after a change of
// primary, and has no sample of the new one, which went dark at once.
func TestTheOneThatIsDarkIsLost(t *testing.T) {
	p := failover(t, fleet(cut("a", 1), cut("b", 1), forgotten("c", true)), "b", known())
	if p.From != "c" || !p.Impact.Loss.Unknown {
		t.Errorf("the loss of a failover from %s is %s, want one from c that nobody can bound", p.From, p.Impact.Loss)
	}
}

// TestFailoverSteps holds the order of the freeze and the fence.
func TestFailoverSteps(t *testing.T) {
	paused := with(replicaAt("c", written, noon), func(s *rapbot.Server) { s.ReplayPaused = true })
	tests := []struct {
		name string
		t    rapbot.Topology
		to   string
		want string
	}{
		{"a dark primary may come back, so the replicas are frozen first", fleet(gone("a", false), cut("b", written), cut("c", written)), "b", "freeze b, fence a, fast-forward b, weigh-loss b, slots b, promote b, follow c, clean-up b"},
		{"a primary that answers is fenced first", fleet(primaryAt("a", written), cut("b", written), paused), "c", "fence a, freeze c, fast-forward c, weigh-loss c, slots c, promote c, follow b, clean-up c"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p := failover(t, tt.t, tt.to, known())
			var have []string
			for _, s := range p.Steps {
				have = append(have, string(s.Kind)+" "+s.Region)
				if s.Commits != (s.Kind == rapbot.StepPromote) {
					t.Errorf("%s commits: %t", s.Kind, s.Commits)
				}
			}
			if got := strings.Join(have, ", "); got != tt.want {
				t.Errorf("have %s\nwant %s", got, tt.want)
			}
			if p.From != "a" || p.To != tt.to || p.Impact.Lossless() {
				t.Errorf("from %s to %s, lossless: %t", p.From, p.To, p.Impact.Lossless())
			}
		})
	}
}

func TestLost(t *testing.T) {
	was := func(name string) rapbot.Sighting { return gone(name, true) }
	replica := darkAt("b")
	replica.Server.InRecovery = true
	tests := []struct {
		name    string
		t       rapbot.Topology
		sampled string
		want    string
	}{
		{"seen as the primary", fleet(was("a"), cut("b", 1), cut("c", 1)), "", "a"},
		{"seen as the primary, beside a replica that is dark too", fleet(was("a"), replica, cut("c", 1)), "", "a"},
		{"never seen, but sampled", fleet(forgotten("a", true), forgotten("b", true), cut("c", 1)), "a", "a"},
		{"never seen, the only one that is dark", fleet(forgotten("a", true), cut("b", 1), cut("c", 1)), "", "a"},
		{"never seen, one of two", fleet(forgotten("a", true), forgotten("b", true), cut("c", 1)), "", ""},
		{"two were, one after the other", fleet(was("a"), was("b"), cut("c", 1)), "b", "b"},
		{"two were, and nothing was sampled", fleet(was("a"), was("b"), cut("c", 1)), "", ""},
		{"the sampled one is a replica by now", fleet(forgotten("a", true), cut("b", 1), cut("c", 1)), "b", "a"},
		{"the sampled one is a replica by now, and two are dark", fleet(forgotten("a", true), cut("b", 1), forgotten("c", true)), "b", ""},
		{"nothing is dark", fleet(primaryAt("a", 1), cut("b", 1), cut("c", 1)), "a", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			lost, found := tt.t.Lost(tt.sampled)
			if lost.Name != tt.want || found != (tt.want != "") {
				t.Errorf("lost is %q, %t, want %q", lost.Name, found, tt.want)
			}
		})
	}
}
