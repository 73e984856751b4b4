package rapbot_test

import (
	"testing"
	"time"

	"github.com/rap-analyzer/rapbot"
)

// TestLossCounted offers what was read of the dead primary's log.
func TestLossCounted(t *testing.T) {
	fits := rapbot.Divergence{SystemID: "7", Timeline: 1, Related: true, Fork: written, End: written + 500, Commits: 3}
	tests := []struct {
		name   string
		change func(*rapbot.Divergence)
		want   string
	}{
		{"it fits", func(*rapbot.Divergence) {}, "exactly 3 commits (500 B of WAL), counted in its own log"},
		{"one commit", func(d *rapbot.Divergence) { d.Commits = 1 }, "exactly 1 commit (500 B of WAL), counted in its own log"},
		{"no commits", func(d *rapbot.Divergence) { d.Commits = 0 }, "nothing, counted in its own log"},
		{"nothing at all", func(d *rapbot.Divergence) { d.Commits, d.End = 0, written }, "nothing, counted in its own log"},
		{"of another cluster", func(d *rapbot.Divergence) { d.SystemID = "8" }, "at the most 2.1 MiB of WAL, written in its last 3 s"},
		{"of another history", func(d *rapbot.Divergence) { d.Related = false }, "at the most 2.1 MiB of WAL, written in its last 3 s"},
		{"it parts past what the replica has", func(d *rapbot.Divergence) { d.Fork, d.End = written+1, written+501 }, "at the most 2.1 MiB of WAL, written in its last 3 s"},
		{"it ends long before the primary was last seen", func(d *rapbot.Divergence) { d.Fork, d.End, d.Commits = written-mib, written-mib, 0 }, "at the most 2.1 MiB of WAL, written in its last 3 s"},
		{"it is of an older timeline than the primary was", func(d *rapbot.Divergence) { d.Timeline = 0 }, "at the most 2.1 MiB of WAL, written in its last 3 s"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			clues, d := known(), fits
			tt.change(&d)
			clues.Divergence = &d
			for _, a := range []rapbot.Sighting{gone("a", true), forgotten("a", true)} {
				got := loss(t, clues, a, cut("b", written), cut("c", written))
				if got.String() != tt.want {
					t.Errorf("have %q, want %q", got, tt.want)
				}
				if got.None() != (tt.want == "nothing, counted in its own log") || got.None() && got.Time != 0 {
					t.Errorf("nothing is lost: %t, in %s", got.None(), got.Time)
				}
			}
			clues.History = nil
			if got := loss(t, clues, gone("a", false), cut("b", written), cut("c", written)); got.Counted && (got.Open || got.Unknown) {
				t.Errorf("counted, and yet %s", got)
			}
		})
	}
}

// A count made a moment ago is good for as long as nothing has moved: it needs
// a primary that is still dead, and a replica that has not lost anything.
func TestLossCountedBefore(t *testing.T) {
	counted := rapbot.Loss{Counted: true, Commits: 3, Bytes: 500, Known: 500, Time: 3 * time.Second, From: written, Seen: seenLast}
	bound := counted
	bound.Counted = false
	again := gone("a", true)
	again.RefusedSince = noon.Add(-time.Millisecond) // the count was made five seconds before
	running := &rapbot.Witness{Name: "its instance", Says: rapbot.Alive, Sees: "the process runs"}
	tests := []struct {
		name      string
		before    rapbot.Loss
		instance  *rapbot.Witness
		sightings []rapbot.Sighting
		kept      bool
	}{
		{"nothing has moved", counted, nil, []rapbot.Sighting{gone("a", true), cut("b", written), cut("c", written)}, true},
		{"rapbot was restarted", counted, nil, []rapbot.Sighting{forgotten("a", true), cut("b", written), cut("c", written)}, true},
		{"a replica has more", counted, nil, []rapbot.Sighting{gone("a", true), cut("b", written+kib), cut("c", written)}, true},
		{"every replica has less", counted, nil, []rapbot.Sighting{gone("a", true), cut("b", written-1), cut("c", written-1)}, false},
		{"it is silent", counted, nil, []rapbot.Sighting{gone("a", false), cut("b", written), cut("c", written)}, false},
		{"its process runs again", counted, running, []rapbot.Sighting{gone("a", true), cut("b", written), cut("c", written)}, false},
		{"a replica is fed again", counted, nil, []rapbot.Sighting{gone("a", true), fed("b", written), cut("c", written)}, false},
		{"it answers again", counted, nil, []rapbot.Sighting{primaryAt("a", written), cut("b", written), cut("c", written)}, false},
		{"it has answered in between", counted, nil, []rapbot.Sighting{again, cut("b", written), cut("c", written)}, false},
		{"it was a bound, and no count", bound, nil, []rapbot.Sighting{gone("a", true), cut("b", written), cut("c", written)}, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			clues := known()
			clues.Counted, clues.CountedAt, clues.Instance = &tt.before, noon.Add(-5*time.Second), tt.instance
			got := loss(t, clues, tt.sightings...)
			clues.Counted = nil
			want := loss(t, clues, tt.sightings...)
			if tt.kept {
				want = counted
			}
			if got != want {
				t.Errorf("have %+v\nwant %+v", figures(got), figures(want))
			}
		})
	}
}

