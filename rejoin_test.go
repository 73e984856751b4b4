package rapbot_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/rap-analyzer/rapbot"
)

// promoted is the primary after a failover: b, on timeline 2.
func promoted(name string) rapbot.Sighting {
	return with(primaryAt(name, written), func(s *rapbot.Server) {
		s.Timeline, s.Slots = 2, []rapbot.Slot{{Name: "a", Status: "reserved", From: written - 2*kib}}
	})
}

// parted is the log of a that ran past the point where b was promoted.
func parted() rapbot.Divergence {
	return rapbot.Divergence{SystemID: "7", Timeline: 1, Related: true, Fork: written - 2*kib, End: written, Commits: 3, Saved: "/salvage/a"}
}

func TestRejoinMethod(t *testing.T) {
	lostSlot := func(s *rapbot.Server) { s.Slots = []rapbot.Slot{{Name: "a", Status: "lost"}} }
	noSlot := func(s *rapbot.Server) { s.Slots = nil }
	lateSlot := func(s *rapbot.Server) {
		s.Slots = []rapbot.Slot{{Name: "a", Status: "reserved", From: written + 2<<20}}
	}
	noRewind := func(s *rapbot.Server) { s.RewindReady = false }
	straight := func(d *rapbot.Divergence) { d.End = d.Fork }
	tests := []struct {
		name         string
		back, to     rapbot.Sighting
		divergence   func(*rapbot.Divergence)
		unread       bool
		method, says string
	}{
		{"it went its own way", gone("a", true), promoted("b"), nil, false, rapbot.MethodRewind, "3 commits (2.0 KiB of WAL) that only a has"},
		{"one commit", gone("a", true), promoted("b"), func(d *rapbot.Divergence) { d.Commits = 1 }, false, rapbot.MethodRewind, "1 commit (2.0 KiB of WAL) that only a has"},
		{"it ends where the other begins", gone("a", true), promoted("b"), straight, false, rapbot.MethodStraight, "nothing"},
		{"it stopped before that", gone("a", true), promoted("b"), func(d *rapbot.Divergence) { d.End = d.Fork - 1 }, false, rapbot.MethodStraight, "nothing"},
		{"it only fell behind, but its slot is lost", gone("a", true), with(promoted("b"), lostSlot), straight, false, rapbot.MethodRebuild, "its present data, which b has"},
		{"it only fell behind, but its slot is gone", gone("a", true), with(promoted("b"), noSlot), straight, false, rapbot.MethodRebuild, "its present data, which b has"},
		{"it only fell behind, but its slot was made anew", gone("a", true), with(promoted("b"), lateSlot), straight, false, rapbot.MethodRebuild, "its present data, which b has"},
		{"it went its own way, and its slot is gone", gone("a", true), with(promoted("b"), noSlot), nil, false, rapbot.MethodRewind, "3 commits (2.0 KiB of WAL) that only a has"},
		{"it went its own way, and its slot is lost", gone("a", true), with(promoted("b"), lostSlot), nil, false, rapbot.MethodRebuild, "3 commits (2.0 KiB of WAL) that only a has"},
		{"it cannot be rewound", with(gone("a", true), noRewind), promoted("b"), nil, false, rapbot.MethodRebuild, "3 commits (2.0 KiB of WAL) that only a has"},
		{"it was never seen, and the primary cannot be rewound", forgotten("a", true), with(promoted("b"), noRewind), nil, false, rapbot.MethodRebuild, "3 commits (2.0 KiB of WAL) that only a has"},
		{"of another history", gone("a", true), promoted("b"), func(d *rapbot.Divergence) { d.Related, d.Timeline = false, 5 }, false, rapbot.MethodRebuild, "all of its data: its timeline 5 is not part of b's history"},
		{"of another history, by its end alone as if straight", gone("a", true), promoted("b"), func(d *rapbot.Divergence) { d.Related, d.End = false, d.Fork }, false, rapbot.MethodRebuild, "all of its data: its timeline 1 is not part of b's history"},
		{"of another cluster", gone("a", true), promoted("b"), func(d *rapbot.Divergence) { d.SystemID = "8" }, false, rapbot.MethodRebuild, "all of its data, which are of another cluster"},
		{"a second primary, whose log cannot be read yet", primaryAt("a", written), promoted("b"), nil, true, rapbot.MethodLater, "what only a has, counted and copied first"},
		{"a second primary, and its slot is lost", primaryAt("a", written), with(promoted("b"), lostSlot), nil, true, rapbot.MethodRebuild, "its present data; what only a has is counted and copied first"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			d := parted()
			if tt.divergence != nil {
				tt.divergence(&d)
			}
			read := &d
			if tt.unread {
				read = nil
			}
			p, err := rapbot.PlanRejoin(fleet(tt.back, tt.to, replicaAt("c", written, noon)), threeSites(), "a", read)
			if err != nil {
				t.Fatal(err)
			}
			if have := p.Fact(rapbot.FactMethod); have != tt.method || p.Impact.Discard != tt.says || p.Fact(rapbot.FactDiscard) != tt.says {
				t.Errorf("have %s, discarding %s (basis: %s)\nwant %s, discarding %s", have, p.Impact.Discard, p.Fact(rapbot.FactDiscard), tt.method, tt.says)
			}
			if p.From != "a" || p.To != "b" || p.Wish() != (rapbot.Wish{Kind: rapbot.Rejoin, Region: "a"}) || !p.Runnable() {
				t.Errorf("%s from %s to %s, failed checks %v", p.Title(), p.From, p.To, p.ChecksWith(rapbot.Fail))
			}
		})
	}
}

