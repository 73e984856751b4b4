package judge

import (
	"fmt"
	"maps"
	"slices"
)

// whole is I8.
func whole(h History) []string {
	var broken []string
	primaries, timeline := 0, 0
	for _, s := range h.Fleet {
		if s.Role == "primary" {
			primaries++
			timeline = s.Timeline
		}
	}
	if primaries != 1 {
		broken = append(broken, fmt.Sprintf("%d primaries at the end", primaries))
	}
	for _, s := range h.Fleet {
		switch {
		case s.Silence != "":
			broken = append(broken, fmt.Sprintf("%s gives no answer: %s", s.Region, s.Silence))
		case s.Role == "primary":
		case !s.Streaming || s.Timeline != timeline:
			broken = append(broken, fmt.Sprintf("%s does not stream timeline %d (streaming: %t, timeline %d)", s.Region, timeline, s.Streaming, s.Timeline))
		case !s.Fresh:
			broken = append(broken, s.Region+" has not replayed the row that was written last")
		}
	}
	return broken
}

// asDeclared is I11.
func asDeclared(h History) []string {
	var broken []string
	for _, s := range h.Fleet {
		for _, name := range slices.Sorted(maps.Keys(s.Altered)) {
			broken = append(broken, fmt.Sprintf("%s: %s is %q", s.Region, name, s.Altered[name]))
		}
		if !slices.Equal(s.Slots, s.Expected) {
			broken = append(broken, fmt.Sprintf("%s, a %s, has the slots %v, want %v", s.Region, s.Role, s.Slots, s.Expected))
		}
	}
	return broken
}

// keptSecret is I12.
func keptSecret(h History) []string { return h.Secrets }

// Settled reports whether a fleet is whole and as declared, so that there is nothing to wait for.
func Settled(fleet []Standing) bool {
	h := History{Fleet: fleet}
	return len(whole(h)) == 0 && len(asDeclared(h)) == 0
}
