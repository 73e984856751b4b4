package rapbot_test

import (
	"testing"
	"time"

	"github.com/rap-analyzer/rapbot"
)

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
		{"silence", fleet(gone("a", false), reset, darkAt("c")), nil, "The primary a is dark: nobody can tell whether it still takes writes. Last seen alive at 11:59:50 UTC, 10 s before this plan.", rapbot.Warn, true},
		{"silence, and a stream that ended proves nothing", fleet(gone("a", false), cut("b", written), cut("c", written)), nil, "The primary a is dark: nobody can tell whether it still takes writes. Last seen alive at 11:59:50 UTC, 10 s before this plan.", rapbot.Warn, true},
		{"silence, and its instance is stopped", fleet(gone("a", false), cut("b", written), cut("c", written)), stopped, "The primary a seems to be down, but only its instance can tell. Last seen alive at 11:59:50 UTC, 10 s before this plan.", rapbot.Warn, true},
		{"refused, and no stream is left", fleet(gone("a", true), cut("b", written), cut("c", written)), nil, "The primary a seems to be down, but only rapbot can tell. Last seen alive at 11:59:50 UTC, 10 s before this plan.", rapbot.Warn, false},
		{"refused, and its instance is stopped", fleet(gone("a", true), reset, reset), stopped, "The primary a is down, and takes no writes: rapbot and its instance agree. Last seen alive at 11:59:50 UTC, 10 s before this plan.", rapbot.Pass, false},
		{"refused only here", fleet(gone("a", true), reset, darkAt("c")), nil, "The primary a seems to be down, but only rapbot can tell. Last seen alive at 11:59:50 UTC, 10 s before this plan.", rapbot.Warn, false},
		{"partition", fleet(gone("a", false), fed("b", written), cut("c", written)), nil, "This is a partition: b still sees a alive, and rapbot does not. Last seen alive at 11:59:50 UTC, 10 s before this plan.", rapbot.Warn, true},
		{"refused here, and fed there", fleet(gone("a", true), fed("b", written), fed("c", written)), nil, "This is a partition: b and c still see a alive, and rapbot does not. Last seen alive at 11:59:50 UTC, 10 s before this plan.", rapbot.Warn, true},
		{"refused, and its process runs", fleet(gone("a", true), cut("b", written), cut("c", written)), running, "This is a partition: its instance still sees a alive, and rapbot does not. Last seen alive at 11:59:50 UTC, 10 s before this plan.", rapbot.Warn, true},
		{"it answers", fleet(primaryAt("a", written), cut("b", written), cut("c", written)), nil, "a is the primary and answers, but a switchover from it is not possible now.", rapbot.Warn, true},
		{"rapbot was restarted, and the samples know when it was seen", fleet(forgotten("a", false), cut("b", written), cut("c", written)), nil, "The primary a is dark: nobody can tell whether it still takes writes. Last seen alive at 11:59:50 UTC, 10 s before this plan.", rapbot.Warn, true},
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

// What nobody has ever seen has no last sight.
func TestHeadlineOfTheNeverSeen(t *testing.T) {
	p := failover(t, fleet(forgotten("a", false), cut("b", written), cut("c", written)), "b", rapbot.Clues{})
	if want := "a is dark: nobody can tell whether it still takes writes."; p.Headline != want || !p.Impact.Loss.Unknown {
		t.Errorf("have %q, want %q; the loss is %s", p.Headline, want, p.Impact.Loss)
	}
}
