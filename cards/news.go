package cards

import (
	"fmt"
	"slices"
	"strings"

	"github.com/rap-analyzer/rapbot"
)

// News is what a record of an operation gives the thread to read, because an
// edited card does not notify anybody. Most records give nothing.
func News(o rapbot.Operation, r rapbot.Record) (rapbot.Message, bool) {
	if r.Kind == rapbot.RecAsked || r.Kind == rapbot.RecReplanned {
		if m, has := whatChanges(o, r); has {
			return m, true
		}
	}
	text := newsText(o, r)
	if text == nil {
		return rapbot.Message{}, false
	}
	return rapbot.Message{Summary: text.Plain(), Blocks: []rapbot.Block{rapbot.Paragraph{Text: text}}}, true
}

func newsText(o rapbot.Operation, r rapbot.Record) rapbot.Text {
	p := planAt(o, r)
	switch r.Kind {
	case rapbot.RecApproved:
		return rapbot.Say(rapbot.Who(*r.By), " approved. ", rapbot.Who(o.Requester), ", it starts now.")
	case rapbot.RecRejected:
		text := rapbot.Say(rapbot.Who(*r.By), " rejected this")
		if r.Text != "" {
			text = append(text, rapbot.Say(": "+r.Text)...)
		}
		return append(text, rapbot.Say(". ", rapbot.Who(o.Requester), ", n"+strings.TrimPrefix(o.Unchanged(), "N"))...)
	case rapbot.RecExpired:
		return rapbot.Say(rapbot.Who(o.Requester), ", nobody answered in time. "+o.Unchanged()+" Ask again if it is still wanted.")
	case rapbot.RecCancelled:
		return rapbot.Say(rapbot.Who(*r.By), " cancelled this. "+o.Unchanged())
	case rapbot.RecReplanned:
		return rapbot.Say("The world has changed, so the plan has: "+r.Text+unchangedAt(o, r)+" ", rapbot.Who(o.Requester), ", the new plan needs a fresh approval.")
	case rapbot.RecStepDone:
		if p.Kind == rapbot.Failover && p.Steps[r.Step].Commits {
			return rapbot.Say(rapbot.B(p.To + " is the primary and accepts writes."))
		}
	case rapbot.RecStepFailed:
		verb := " failed: "
		if p.Steps[r.Step].Optional {
			verb = " is left to mend: "
		}
		return rapbot.Say(rapbot.B(p.Steps[r.Step].Title), verb+r.Text)
	case rapbot.RecStopAsked:
		return rapbot.Say(rapbot.Who(*r.By), " asked to stop.")
	case rapbot.RecRollback:
		if before := o.Records[r.Seq-2]; before.Kind == rapbot.RecStepFailed && strings.Contains(r.Text, before.Text) {
			return rapbot.Say("Rolling back: what was changed is put back now.") // the message above says why
		}
		return rapbot.Say("Rolling back. " + r.Text)
	case rapbot.RecUndone:
		if p.Steps[r.Step].Kind == rapbot.StepBlock {
			return rapbot.Say(p.From + " accepts writes again.")
		}
	case rapbot.RecUndoFailed:
		if r.Skipped {
			return rapbot.Say("Left to mend. " + r.Text)
		}
	case rapbot.RecQuestion:
		return rapbot.Say(rapbot.B("A person must decide. "), r.Text)
	case rapbot.RecAnswered:
		switch r.Text {
		case rapbot.AnswerRetry:
			return rapbot.Say(rapbot.Who(*r.By), " said: try again.")
		case rapbot.AnswerProceed:
			return rapbot.Say(rapbot.Who(*r.By), " accepted the risk. It goes on.")
		}
		if riskAt(o, r) {
			return rapbot.Say(rapbot.Who(*r.By), " did not accept the risk: roll back.")
		}
		return rapbot.Say(rapbot.Who(*r.By), " said: stop here.")
	case rapbot.RecLossCounted:
		if r.Skipped {
			return rapbot.Say(rapbot.B("The log of "+p.From+" was read when it was rejoined."), " "+r.Text)
		}
		return rapbot.Say(rapbot.B("The log of "+p.From+" has been read."), " "+r.Text+" ", rapbot.Who(o.Requester), ", to bring it back type ", rapbot.Mono("/rap rejoin "+p.From), ".")
	case rapbot.RecReported:
		if r.Text != "" {
			return rapbot.Say(rapbot.B("The drill is over: "), r.Text)
		}
	case rapbot.RecSucceeded:
		if p.Kind.OfReleases() {
			return rapbot.Say(rapbot.B(Title(o)), ". "+o.Outcome+" ", rapbot.Who(o.Requester), ", done.")
		}
		return rapbot.Say(rapbot.B(Title(o)), fmt.Sprintf(". %s is primary. ", p.To), rapbot.Who(o.Requester), ", done.")
	case rapbot.RecFailed:
		return rapbot.Say(rapbot.B(Title(o)), ". "+r.Text+" ", rapbot.Who(o.Requester), ", please look.")
	}
	return nil
}

// planAt is the plan that a record is about: there may have been another since,
// with its steps in another order.
func planAt(o rapbot.Operation, r rapbot.Record) rapbot.Plan {
	for _, before := range slices.Backward(o.Records[:r.Seq]) {
		if before.Plan != nil {
			return *before.Plan
		}
	}
	return o.Plan
}

// unchangedAt says what a plan made anew leaves unchanged. Of one that ran, the
// record itself says what has been taken back.
func unchangedAt(o rapbot.Operation, r rapbot.Record) string {
	for _, before := range o.Records[:r.Seq-1] {
		if before.Kind == rapbot.RecStarted {
			return ""
		}
	}
	return " Nothing was changed by this operation."
}

// riskAt reports whether an answer was to a question of risk.
func riskAt(o rapbot.Operation, answer rapbot.Record) bool {
	for _, before := range slices.Backward(o.Records[:answer.Seq-1]) {
		if before.Kind == rapbot.RecQuestion {
			return before.Risk
		}
	}
	return false
}
