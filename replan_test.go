package rapbot_test

import (
	"testing"
	"time"

	"github.com/rap-analyzer/rapbot"
)

// stale is a step that found the world other than it was approved.
func stale() rapbot.Record {
	return rapbot.Record{Kind: rapbot.RecStepFailed, Step: fence, Stale: true, Text: "the loss is worse"}
}

// A plan that no longer fits is taken back and asked for anew (R2).
func TestReplan(t *testing.T) {
	back := lostPrimary(t, stale())
	if got := rapbot.Next(back, noon); got != (rapbot.Move{Kind: rapbot.MoveRollBack, Step: fence}) {
		t.Fatalf("after the step: %+v", got)
	}
	back = further(t, back, rapbot.Record{Kind: rapbot.RecProgress, Step: fence, Progress: &rapbot.Progress{Done: 1, Total: 2}}, rapbot.Record{Kind: rapbot.RecRollback, Text: "It did not fit."}, step(rapbot.RecUndoStarted, 0), step(rapbot.RecUndone, 0))
	if got := rapbot.Next(back, noon); got != (rapbot.Move{Kind: rapbot.MoveReplan}) {
		t.Fatalf("after everything is undone: %+v", got)
	}
	p := failover(t, fleet(gone("a", true), cut("b", written), cut("c", written)), "b", known())
	o := further(t, back, rapbot.Record{Kind: rapbot.RecReplanned, Plan: &p, Expires: noon.Add(time.Hour), Text: "loss"})
	if o.State != rapbot.AwaitingApproval || o.Approver != nil || !o.ApprovedAt.IsZero() || o.Started() || o.RollingBack || o.Outcome != "" || len(o.Evidence) != 0 || o.Plan.Digest() != p.Digest() {
		t.Errorf("it does not begin anew: %+v", o)
	}
	for i, s := range o.Steps {
		if s != (rapbot.StepState{Status: rapbot.StepPending}) {
			t.Errorf("step %d: %+v", i, s)
		}
	}
	if got := rapbot.Next(o, noon); got != (rapbot.Move{Kind: rapbot.MoveAwait, Until: noon.Add(time.Hour)}) {
		t.Errorf("next = %+v", got)
	}
	if code := rapbot.ErrorCode(rapbot.JudgeApproval(o, bob, back.Plan.Digest(), noon)); code != rapbot.Stale {
		t.Errorf("the old plan is approved: %q", code)
	}
	o = further(t, o, rapbot.Record{Kind: rapbot.RecApproved, By: &bob, Digest: p.Digest()}, rapbot.Record{Kind: rapbot.RecStarted})
	if got := rapbot.Next(o, noon); got != (rapbot.Move{Kind: rapbot.MoveStep}) {
		t.Errorf("approved again: %+v", got)
	}
}

// Somebody who stopped it is not asked again.
func TestNoReplanAfterAStop(t *testing.T) {
	o := lostPrimary(t, stale(), rapbot.Record{Kind: rapbot.RecStopAsked, By: &bob}, rapbot.Record{Kind: rapbot.RecRollback}, step(rapbot.RecUndoStarted, 0), step(rapbot.RecUndone, 0))
	if got := rapbot.Next(o, noon); got != (rapbot.Move{Kind: rapbot.MoveFail}) {
		t.Errorf("next = %+v", got)
	}
}

// Past the point of no return there is no other plan.
func TestNoReplanAfterThePromotion(t *testing.T) {
	p := lostPrimary(t).Plan
	var records []rapbot.Record
	for i, s := range p.Steps[fence:] {
		records = append(records, step(rapbot.RecStepStarted, fence+i))
		if s.Commits {
			break
		}
		records = append(records, step(rapbot.RecStepDone, fence+i))
	}
	o := lostPrimary(t, records[1:]...)
	got, err := rapbot.Apply(o, rapbot.Record{Seq: o.Seq() + 1, Kind: rapbot.RecReplanned, Plan: &p})
	if rapbot.ErrorCode(err) != rapbot.Conflict || got.Seq() != o.Seq() || got.State != rapbot.Running {
		t.Errorf("%v, %s", err, got.State)
	}
}

// Whoever ends what ran before is not told that nothing was changed (R7).
func TestUnchangedSinceItWasTakenBack(t *testing.T) {
	const since = "Nothing was changed since it was rolled back."
	again := askedAgain(t)
	if !again.RanBefore() || again.Unchanged() != since {
		t.Errorf("ran before: %t, %q", again.RanBefore(), again.Unchanged())
	}
	rejected := further(t, again, rapbot.Record{Kind: rapbot.RecRejected, By: &bob, Text: "no"})
	if want := "Rejected by bob: no. " + since; rejected.Outcome != want {
		t.Errorf("have %q, want %q", rejected.Outcome, want)
	}
	started := further(t, again, rapbot.Record{Kind: rapbot.RecApproved, By: &bob, Digest: again.Plan.Digest()}, rapbot.Record{Kind: rapbot.RecStarted})
	fresh := history(t, of(rapbot.RecAsked)...)
	for name, o := range map[string]rapbot.Operation{"it runs again": started, "it never ran": fresh} {
		if o.RanBefore() || o.Unchanged() != "Nothing was changed." {
			t.Errorf("%s: %t, %q", name, o.RanBefore(), o.Unchanged())
		}
	}
}

// askedAgain is a failover whose plan no longer fitted, with the same plan.
func askedAgain(t *testing.T) rapbot.Operation {
	t.Helper()
	p := lostPrimary(t).Plan
	return lostPrimary(t, stale(), rapbot.Record{Kind: rapbot.RecRollback}, step(rapbot.RecUndoStarted, 0), step(rapbot.RecUndone, 0),
		rapbot.Record{Kind: rapbot.RecReplanned, Plan: &p, Expires: noon.Add(time.Hour), Text: "loss"})
}