func TestRejoinRefuses(t *testing.T) {
	frozen := with(replicaAt("a", 1, noon), func(s *rapbot.Server) { s.SlotName = rapbot.FrozenSlot + "_7" })
	behind := with(replicaAt("a", 1, noon), func(s *rapbot.Server) { s.Receiver.Timeline = 1 })
	streams := with(replicaAt("a", 1, noon), func(s *rapbot.Server) { s.Receiver.Timeline = 2 })
	later := with(primaryAt("a", 1), func(s *rapbot.Server) { s.Timeline = 3 })
	same := with(primaryAt("a", 1), func(s *rapbot.Server) { s.Timeline = 2 })
	tests := []struct {
		name  string
		t     rapbot.Topology
		want  rapbot.Code
		says  string // what is refused, or the headline of the plan
		named string
	}{
		{"no such region", fleet(gone("a", true), promoted("b")), rapbot.NotFound, "The regions are a, b.", "d"},
		{"it is the primary", fleet(primaryAt("a", 1), replicaAt("b", 1, noon)), rapbot.Precondition, "a is the primary. Nothing was changed.", "a"},
		{"it streams already", fleet(streams, promoted("b")), rapbot.Precondition, "a streams from b already, so there is nothing to rejoin.", "a"},
		{"there is no primary", fleet(gone("a", true), cut("b", 1), cut("c", 1)), rapbot.Precondition, "No primary in sight: a may be one but cannot be asked.", "a"},
		{"there are two others", fleet(gone("a", true), promoted("b"), promoted("c")), rapbot.Precondition, "There is no single primary that a could follow. Two primaries: b and c both accept writes.", "a"},
		{"it is one of three primaries", fleet(primaryAt("a", 1), promoted("b"), promoted("c")), rapbot.Precondition, "There is no single primary", "a"},
		{"the other primary is on a lower timeline", fleet(later, promoted("b")), rapbot.Precondition, "a is a primary on timeline 3, b on 2: a is not the one to bring back.", "a"},
		{"both primaries are on one timeline", fleet(same, promoted("b")), rapbot.Precondition, "a is a primary on timeline 2, b on 2: a is not the one to bring back.", "a"},

		{"a second primary on a lower timeline", fleet(primaryAt("a", 1), promoted("b")), "", "a is a second primary, on timeline 1, beside b on 2.", "a"},
		{"it is down", fleet(gone("a", true), promoted("b")), "", "a does not run as a replica: connection refused.", "a"},
		{"it receives nothing", fleet(cut("a", 1), promoted("b")), "", "a is a replica that does not follow b: not streaming since 11:59:49 UTC.", "a"},
		{"it is frozen", fleet(frozen, with(promoted("b"), func(s *rapbot.Server) { s.Timeline = 1 })), "", "a is a replica that does not follow b", "a"},
		{"it streams another timeline", fleet(behind, promoted("b")), "", "a is a replica that does not follow b", "a"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p, err := rapbot.PlanRejoin(tt.t, threeSites(), tt.named, nil)
			if rapbot.ErrorCode(err) != tt.want {
				t.Fatalf("have %v, want code %q", err, tt.want)
			}
			said := p.Headline
			if err != nil {
				said = err.Error()
			}
			if !strings.Contains(said, tt.says) {
				t.Errorf("have %q, want %q", said, tt.says)
			}
		})
	}
}

