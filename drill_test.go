package rapbot_test

import (
	"slices"
	"testing"
	"time"

	"github.com/rap-analyzer/rapbot"
)

var exercise = rapbot.Drill{Is: true}

// leg is an operation that succeeded.
func leg(id string, p rapbot.Plan) rapbot.Operation {
	return rapbot.Operation{ID: id, State: rapbot.Succeeded, Plan: p}
}

func TestNextLeg(t *testing.T) {
	there := leg("1", rapbot.Plan{Kind: rapbot.Switchover, From: "a", To: "b", Drill: exercise})
	lost := leg("1", rapbot.Plan{Kind: rapbot.Failover, From: "a", To: "b", Drill: exercise})
	of := rapbot.Drill{Is: true, Of: "1"}
	rejoined := leg("2", rapbot.Plan{Kind: rapbot.Rejoin, From: "a", To: "b", Drill: of})
	home := leg("3", rapbot.Plan{Kind: rapbot.Switchover, From: "b", To: "a", Drill: of})
	tests := []struct {
		name string
		legs []rapbot.Operation
		want rapbot.Wish // zero: there is none
	}{
		{"there, so home", []rapbot.Operation{there}, rapbot.Wish{Kind: rapbot.Switchover, Region: "a", Drill: of}},
		{"there and home", []rapbot.Operation{there, home}, rapbot.Wish{}},
		{"given up, so it comes back", []rapbot.Operation{lost}, rapbot.Wish{Kind: rapbot.Rejoin, Region: "a", Drill: of}},
		{"given up and back, so home", []rapbot.Operation{lost, rejoined}, rapbot.Wish{Kind: rapbot.Switchover, Region: "a", Drill: of}},
		{"given up, back and home", []rapbot.Operation{lost, rejoined, home}, rapbot.Wish{}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, more := rapbot.NextLeg(tt.legs)
			if got != tt.want || more != (tt.want != rapbot.Wish{}) {
				t.Errorf("have %+v, %t, want %+v", got, more, tt.want)
			}
		})
	}
}

// TestDrillOfAFailover: an exercise gives up a primary that is healthy, says so
// first, and is no other plan than the one that was approved as an exercise.
func TestDrillOfAFailover(t *testing.T) {
	healthy := fleet(primaryAt("a", written), replicaAt("b", written, noon), replicaAt("c", written, noon))
	if _, err := rapbot.PlanFailover(healthy, threeSites(), "b", limits, known()); rapbot.ErrorCode(err) != rapbot.Precondition {
		t.Fatalf("it is refused unless it is an exercise: %v", err)
	}
	clues := known()
	clues.Drill = exercise
	p := failover(t, healthy, "b", clues)
	if want := "This is an exercise: a is the primary, answers, and is given up as if it were lost."; p.Headline != want {
		t.Errorf("have %q, want %q", p.Headline, want)
	}
	if !p.Runnable() || p.From != "a" || p.Steps[0].Kind != rapbot.StepFence || p.Title() != "Drill: Fail over to b" {
		t.Errorf("%s from %s begins with %s; failed: %v", p.Title(), p.From, p.Steps[0].Kind, p.ChecksWith(rapbot.Fail))
	}
	earnest := p
	earnest.Drill = rapbot.Drill{}
	if earnest.Digest() == p.Digest() {
		t.Error("that it is an exercise is not in the digest")
	}
	if _, err := rapbot.PlanFailover(healthy, threeSites(), "a", limits, clues); rapbot.ErrorCode(err) != rapbot.Precondition {
		t.Errorf("an exercise makes the primary the primary: %v", err)
	}
}

// A plan can be made again from the wish that it was made from (R2).
func TestWishRoundTrip(t *testing.T) {
	second := rapbot.Drill{Is: true, Of: "1"}
	healthy := fleet(primaryAt("a", written), replicaAt("b", written, noon), replicaAt("c", written, noon))
	broken := fleet(gone("a", true), promoted("b"), replicaAt("c", written, noon))
	for _, drill := range []rapbot.Drill{{}, exercise, second} {
		for _, wish := range []rapbot.Wish{{Kind: rapbot.Switchover, Region: "b", Drill: drill}, {Kind: rapbot.Failover, Region: "b", Drill: drill}, {Kind: rapbot.Rejoin, Region: "a", Drill: drill}} {
			var p rapbot.Plan
			var err error
			switch wish.Kind {
			case rapbot.Switchover:
				p, err = rapbot.PlanSwitchover(healthy, threeSites(), wish.Region, limits)
			case rapbot.Failover:
				clues := known()
				clues.Drill = wish.Drill
				p, err = rapbot.PlanFailover(fleet(gone("a", true), cut("b", written), cut("c", written)), threeSites(), wish.Region, limits, clues)
				if p.Drill != wish.Drill {
					t.Errorf("a failover forgets of which drill it is: %+v", p.Drill)
				}
			case rapbot.Rejoin:
				p, err = rapbot.PlanRejoin(broken, threeSites(), wish.Region, nil)
			}
			p.Drill = wish.Drill
			if err != nil || p.Wish() != wish {
				t.Errorf("have %+v, %v, want %+v", p.Wish(), err, wish)
			}
		}
	}
}

func TestMoments(t *testing.T) {
	at := func(s int) time.Time { return noon.Add(time.Duration(s) * time.Second) }
	switched := history(t, append(upTo(9), of(rapbot.RecSucceeded)...)...) // records are a second apart; its steps begin with the fifth
	want := []rapbot.Moment{{at(6), "writers blocked"}, {at(15), "b promoted"}}
	if got := switched.Moments(); !slices.Equal(got, want) {
		t.Errorf("have %v, want %v", got, want)
	}
	fenced := lostPrimary(t, step(rapbot.RecStepDone, fence), step(rapbot.RecStepStarted, fence+1))
	if got, want := fenced.Moments(), []rapbot.Moment{{at(7), "fenced"}}; !slices.Equal(got, want) {
		t.Errorf("have %v, want %v", got, want)
	}
	if got := lostPrimary(t).Moments(); len(got) != 0 {
		t.Errorf("a fence that has only begun stands out: %v", got)
	}
}

func TestProgressInWords(t *testing.T) {
	tests := map[rapbot.Progress]string{
		{}:                        "",
		{Done: 512}:               "512 B",
		{Total: mib}:              "0 B of 1.0 MiB",
		{Done: kib, Total: mib}:   "1.0 KiB of 1.0 MiB",
		{Done: mib, Total: mib}:   "1.0 MiB of 1.0 MiB",
		{Done: 3 * mib, Total: 0}: "3.0 MiB",
	}
	for p, want := range tests {
		if got := p.String(); got != want {
			t.Errorf("%+v: have %q, want %q", p, got, want)
		}
	}
}
