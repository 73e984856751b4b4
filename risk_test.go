package rapbot_test

import (
	"maps"
	"testing"
	"time"

	"github.com/rap-analyzer/rapbot"
)

// The fence of these tests is step 1, begun and asking whether somebody
// accepts that it cannot be confirmed.
const fence = 1

// lostPrimary is a failover that runs, with these records after its start.
func lostPrimary(t *testing.T, records ...rapbot.Record) rapbot.Operation {
	t.Helper()
	p := failover(t, fleet(gone("a", false), cut("b", written), cut("c", written)), "b", known())
	if p.Steps[fence].Kind != rapbot.StepFence {
		t.Fatalf("step %d is %s", fence, p.Steps[fence].Kind)
	}
	all := []rapbot.Record{
		{Kind: rapbot.RecProposed, Plan: &p, By: &alice, Expires: noon.Add(10 * time.Minute)},
		{Kind: rapbot.RecAsked},
		{Kind: rapbot.RecApproved, By: &bob, Digest: p.Digest()},
		{Kind: rapbot.RecStarted},
		step(rapbot.RecStepStarted, 0),
		{Kind: rapbot.RecStepDone, Step: 0, Evidence: map[string]string{rapbot.EvFrozen: "b,c"}},
		step(rapbot.RecStepStarted, fence),
	}
	return further(t, rapbot.Operation{ID: "1"}, append(all, records...)...)
}

// further applies records, numbering them.
func further(t *testing.T, o rapbot.Operation, records ...rapbot.Record) rapbot.Operation {
	t.Helper()
	for _, r := range records {
		r.Seq, r.At = o.Seq()+1, noon.Add(time.Duration(o.Seq())*time.Second)
		var err error
		if o, err = rapbot.Apply(o, r); err != nil {
			t.Fatalf("record %d (%s): %v", r.Seq, r.Kind, err)
		}
	}
	return o
}

func question() rapbot.Record {
	return rapbot.Record{Kind: rapbot.RecQuestion, Step: fence, Risk: true, Text: "Nothing shows that a is fenced."}
}

func answer(text string) rapbot.Record {
	return rapbot.Record{Kind: rapbot.RecAnswered, By: &bob, Text: text}
}

func TestRisk(t *testing.T) {
	asked := lostPrimary(t, question())
	if asked.State != rapbot.NeedsDecision || asked.Risk != rapbot.StepFence || asked.Question == "" {
		t.Fatalf("state %s, risk %q, question %q", asked.State, asked.Risk, asked.Question)
	}
	if got := rapbot.Next(asked, noon.Add(time.Hour)); got != (rapbot.Move{Kind: rapbot.MoveAwait}) {
		t.Errorf("while a person is asked: %+v", got)
	}
	tests := []struct {
		answer   string
		want     rapbot.Move
		accepted string
	}{
		{rapbot.AnswerProceed, rapbot.Move{Kind: rapbot.MoveStep, Step: fence}, "bob (UBOB)"},
		{rapbot.AnswerRetry, rapbot.Move{Kind: rapbot.MoveStep, Step: fence}, ""},
		{rapbot.AnswerStop, rapbot.Move{Kind: rapbot.MoveRollBack}, ""},
	}
	for _, tt := range tests {
		t.Run(tt.answer, func(t *testing.T) {
			o := further(t, asked, answer(tt.answer))
			if got := rapbot.Next(o, noon); got != tt.want {
				t.Errorf("next = %+v, want %+v", got, tt.want)
			}
			if got := o.Evidence[rapbot.EvAccepted(rapbot.StepFence)]; got != tt.accepted {
				t.Errorf("accepted by %q, want %q", got, tt.accepted)
			}
			if o.State != rapbot.Running || o.Question != "" || o.Risk != "" || o.GivenUp != nil {
				t.Errorf("state %s, question %q, risk %q, given up by %v", o.State, o.Question, o.Risk, o.GivenUp)
			}
			if len(asked.Evidence) != 1 {
				t.Errorf("the operation before the answer has changed: %v", asked.Evidence)
			}
		})
	}
}

// Without somebody who gave it there is no answer and no approval (R1).
func TestAnswerNeedsSomebody(t *testing.T) {
	stuck := question()
	stuck.Risk = false
	approval := lostPrimary(t).Plan.Digest()
	tests := []struct {
		name string
		o    rapbot.Operation
		r    rapbot.Record
	}{
		{"a risk is accepted", lostPrimary(t, question()), answer(rapbot.AnswerProceed)},
		{"a risk is not accepted", lostPrimary(t, question()), answer(rapbot.AnswerStop)},
		{"it is given up", lostPrimary(t, stuck), answer(rapbot.AnswerStop)},
		{"it is tried again", lostPrimary(t, stuck), answer(rapbot.AnswerRetry)},
		{"it is approved", askedAgain(t), rapbot.Record{Kind: rapbot.RecApproved, Digest: approval}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tt.r.Seq, tt.r.By = tt.o.Seq()+1, nil
			got, err := rapbot.Apply(tt.o, tt.r)
			if rapbot.ErrorCode(err) != rapbot.Internal || got.Seq() != tt.o.Seq() || got.State != tt.o.State || got.Question != tt.o.Question {
				t.Errorf("%v; it is %s", err, got.State)
			}
		})
	}
}

