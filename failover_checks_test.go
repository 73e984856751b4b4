package rapbot_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/rap-analyzer/rapbot"
)

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
		{"it answers", fleet(primaryAt("a", 500), cut("b", 500), cut("c", 500)), nil, "Evidence", rapbot.Warn, "a answers; it is stopped before anything else"},
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
