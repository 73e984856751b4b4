package rapbot

import "testing"

// Of two old pods that serve and a new one that does not start, none is new and ready.
func TestRenewed(t *testing.T) {
	for _, c := range []struct {
		name string
		w    Workload
		want int
	}{
		{"a new pod that cannot start beside the old ones", Workload{Desired: 2, Pods: 3, Updated: 1, Ready: 2}, 0},
		{"the first new one serves", Workload{Desired: 2, Pods: 3, Updated: 1, Ready: 3}, 1},
		{"the last old one goes", Workload{Desired: 2, Pods: 3, Updated: 2, Ready: 3}, 2},
		{"a first installation, half way", Workload{Desired: 2, Pods: 2, Updated: 2, Ready: 1}, 1},
		{"counted before its pods are seen", Workload{Desired: 2, Updated: 2}, 0},
	} {
		if got := c.w.Renewed(); got != c.want {
			t.Errorf("%s: %d, want %d", c.name, got, c.want)
		}
	}
}
