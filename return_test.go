package rapbot_test

import (
	"testing"

	"github.com/rap-analyzer/rapbot"
)

// TestReturnOf crosses what the log says with whether the primary still has
// what comes next, and whether the server can be rewound.
func TestReturnOf(t *testing.T) {
	own := parted()
	straight, foreign, unrelated := parted(), parted(), parted()
	straight.End = straight.Fork
	foreign.SystemID, foreign.End = "8", foreign.Fork
	unrelated.Related, unrelated.Timeline, unrelated.End = false, 5, unrelated.Fork
	const (
		counted = "3 commits (2.0 KiB of WAL) that only a has"
		cluster = "all of its data, which are of another cluster"
		history = "all of its data: its timeline 5 is not part of b's history"
	)
	tests := []struct {
		name               string
		d                  *rapbot.Divergence
		slot               string
		rewindable         bool
		method, thrownAway string
	}{
		{"unread", nil, rapbot.SlotKeeps, true, rapbot.MethodLater, "what only a has, counted and copied first"},
		{"unread, not rewindable", nil, rapbot.SlotKeeps, false, rapbot.MethodLater, "what only a has, counted and copied first"},
		{"unread, slot lost", nil, rapbot.SlotLost, true, rapbot.MethodRebuild, "its present data; what only a has is counted and copied first"},
		{"unread, no slot", nil, rapbot.SlotMissing, true, rapbot.MethodLater, "what only a has, counted and copied first"},
		{"straight, no slot", &straight, rapbot.SlotMissing, true, rapbot.MethodRebuild, "its present data, which b has"},
		{"straight", &straight, rapbot.SlotKeeps, true, rapbot.MethodStraight, "nothing"},
		{"straight, not rewindable", &straight, rapbot.SlotKeeps, false, rapbot.MethodStraight, "nothing"},
		{"straight, slot lost", &straight, rapbot.SlotLost, true, rapbot.MethodRebuild, "its present data, which b has"},
		{"its own way", &own, rapbot.SlotKeeps, true, rapbot.MethodRewind, counted},
		{"its own way, not rewindable", &own, rapbot.SlotKeeps, false, rapbot.MethodRebuild, counted},
		{"its own way, slot lost", &own, rapbot.SlotLost, true, rapbot.MethodRebuild, counted},
		{"another cluster, though its end fits", &foreign, rapbot.SlotKeeps, true, rapbot.MethodRebuild, cluster},
		{"another cluster, slot lost", &foreign, rapbot.SlotLost, true, rapbot.MethodRebuild, cluster},
		{"another history, though its end fits", &unrelated, rapbot.SlotKeeps, true, rapbot.MethodRebuild, history},
		{"another history, slot lost", &unrelated, rapbot.SlotLost, false, rapbot.MethodRebuild, history},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := rapbot.ReturnOf("a", "b", "7", tt.d, tt.slot, tt.rewindable)
			if want := (rapbot.Return{Method: tt.method, Discard: tt.thrownAway}); got != want {
				t.Errorf("have %+v\nwant %+v", got, want)
			}
		})
	}
}

// A slot keeps what comes after the last byte that was received, which is in the
// middle of a record more often than not: the log itself ends a little before.
func TestEndsBefore(t *testing.T) {
	d := parted()
	for _, tt := range []struct {
		kept rapbot.LSN
		want bool
	}{{0, false}, {d.End, false}, {d.End + 8*kib, false}, {d.End + 2<<20, true}} {
		if got := d.EndsBefore(tt.kept); got != tt.want {
			t.Errorf("%s ends before %s: %t", d.End, tt.kept, got)
		}
	}
	d.Related = false
	if d.EndsBefore(d.End + 2<<20) {
		t.Error("the log of another history is compared")
	}
}
