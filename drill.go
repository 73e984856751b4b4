package rapbot

import "time"

// WriteTry is one write tried as an application would, to see how a drill
// felt from outside.
type WriteTry struct {
	At     time.Time     // when it began
	Took   time.Duration // until it was acknowledged, or until it was given up
	Region string        // that took it; empty when none did
}

// untried is the longest pause between two tries after which they still follow
// each other.
const untried = 500 * time.Millisecond

// Follows reports whether writes were tried all the while since an earlier
// try. Between the legs of a drill none are, and what nobody tried has not
// failed.
func (t WriteTry) Follows(earlier WriteTry) bool {
	return t.At.Sub(earlier.At.Add(earlier.Took)) <= untried
}

// Moment is something that happened, for a picture.
type Moment struct {
	At   time.Time
	What string // two or three words
}

// NextLeg is what a drill calls for after the legs that it has had, in order,
// the last of which succeeded: a region that was given up comes back, and the
// primary goes home. False when nothing is left.
func NextLeg(legs []Operation) (Wish, bool) {
	first, last := legs[0], legs[len(legs)-1]
	next := Wish{Drill: Drill{Is: true, Of: first.ID}}
	switch {
	case last.Plan.Kind == Failover:
		next.Kind, next.Region = Rejoin, last.Plan.From
	case last.Plan.To != first.Plan.From:
		next.Kind, next.Region = Switchover, first.Plan.From
	default:
		return Wish{}, false
	}
	return next, true
}

// Moments are what stood out in an operation: when writers were held back and
// when the new primary was there.
func (o Operation) Moments() []Moment {
	var out []Moment
	for i, s := range o.Steps {
		if s.Status != StepDone {
			continue
		}
		switch o.Plan.Steps[i].Kind {
		case StepBlock:
			out = append(out, Moment{s.Started, "writers blocked"})
		case StepFence:
			out = append(out, Moment{s.Ended, "fenced"})
		case StepPromote:
			out = append(out, Moment{s.Ended, o.Plan.To + " promoted"})
		}
	}
	return out
}