// A risk that is not accepted takes back what was done, and ends it.
func TestRiskIsNotAccepted(t *testing.T) {
	o := further(t, lostPrimary(t, question()), answer(rapbot.AnswerStop), rapbot.Record{Kind: rapbot.RecRollback, Text: "bob stopped it."})
	if got := rapbot.Next(o, noon); got != (rapbot.Move{Kind: rapbot.MoveUndo}) {
		t.Errorf("the replicas stay frozen: %+v", got)
	}
	o = further(t, o, step(rapbot.RecUndoStarted, 0), step(rapbot.RecUndone, 0))
	if got := rapbot.Next(o, noon); got != (rapbot.Move{Kind: rapbot.MoveFail}) {
		t.Errorf("after everything is undone: %+v", got)
	}
}

// A question that is no risk has no proceeding: the same step is tried again,
// or it is given up.
func TestQuestionWithoutRisk(t *testing.T) {
	stuck := question()
	stuck.Risk = false
	asked := lostPrimary(t, step(rapbot.RecStepFailed, fence), stuck)
	if asked.Risk != "" {
		t.Fatalf("risk %q", asked.Risk)
	}
	if got := rapbot.Next(further(t, asked, answer(rapbot.AnswerRetry)), noon); got != (rapbot.Move{Kind: rapbot.MoveStep, Step: fence}) {
		t.Errorf("tried again: %+v", got)
	}
	if got := rapbot.Next(further(t, asked, answer(rapbot.AnswerStop)), noon); got != (rapbot.Move{Kind: rapbot.MoveFail}) {
		t.Errorf("given up: %+v", got)
	}
	if rapbot.ErrorCode(rapbot.JudgeAnswer(asked, asked.Asked, rapbot.AnswerProceed, bob)) != rapbot.Stale {
		t.Error("there was nothing to accept, and it was accepted")
	}
}

func TestJudgeAnswer(t *testing.T) {
	risk := lostPrimary(t, question())
	stuck := question()
	stuck.Risk = false
	plain := lostPrimary(t, stuck)
	requester := alice
	requester.Approver = true
	outsider := rapbot.Person{ID: "UCAROL", Name: "carol"}
	guest := bob
	guest.Guest = true
	tests := []struct {
		name   string
		o      rapbot.Operation
		answer string
		by     rapbot.Person
		want   rapbot.Code
	}{
		{"an approver proceeds", risk, rapbot.AnswerProceed, bob, ""},
		{"an approver tries again", risk, rapbot.AnswerRetry, bob, ""},
		{"an approver stops it", risk, rapbot.AnswerStop, bob, ""},
		{"the requester proceeds", risk, rapbot.AnswerProceed, requester, rapbot.Forbidden},
		{"the requester, an approver too, tries again", risk, rapbot.AnswerRetry, requester, ""},
		{"the requester, an approver too, stops it", risk, rapbot.AnswerStop, requester, ""},
		{"the requester, no approver, stops it", risk, rapbot.AnswerStop, alice, rapbot.Forbidden},
		{"somebody else proceeds", risk, rapbot.AnswerProceed, outsider, rapbot.Forbidden},
		{"a guest proceeds", risk, rapbot.AnswerProceed, guest, rapbot.Forbidden},
		{"nobody proceeds", risk, rapbot.AnswerProceed, rapbot.Person{Approver: true}, rapbot.Forbidden},
		{"proceeding where another thing is asked", plain, rapbot.AnswerProceed, bob, rapbot.Stale},
		{"trying again where another thing is asked", plain, rapbot.AnswerRetry, bob, ""},
		{"after it was answered", further(t, risk, answer(rapbot.AnswerProceed)), rapbot.AnswerProceed, bob, rapbot.Settled},
		{"before it was asked", lostPrimary(t), rapbot.AnswerProceed, bob, rapbot.Settled},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := rapbot.ErrorCode(rapbot.JudgeAnswer(tt.o, tt.o.Asked, tt.answer, tt.by)); got != tt.want {
				t.Errorf("code %q, want %q", got, tt.want)
			}
			if tt.want != "" {
				return
			}
			if got := rapbot.ErrorCode(rapbot.JudgeAnswer(tt.o, tt.o.Asked-1, tt.answer, tt.by)); got != rapbot.Stale {
				t.Errorf("to another question: code %q, want %q", got, rapbot.Stale)
			}
		})
	}
}

// What was really lost is told after the end, and changes nothing else.
func TestLossCountedLater(t *testing.T) {
	for _, end := range []rapbot.RecordKind{rapbot.RecSucceeded, rapbot.RecFailed} {
		before := lostPrimary(t, rapbot.Record{Kind: end, Text: "That was it."})
		found := map[string]string{rapbot.EvLost: "3", rapbot.EvLossBytes: "2048", rapbot.EvSaved: "/salvage/a"}
		o := further(t, before, rapbot.Record{Kind: rapbot.RecLossCounted, Text: "3 commits were lost.", Evidence: found})
		maps.DeleteFunc(found, func(k, v string) bool { return o.Evidence[k] == v })
		if !o.LossCounted || len(found) > 0 || o.Evidence[rapbot.EvFrozen] != "b,c" {
			t.Errorf("after %s: counted %t, evidence %v", end, o.LossCounted, o.Evidence)
		}
		if o.State != before.State || o.EndedAt != before.EndedAt || o.Outcome != "That was it." || before.LossCounted || before.Evidence[rapbot.EvLost] != "" {
			t.Errorf("after %s: %s, ended at %v, %q", end, o.State, o.EndedAt, o.Outcome)
		}
		if got := rapbot.Next(o, noon); got != (rapbot.Move{Kind: rapbot.MoveNone}) {
			t.Errorf("next = %+v", got)
		}
	}
}
