package rapbot

import (
	"testing"
	"time"
)

// An answer that is newer than the newest sample takes its place wholly: time
// and log between the two are at risk like the rest.
func TestLossCountsFromTheNewestAnswer(t *testing.T) {
	t0 := time.Date(2026, 3, 1, 3, 0, 0, 0, time.UTC)
	last := Sample{At: t0, Region: "us-east-1", Role: Primary, Position: 1000, Clock: t0}
	dead := Region{Name: "us-east-1", Sighting: Sighting{
		LastAnswer: t0.Add(time.Second), RefusedSince: t0.Add(2 * time.Second),
		Server: Server{Flush: 5000, Clock: t0.Add(time.Second)},
	}}
	best := Region{Name: "us-west-2", Sighting: Sighting{Server: Server{Have: 900, Replay: 800, Heartbeat: t0.Add(-time.Second)}}}
	l := lossOf(last, 0, dead, best, t0.Add(time.Minute))
	if want := 3 * time.Second; l.Time != want {
		t.Errorf("time at risk %s, want %s", l.Time, want)
	}
	if l.Known != 4200 || l.Bytes != 4200+leastRate+slack {
		t.Errorf("known %d, at the most %d", l.Known, l.Bytes)
	}
}
