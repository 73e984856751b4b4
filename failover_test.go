package rapbot_test

import (
	"slices"
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
		{"the sampled primary is a replica now", fleet(cut("a", 1), cut("b", 1), forgotten("c", true)), "b", known(), rapbot.Precondition, "it is not known which of them was"},
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

// TestHeadline holds what people read first, and whether the loss is open.
func TestHeadline(t *testing.T) {
	reset := with(fed("b", written), func(s *rapbot.Server) { s.Receiver.LastMessage = noon.Add(-7 * time.Second) })
	running := &rapbot.Witness{Name: "its instance", Says: rapbot.Alive, Sees: "the process runs"}
	stopped := &rapbot.Witness{Name: "its instance", Says: rapbot.Dead, Sees: "no process runs"}
	tests := []struct {
		name     string
		t        rapbot.Topology
		instance *rapbot.Witness
		want     string
		evidence rapbot.Verdict
		open     bool
	}{
		{"silence", fleet(gone("a", false), reset, darkAt("c")), nil, "a is dark: nobody can tell whether it lives. Last seen alive at 11:59:50 UTC.", rapbot.Warn, true},
		{"silence, and one says dead", fleet(gone("a", false), cut("b", written), darkAt("c")), nil, "a seems to be down, but only b says so. Last seen alive at 11:59:50 UTC.", rapbot.Warn, true},
		{"refused by all", fleet(gone("a", true), cut("b", written), cut("c", written)), nil, "a is down: rapbot, b and c agree. Last seen alive at 11:59:50 UTC.", rapbot.Pass, false},
		{"refused, and its instance is stopped", fleet(gone("a", true), reset, reset), stopped, "a is down: rapbot and its instance agree. Last seen alive at 11:59:50 UTC.", rapbot.Pass, false},
		{"refused only here", fleet(gone("a", true), reset, darkAt("c")), nil, "a seems to be down, but only rapbot says so. Last seen alive at 11:59:50 UTC.", rapbot.Warn, false},
		{"partition", fleet(gone("a", false), fed("b", written), cut("c", written)), nil, "This is a partition: b still sees a alive, and rapbot does not. Last seen alive at 11:59:50 UTC.", rapbot.Warn, true},
		{"refused here, and fed there", fleet(gone("a", true), fed("b", written), fed("c", written)), nil, "This is a partition: b and c still see a alive, and rapbot does not. Last seen alive at 11:59:50 UTC.", rapbot.Warn, true},
		{"refused, and its process runs", fleet(gone("a", true), cut("b", written), cut("c", written)), running, "This is a partition: its instance still sees a alive, and rapbot does not. Last seen alive at 11:59:50 UTC.", rapbot.Warn, true},
		{"it answers", fleet(primaryAt("a", written), cut("b", written), cut("c", written)), nil, "a answers.", rapbot.Warn, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			clues := known()
			clues.Instance = tt.instance
			p := failover(t, tt.t, "b", clues)
			if p.Headline != tt.want || p.Checks[0].Verdict != tt.evidence || p.Impact.Loss.Open != tt.open {
				t.Errorf("have %q, %s (%s), open %t\nwant %q, %s, open %t", p.Headline, p.Checks[0].Verdict, p.Checks[0].Detail, p.Impact.Loss.Open, tt.want, tt.evidence, tt.open)
			}
			if dead := p.Impact.Loss.Dead; dead.IsZero() != tt.open {
				t.Errorf("known to be dead since %v", dead)
			}
		})
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

func TestFailoverChecks(t *testing.T) {
	older := func(s *rapbot.Server) { s.Timeline = 1 }
	newer := func(s *rapbot.Server) { s.Timeline = 2 }
	foreign := func(s *rapbot.Server) { s.SystemID = "8" }
	noInstance := func(sites []rapbot.Site) { sites[0].Instance = false }
	tests := []struct {
		name  string
		t     rapbot.Topology
		sites func([]rapbot.Site)
		check string
		want  rapbot.Verdict
		says  string
	}{
		{"level", fleet(gone("a", true), cut("b", 500), cut("c", 500)), nil, "Most advanced replica", rapbot.Pass, "b has all that any replica has, up to 0/1F4"},
		{"behind a sibling", fleet(gone("a", true), cut("b", 500), cut("c", 2548)), nil, "Most advanced replica", rapbot.Pass, "b is 2.0 KiB behind c, and gets that from it first"},
		{"on an older timeline", fleet(gone("a", true), with(cut("b", 900), older), with(cut("c", 500), newer)), nil, "Most advanced timeline", rapbot.Fail, "timeline 1, c has 2"},
		{"on the newest timeline, though behind", fleet(gone("a", true), with(cut("b", 500), newer), with(cut("c", 900), older)), nil, "Most advanced timeline", rapbot.Pass, "timeline 2, b has 2"},
		{"the sibling is on an older timeline", fleet(gone("a", true), with(cut("b", 500), newer), with(cut("c", 900), older)), nil, "c can follow", rapbot.Warn, "timeline 1, up to 0/384; it stays behind until it is rejoined"},
		{"of the primary's cluster", fleet(gone("a", true), cut("b", 500), cut("c", 500)), nil, "Same cluster", rapbot.Pass, "system 7"},
		{"of another cluster", fleet(gone("a", true), with(cut("b", 500), foreign), cut("c", 500)), nil, "Same cluster", rapbot.Fail, "system 8, a is of system 7"},
		{"a sibling of another cluster has nothing to give", fleet(gone("a", true), cut("b", 500), with(cut("c", 9000), foreign)), nil, "Most advanced replica", rapbot.Pass, "b has all that any replica has"},
		{"which cluster it was cannot be told", fleet(forgotten("a", true), cut("b", 500), with(cut("c", 9000), foreign)), nil, "Same cluster", rapbot.Fail, "system 7, c is of system 8"},
		{"the target gives no answer", fleet(gone("a", true), darkAt("b"), cut("c", 500)), nil, "b answers", rapbot.Fail, "no answer"},
		{"replay is paused", fleet(gone("a", true), with(cut("b", 500), func(s *rapbot.Server) { s.ReplayPaused = true }), cut("c", 500)), nil, "Replay runs", rapbot.Fail, "replay is paused"},
		{"a privilege is missing", fleet(gone("a", true), with(cut("b", 500), func(s *rapbot.Server) { s.MissingGrants = []string{"pg_promote"} }), cut("c", 500)), nil, "Privileges", rapbot.Fail, "b lacks pg_promote"},
		{"no slot is free", fleet(gone("a", true), with(cut("b", 500), func(s *rapbot.Server) { s.FreeSlots = 1 }), cut("c", 500)), nil, "Slots and senders free on b", rapbot.Fail, "1 slots"},
		{"the sibling is dark", fleet(gone("a", true), cut("b", 500), darkAt("c")), nil, "c can follow", rapbot.Warn, "no answer"},
		{"fenced by its instance", fleet(gone("a", true), cut("b", 500), cut("c", 500)), nil, "Fencing a", rapbot.Pass, "its instance is stopped; else its boot gate stops it within 30 s"},
		{"fenced by its boot gate alone", fleet(gone("a", true), cut("b", 500), cut("c", 500)), noInstance, "Fencing a", rapbot.Warn, "that is assumed and cannot be seen from here"},
		{"not fenced at all", fleet(gone("a", true), cut("b", 500), cut("c", 500)), func(s []rapbot.Site) { s[0] = rapbot.Site{Name: "a"} }, "Fencing a", rapbot.Warn, "there is no way to fence it"},
		{"it answers, and cannot be stopped", fleet(primaryAt("a", 500), cut("b", 500), cut("c", 500)), noInstance, "Fencing a", rapbot.Fail, "and it answers"},
		{"no boot gate", fleet(gone("a", true), cut("b", 500), cut("c", 500)), func(s []rapbot.Site) { s[0].SelfFence = 0 }, "a cannot come back as a primary by itself", rapbot.Warn, "takes writes at once"},
		{"it answers", fleet(primaryAt("a", 500), cut("b", 500), cut("c", 500)), nil, "Evidence", rapbot.Warn, "a answers; it is stopped before anything else, because a switchover is not possible"},
		{"partition", fleet(gone("a", true), fed("b", 500), cut("c", 500)), nil, "Evidence", rapbot.Warn, "rapbot does not; whoever reaches it can write there until it is fenced"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			sites := threeSites()
			if tt.sites != nil {
				tt.sites(sites)
			}
			p, err := rapbot.PlanFailover(tt.t, sites, "b", limits, known())
			if err != nil {
				t.Fatal(err)
			}
			i := slices.IndexFunc(p.Checks, func(c rapbot.Check) bool { return c.Name == tt.check })
			if i < 0 {
				t.Fatalf("there is no check %q", tt.check)
			}
			if c := p.Checks[i]; c.Verdict != tt.want || !strings.Contains(c.Detail, tt.says) {
				t.Errorf("have %s: %s\nwant %s: %s", c.Verdict, c.Detail, tt.want, tt.says)
			}
			if c := p.Checks[i]; c.Verdict == rapbot.Fail && c.Fix == "" {
				t.Error("nothing says what to do about it")
			}
		})
	}
}

// TestFailoverDigest holds what an approval of a failover is for (R2).
func TestFailoverDigest(t *testing.T) {
	base := fleet(gone("a", true), cut("b", written), cut("c", written))
	digest := failover(t, base, "b", known()).Digest()
	open, counted := known(), known()
	open.Instance = &rapbot.Witness{Name: "its instance", Says: rapbot.Alive}
	counted.Divergence = &rapbot.Divergence{SystemID: "7", Timeline: 1, Related: true, Fork: written, End: written + 500, Commits: 3}
	faster := known()
	faster.History[3].Position += 700
	restarted := rapbot.Clues{History: known().History}
	tests := []struct {
		name  string
		t     rapbot.Topology
		sites func([]rapbot.Site)
		clues rapbot.Clues
		same  bool
	}{
		{"nothing", base, nil, known(), true},
		{"positions", fleet(gone("a", true), cut("b", written-9000), cut("c", written-7000)), nil, known(), true},
		{"time goes on", rapbot.Assess([]rapbot.Sighting{gone("a", true), cut("b", written), cut("c", written)}, noon.Add(time.Hour)), nil, known(), true},
		{"the rate", base, nil, faster, true},
		{"rapbot was restarted", fleet(forgotten("a", true), cut("b", written), cut("c", written)), nil, restarted, true},
		{"the loss is counted", base, nil, counted, true},
		{"the loss is open", base, nil, open, false},
		{"it is dark", fleet(gone("a", false), cut("b", written), cut("c", written)), nil, known(), false},
		{"nothing was sampled", base, nil, rapbot.Clues{}, false},
		{"a sibling goes dark", fleet(gone("a", true), cut("b", written), darkAt("c")), nil, known(), false},
		{"the primary answers", fleet(primaryAt("a", written), cut("b", written), cut("c", written)), nil, known(), false},
		{"the timeline", fleet(gone("a", true), with(cut("b", written), func(s *rapbot.Server) { s.Timeline = 2 }), cut("c", written)), nil, known(), false},
		{"the fence", base, func(s []rapbot.Site) { s[0].Instance = false }, known(), false},
		{"the boot gate", base, func(s []rapbot.Site) { s[0].SelfFence = time.Hour }, known(), false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			sites := threeSites()
			if tt.sites != nil {
				tt.sites(sites)
			}
			p, err := rapbot.PlanFailover(tt.t, sites, "b", limits, tt.clues)
			if err != nil {
				t.Fatal(err)
			}
			if same := p.Digest() == digest; same != tt.same {
				t.Errorf("the digest is the same: %t, want %t (%s)", same, tt.same, failover(t, base, "b", known()).Difference(p))
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
		{"the sampled one answers", fleet(forgotten("a", true), cut("b", 1), cut("c", 1)), "b", ""},
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
