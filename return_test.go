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
		lost, rewindable   bool // the slot
		method, thrownAway string
	}{
		{"unread", nil, false, true, rapbot.MethodLater, "what only a has, counted and copied first"},
		{"unread, not rewindable", nil, false, false, rapbot.MethodLater, "what only a has, counted and copied first"},
		{"unread, slot lost", nil, true, true, rapbot.MethodRebuild, "its present data; what only a has is counted and copied first"},
		{"straight", &straight, false, true, rapbot.MethodStraight, "nothing"},
		{"straight, not rewindable", &straight, false, false, rapbot.MethodStraight, "nothing"},
		{"straight, slot lost", &straight, true, true, rapbot.MethodRebuild, "its present data, which b has"},
		{"its own way", &own, false, true, rapbot.MethodRewind, counted},
		{"its own way, not rewindable", &own, false, false, rapbot.MethodRebuild, counted},
		{"its own way, slot lost", &own, true, true, rapbot.MethodRebuild, counted},
		{"another cluster, though its end fits", &foreign, false, true, rapbot.MethodRebuild, cluster},
		{"another cluster, slot lost", &foreign, true, true, rapbot.MethodRebuild, cluster},
		{"another history, though its end fits", &unrelated, false, true, rapbot.MethodRebuild, history},
		{"another history, slot lost", &unrelated, true, false, rapbot.MethodRebuild, history},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := rapbot.ReturnOf("a", "b", "7", tt.d, tt.lost, tt.rewindable)
			if want := (rapbot.Return{Method: tt.method, Discard: tt.thrownAway}); got != want {
				t.Errorf("have %+v\nwant %+v", got, want)
			}
		})
	}
}
