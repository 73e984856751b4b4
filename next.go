package rapbot

import "time"

// MoveKind names what an operation needs next.
type MoveKind string

// The moves.
const (
	MoveNone     MoveKind = "none"     // it has ended
	MoveAsk      MoveKind = "ask"      // show the plan and ask a second person
	MoveAwait    MoveKind = "await"    // a person must act; Until is when patience ends, zero for never
	MoveExpire   MoveKind = "expire"   // nobody answered in time
	MoveStart    MoveKind = "start"    // observe the world again, compare, begin (R2)
	MoveStep     MoveKind = "step"     // carry out step Step
	MoveRollBack MoveKind = "rollback" // turn around
	MoveUndo     MoveKind = "undo"     // undo step Step
	MoveQuestion MoveKind = "question" // stuck past the point of no return: ask a person
	MoveSucceed  MoveKind = "succeed"  // everything is done
	MoveFail     MoveKind = "fail"     // everything is undone, or a person gave up
	MoveReplan   MoveKind = "replan"   // everything is undone because the plan no longer fitted: ask again (R2)
)

// Move is the one thing that comes next.
type Move struct {
	Kind  MoveKind
	Step  int
	Until time.Time
}

// Next decides the one move that an operation needs. It is a pure function of
// the journal and the time, so that a restarted rapbot decides as the crashed
// one would have.
func Next(o Operation, now time.Time) Move {
	switch o.State {
	case Proposed:
		return Move{Kind: MoveAsk}
	case AwaitingApproval:
		if !now.Before(o.ExpiresAt) {
			return Move{Kind: MoveExpire}
		}
		return Move{Kind: MoveAwait, Until: o.ExpiresAt}
	case Approved:
		// An approval does not keep: what waited too long to start is not run.
		if !now.Before(o.ExpiresAt) {
			return Move{Kind: MoveExpire}
		}
		return Move{Kind: MoveStart}
	case NeedsDecision:
		return Move{Kind: MoveAwait}
	case Running:
		return nextRunning(o)
	}
	return Move{Kind: MoveNone}
}

func nextRunning(o Operation) Move {
	switch {
	case o.GivenUp != nil:
		return Move{Kind: MoveFail}
	case o.RollingBack:
		return nextUndo(o)
	case o.StopAsked != nil && !o.Committed():
		return Move{Kind: MoveRollBack}
	}
	for i, s := range o.Steps {
		switch s.Status {
		case StepPending, StepRunning:
			return Move{Kind: MoveStep, Step: i}
		case StepFailed:
			if o.Plan.Steps[i].Optional {
				continue
			}
			if o.Committed() {
				return Move{Kind: MoveQuestion, Step: i}
			}
			return Move{Kind: MoveRollBack, Step: i}
		}
	}
	return Move{Kind: MoveSucceed}
}

// nextUndo goes backwards over every step that was begun, the failed one
// included: a step that failed may have done half of its work.
func nextUndo(o Operation) Move {
	for i := len(o.Steps) - 1; i >= 0; i-- {
		if o.Plan.Steps[i].Undo == "" || o.Steps[i].Left {
			continue
		}
		switch o.Steps[i].Status {
		case StepRunning, StepDone, StepFailed, StepUndoing:
			return Move{Kind: MoveUndo, Step: i}
		}
	}
	for _, s := range o.Steps {
		if s.Stale && o.StopAsked == nil {
			return Move{Kind: MoveReplan}
		}
	}
	return Move{Kind: MoveFail}
}
