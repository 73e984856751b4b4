package rapbot_test

import (
	"strings"
	"testing"
	"time"

	"github.com/rap-analyzer/rapbot"
)

// TestFailoverDigest holds what an approval of a failover is for (R2), the
// figures of the loss aside.
func TestFailoverDigest(t *testing.T) {
	base := fleet(gone("a", true), cut("b", written), cut("c", written))
	accepted := failover(t, base, "b", known())
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
			p.Impact.Loss = accepted.Impact.Loss
			if same := p.Digest() == accepted.Digest(); same != tt.same || same != (accepted.Difference(p) == "") {
				t.Errorf("the digest is the same: %t, want %t (%s)", same, tt.same, accepted.Difference(p))
			}
		})
	}
}

// An approval is for the loss that was shown. A plan that loses less needs no
// other one, and a click on a card that showed less is none for a plan that
// loses more.
func TestDigestBindsTheLoss(t *testing.T) {
	top := fleet(gone("a", true), cut("b", written), cut("c", written))
	shown := failover(t, top, "b", known())
	again := failover(t, top, "b", known())
	if again.Digest() != shown.Digest() {
		t.Error("the same plan has two digests")
	}
	for name, change := range map[string]func(*rapbot.Loss){
		"bytes":   func(l *rapbot.Loss) { l.Bytes++ },
		"time":    func(l *rapbot.Loss) { l.Time++ },
		"commits": func(l *rapbot.Loss) { l.Commits++ },
		"counted": func(l *rapbot.Loss) { l.Counted = true },
		"open":    func(l *rapbot.Loss) { l.Open = true },
		"unknown": func(l *rapbot.Loss) { l.Unknown = true },
	} {
		other, loss := shown, *shown.Impact.Loss
		change(&loss)
		other.Impact.Loss = &loss
		if other.Digest() == shown.Digest() {
			t.Errorf("the loss is not in the digest: %s", name)
		}
	}
	less := known()
	less.Divergence = &rapbot.Divergence{SystemID: "7", Timeline: 1, Related: true, Fork: written, End: written + 500, Commits: 3}
	counted := failover(t, top, "b", less)
	if diff := shown.Difference(counted); diff != "" {
		t.Errorf("a lesser loss asks again: %s", diff)
	}
	if diff := counted.Difference(shown); !strings.HasPrefix(diff, "the loss that was accepted is exactly 3 commits (500 B of WAL)") {
		t.Errorf("a greater loss does not ask again: %q", diff)
	}
}
