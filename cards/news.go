package cards

import (
	"fmt"

	"github.com/rap-analyzer/rapbot"
)

// News is what a record of an operation gives the thread to read, because an
// edited card does not notify anybody. Most records give nothing.
func News(o rapbot.Operation, r rapbot.Record) (rapbot.Message, bool) {
	text := newsText(o, r)
	if text == nil {
		return rapbot.Message{}, false
	}
	return rapbot.Message{Summary: text.Plain(), Blocks: []rapbot.Block{rapbot.Paragraph{Text: text}}}, true
}

func newsText(o rapbot.Operation, r rapbot.Record) rapbot.Text {
	switch r.Kind {
	case rapbot.RecApproved:
		return rapbot.Say(rapbot.Who(*r.By), " approved. ", rapbot.Who(o.Requester), ", it starts now.")
	case rapbot.RecRejected:
		text := rapbot.Say(rapbot.Who(*r.By), " rejected this")
		if r.Text != "" {
			text = append(text, rapbot.Say(": "+r.Text)...)
		}
		return append(text, rapbot.Say(". ", rapbot.Who(o.Requester), ", nothing was changed.")...)
	case rapbot.RecExpired:
		return rapbot.Say(rapbot.Who(o.Requester), ", nobody answered in time. Nothing was changed. Ask again if it is still wanted.")
	case rapbot.RecCancelled:
		return rapbot.Say(rapbot.Who(*r.By), " cancelled this. Nothing was changed.")
	case rapbot.RecReplanned:
		return rapbot.Say("The world has changed, so the plan has: "+r.Text+" Nothing was changed by this operation. ", rapbot.Who(o.Requester), ", the new plan needs a fresh approval.")
	case rapbot.RecStepDone:
		if o.Plan.Kind == rapbot.Failover && o.Plan.Steps[r.Step].Commits {
			return rapbot.Say(rapbot.B(o.Plan.To + " is the primary and accepts writes."))
		}
	case rapbot.RecStepFailed:
		verb := " failed: "
		if o.Plan.Steps[r.Step].Optional {
			verb = " is left to mend: "
		}
		return rapbot.Say(rapbot.B(o.Plan.Steps[r.Step].Title), verb+r.Text)
	case rapbot.RecStopAsked:
		return rapbot.Say(rapbot.Who(*r.By), " asked to stop.")
	case rapbot.RecRollback:
		return rapbot.Say("Rolling back. " + r.Text)
	case rapbot.RecUndone:
		if o.Plan.Steps[r.Step].Kind == rapbot.StepBlock {
			return rapbot.Say(o.Plan.From + " accepts writes again.")
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
		return rapbot.Say(rapbot.Who(*r.By), " said: stop here.")
	case rapbot.RecLossCounted:
		return rapbot.Say(rapbot.B("The log of "+o.Plan.From+" has been read."), " "+r.Text+" ", rapbot.Who(o.Requester), ", to bring it back type ", rapbot.Mono("/rap rejoin "+o.Plan.From), ".")
	case rapbot.RecReported:
		if r.Text != "" {
			return rapbot.Say(rapbot.B("The drill is over: "), r.Text)
		}
	case rapbot.RecSucceeded:
		return rapbot.Say(rapbot.B(Title(o)), fmt.Sprintf(". %s is primary. ", o.Plan.To), rapbot.Who(o.Requester), ", done.")
	case rapbot.RecFailed:
		return rapbot.Say(rapbot.B(Title(o)), ". "+r.Text+" ", rapbot.Who(o.Requester), ", please look.")
	}
	return nil
}

// History lists operations, newest first.
func History(ops []rapbot.Operation) rapbot.Message {
	title := "Operations, newest first"
	m := rapbot.Message{Summary: title, Blocks: []rapbot.Block{rapbot.Heading{Text: title}}}
	for _, o := range ops {
		text := rapbot.Say(rapbot.B(o.ID), " "+Title(o)+". Asked for by ", rapbot.Who(o.Requester))
		if o.Approver != nil {
			text = append(text, rapbot.Say(", approved by ", rapbot.Who(*o.Approver))...)
		}
		m.Blocks = append(m.Blocks, rapbot.Paragraph{Text: append(text, rapbot.Say(", ", rapbot.When(o.CreatedAt), ".")...)})
	}
	if len(ops) == 0 {
		m.Blocks = append(m.Blocks, rapbot.Paragraph{Text: rapbot.Say("There has been none yet.")})
	} else {
		m.Blocks = append(m.Blocks, rapbot.Note{Text: rapbot.Say("See one whole with /rap show " + ops[0].ID + ".")})
	}
	return m
}

// Story is an operation with its whole record, for those who ask later who,
// why and what.
func Story(o rapbot.Operation) rapbot.Message {
	m := operation(o, true)
	m.Blocks = withoutButtons(m.Blocks)
	lines := rapbot.Text{}
	for _, r := range o.Records {
		if what := storyLine(o, r); what != nil {
			if len(lines) > 0 {
				lines = append(lines, rapbot.Say("\n")...)
			}
			lines = append(append(lines, rapbot.Say(rapbot.When(r.At), "  ")...), what...)
		}
	}
	m.Blocks = append(m.Blocks, rapbot.Divider{}, rapbot.Paragraph{Text: lines})
	if len(o.Plan.Checks) > 0 {
		m.Blocks = append(m.Blocks, rapbot.Paragraph{Text: rapbot.Say(rapbot.B("Checks at the time"))}, checkLines(o.Plan.Checks))
	}
	return m
}

func storyLine(o rapbot.Operation, r rapbot.Record) rapbot.Text {
	step := func(verb string) rapbot.Text { return rapbot.Say(verb + ": " + o.Plan.Steps[r.Step].Title) }
	switch r.Kind {
	case rapbot.RecProposed:
		return rapbot.Say("asked for by ", rapbot.Who(*r.By))
	case rapbot.RecStarted:
		return rapbot.Say("started")
	case rapbot.RecStepStarted:
		return step("began")
	case rapbot.RecStepDone:
		if r.Skipped {
			return step("held already")
		}
		return step("done")
	case rapbot.RecProgress:
		if r.Text == "" {
			return nil
		}
		return append(step("waiting"), rapbot.Say(" — "+r.Text)...)
	case rapbot.RecUndoStarted:
		return step("undoing")
	case rapbot.RecUndone:
		return step("undone")
	case rapbot.RecUndoFailed:
		return append(step("not undone"), rapbot.Say(" — "+r.Text)...)
	case rapbot.RecCard, rapbot.RecAsked, rapbot.RecTold:
		return nil
	}
	return newsText(o, r)
}

func withoutButtons(blocks []rapbot.Block) []rapbot.Block {
	var out []rapbot.Block
	for _, b := range blocks {
		if _, is := b.(rapbot.Buttons); !is {
			out = append(out, b)
		}
	}
	return out
}