// refusedUntil are the samples of a region that was found dead at every look.
func refusedUntil(end time.Time) []rapbot.Sample {
	var out []rapbot.Sample
	for at := seenLast.Add(2 * time.Second); !at.After(end); at = at.Add(time.Second) {
		out = append(out, rapbot.Sample{At: at, Region: "a", Role: rapbot.Unknown})
	}
	return out
}

// While nobody looked the primary may have come up, written and died again: the
// time in which it may have written goes on to the first look after that.
func TestADeathThatNobodyWatched(t *testing.T) {
	clues := known()
	clues.History = append(clues.History, refusedUntil(noon)...)
	a := forgotten("a", true)
	a.At, a.RefusedSince = noon.Add(time.Minute), noon.Add(time.Minute)
	after := rapbot.Assess([]rapbot.Sighting{a, cut("b", written), cut("c", written)}, noon.Add(time.Minute))
	if dead := failover(t, after, "b", clues).Impact.Loss.Dead; !dead.Equal(a.RefusedSince) {
		t.Errorf("dead since %v, want %v", dead, a.RefusedSince)
	}
}

// Samples are taken less often than looks: the first look that found the primary
// dead is not forgotten for the samples after it, nor is what was counted then.
func TestTheFirstLookIsWhenItDied(t *testing.T) {
	clues := known()
	a := gone("a", true)
	first := a.RefusedSince
	for s := range 3 {
		clues.History = append(clues.History, rapbot.Sample{At: first.Add(time.Duration(s)*time.Second + 50*time.Millisecond), Region: "a", Role: rapbot.Unknown})
	}
	if dead := failover(t, fleet(a, cut("b", written), cut("c", written)), "b", clues).Impact.Loss.Dead; !dead.Equal(first) {
		t.Errorf("dead since %v, want %v", dead, first)
	}
}

// A restart of rapbot between the proposal and the approval moves the moment
// since when the primary refuses, and not the bound: the samples have kept it.
func TestTheBoundOutlivesARestart(t *testing.T) {
	before := fleet(gone("a", true), cut("b", written), cut("c", written))
	clues := known()
	clues.History = append(clues.History, refusedUntil(noon.Add(54*time.Second))...)
	proposed := failover(t, before, "b", clues)

	a := forgotten("a", true)
	a.At, a.RefusedSince = noon.Add(time.Minute), noon.Add(time.Minute)
	after := rapbot.Assess([]rapbot.Sighting{a, cut("b", written), cut("c", written)}, noon.Add(time.Minute))
	clues.History = append(clues.History, after.Samples()...)
	approved := failover(t, after, "b", clues)

	if *approved.Impact.Loss != *proposed.Impact.Loss {
		t.Errorf("have %+v\nwant %+v", figures(*approved.Impact.Loss), figures(*proposed.Impact.Loss))
	}
	if dead := approved.Impact.Loss.Dead; !dead.Equal(seenLast.Add(2 * time.Second)) {
		t.Errorf("known to be dead since %v", dead)
	}
	if diff := proposed.Difference(approved); diff != "" || proposed.Digest() != approved.Digest() {
		t.Errorf("it is asked again: %q", diff)
	}
}

// A death before the primary was last seen is over: it came back since.
func TestAnOldDeathDoesNotCount(t *testing.T) {
	clues := known()
	clues.History = append([]rapbot.Sample{{At: seenLast.Add(-30 * time.Second), Region: "a", Role: rapbot.Unknown}}, clues.History[31:]...)
	clues.History = append(clues.History, rapbot.Sample{At: seenLast.Add(time.Second), Region: "b", Role: rapbot.Unknown}) // another's
	got := loss(t, clues, gone("a", true), cut("b", written), cut("c", written))
	if want := seenLast.Add(2 * time.Second); !got.Dead.Equal(want) {
		t.Errorf("dead since %v, want %v", got.Dead, want)
	}
}
