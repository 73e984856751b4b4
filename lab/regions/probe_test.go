package regions

import (
	"testing"
	"time"
)

func TestOverlaps(t *testing.T) {
	at := func(server string, timeline, ms int) Sample {
		moment := time.UnixMilli(int64(ms))
		return Sample{Server: server, Timeline: timeline, Committed: true, Start: moment, At: moment, End: moment.Add(20 * time.Millisecond)}
	}
	refused := at("a", 1, 30)
	refused.Committed = false
	for _, test := range []struct {
		name    string
		samples []Sample
		want    int
	}{
		{"one after the other", []Sample{at("a", 1, 0), at("b", 2, 10), at("b", 2, 60)}, 0},
		{"there and back", []Sample{at("a", 1, 0), at("b", 2, 10), at("a", 3, 20)}, 0},
		{"the old one goes on", []Sample{at("a", 1, 0), at("b", 2, 10), at("a", 1, 50), at("a", 1, 100)}, 2},
		{"the old one comes back late", []Sample{at("b", 2, 10), at("c", 3, 20), at("a", 1, 9000)}, 2},
		{"the answers cross", []Sample{at("b", 2, 10), at("a", 1, 0)}, 0},
		{"one timeline, two servers", []Sample{at("a", 2, 0), at("b", 2, 10)}, 2},
		{"the old one refuses", []Sample{at("a", 1, 0), at("b", 2, 10), refused}, 0},
	} {
		if got := Overlaps(test.samples); len(got) != test.want {
			t.Errorf("%s: %d overlaps, want %d: %+v", test.name, len(got), test.want, got)
		}
	}
}

// The witness must see what it is there for: a replica promoted beside a primary that goes on.
func TestProbeSeesTwoPrimaries(t *testing.T) {
	f := newFleet(t, "us-east-1", "eu-west-1")
	probe := f.StartProbe()
	eventually(t, "the probe writes", func() bool { return len(probe.Samples()) > 9 })
	do(t, login(t, f.Region("eu-west-1").DSN(Rapbot)), "SELECT pg_promote()")
	eventually(t, "the probe has proof", func() bool { return len(probe.TwoWritable()) > 0 })
	proof := probe.TwoWritable()[0]
	if proof.Old.Server != "us-east-1" || proof.New.Server != "eu-west-1" || proof.New.Timeline != 2 {
		t.Errorf("%+v", proof)
	}
}
