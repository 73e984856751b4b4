package bot

import "testing"

// TestNewsIn: what people must notice, and nothing else.
func TestNewsIn(t *testing.T) {
	for _, tt := range []struct {
		name        string
		before, now string
		want        news
	}{
		{"the same", "firing 1 3", "firing 1 3", noNews},
		{"alerts joined", "firing 1 3", "firing 1 5", moreFire},
		{"it resolved", "firing 1 3", "resolved 1 3", turned},
		{"it fires again", "resolved 1 3", "firing 2 1", turned},
		{"it resolved and fires again since", "firing 1 3", "firing 2 5", turned},
		{"it fired and resolved again since", "resolved 1 3", "resolved 2 3", turned},
		{"alerts that resolved are known as long as the group fires", "resolved 2 3", "resolved 2 4", noNews},
		{"told before the numbers were kept", "firing", "firing 4 9", noNews},
		{"told before the numbers were kept, and resolved", "firing", "resolved 4 9", turned},
	} {
		if got := newsIn(parseTold(tt.before), parseTold(tt.now)); got != tt.want {
			t.Errorf("%s: %d, want %d", tt.name, got, tt.want)
		}
		if got := parseTold(tt.now).String(); got != tt.now {
			t.Errorf("%s is kept as %q", tt.now, got)
		}
	}
}