func TestRejoinChecks(t *testing.T) {
	tests := []struct {
		name  string
		to    func(*rapbot.Server)
		sites func([]rapbot.Site)
		check string
		want  rapbot.Verdict
	}{
		{"the primary is read-only", func(s *rapbot.Server) { s.ReadOnly = true }, nil, "b accepts writes", rapbot.Fail},
		{"it cannot be stopped", nil, func(s []rapbot.Site) { s[0].Instance = false }, "rapbot can stop and start a", rapbot.Fail},
		{"its data cannot be reached", nil, func(s []rapbot.Site) { s[0].Volume = false }, "rapbot can reach its data", rapbot.Fail},
		{"no slot is free", func(s *rapbot.Server) { s.FreeSlots, s.Slots = 0, nil }, nil, "A slot can be made on b", rapbot.Fail},
		{"its slot is there", func(s *rapbot.Server) { s.FreeSlots, s.Slots = 0, []rapbot.Slot{{Name: "a", Status: "reserved"}} }, nil, "A slot can be made on b", rapbot.Pass},
		{"no sender is free", func(s *rapbot.Server) { s.FreeSenders = 0 }, nil, "A sender is free on b", rapbot.Fail},
		{"a privilege is missing", func(s *rapbot.Server) { s.MissingGrants = []string{"pg_checkpoint"} }, nil, "Privileges on b", rapbot.Fail},
		{"a bystander is dark", nil, nil, "c answers", rapbot.Warn},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			to, sites := promoted("b"), threeSites()
			if tt.to != nil {
				tt.to(&to.Server)
			}
			if tt.sites != nil {
				tt.sites(sites)
			}
			p, err := rapbot.PlanRejoin(fleet(gone("a", true), to, darkAt("c")), sites, "a", nil)
			if err != nil {
				t.Fatal(err)
			}
			i := slices.IndexFunc(p.Checks, func(c rapbot.Check) bool { return c.Name == tt.check })
			if i < 0 || p.Checks[i].Verdict != tt.want {
				t.Errorf("have %+v, want %s: %s", p.Checks, tt.check, tt.want)
			}
		})
	}
}

// TestRejoinDigest: an approval is for a method and for what it throws away.
func TestRejoinDigest(t *testing.T) {
	plan := func(change func(*rapbot.Divergence)) string {
		d := parted()
		change(&d)
		p, err := rapbot.PlanRejoin(fleet(gone("a", true), promoted("b")), threeSites(), "a", &d)
		if err != nil {
			t.Fatal(err)
		}
		return p.Digest()
	}
	base := plan(func(*rapbot.Divergence) {})
	if plan(func(d *rapbot.Divergence) { d.Fork, d.End = d.Fork+kib, d.End+kib }) != base {
		t.Error("where they part is in the digest")
	}
	if plan(func(d *rapbot.Divergence) { d.Commits++ }) == base {
		t.Error("what is thrown away is not in the digest")
	}
	if plan(func(d *rapbot.Divergence) { d.End = d.Fork }) == base {
		t.Error("the method is not in the digest")
	}
}
