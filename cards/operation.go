package cards

import (
	"fmt"

	"github.com/rap-analyzer/rapbot"
)

// The actions of an operation's buttons. Their value is Ticket's.
const (
	ActionApprove = "approve"
	ActionReject  = "reject"
	ActionStop    = "stop"
	ActionRetry   = "retry"
	ActionGiveUp  = "give-up"
)

// Ticket is what a button carries: which operation, and which plan was shown.
func Ticket(o rapbot.Operation) string { return o.ID + ":" + o.Plan.Digest() }

// Operation is the one message that stands for an operation.
func Operation(o rapbot.Operation) rapbot.Message { return operation(o, false) }

// operation says of done steps what they found only when asked for everything:
// at a glance their times are enough.
func operation(o rapbot.Operation, everything bool) rapbot.Message {
	title := Title(o)
	m := rapbot.Message{Summary: title, Blocks: []rapbot.Block{rapbot.Heading{Text: title}}}
	switch {
	case o.State == rapbot.Succeeded:
		m.Blocks = append(m.Blocks, outcome(o)...)
	case o.State.Final():
		m.Blocks = append(m.Blocks, rapbot.Paragraph{Text: rapbot.Say(o.Outcome)})
	case o.State == rapbot.NeedsDecision:
		m.Blocks = append(m.Blocks, rapbot.Paragraph{Text: rapbot.Say(rapbot.B("A person must decide. "), o.Question)})
	default:
		m.Blocks = append(m.Blocks, rapbot.Paragraph{Text: impact(o.Plan)})
	}
	if warnings := o.Plan.ChecksWith(rapbot.Warn); len(warnings) > 0 && !o.State.Final() {
		m.Blocks = append(m.Blocks, checkLines(warnings))
	}
	if o.State == rapbot.Running && o.RollingBack {
		m.Blocks = append(m.Blocks, rapbot.Paragraph{Text: rapbot.Say(o.Outcome)})
	}
	m.Blocks = append(m.Blocks, steps(o, everything), people(o))
	if buttons := Buttons(o); len(buttons) > 0 {
		m.Blocks = append(m.Blocks, buttons)
	}
	return m
}

// Title says where an operation stands: an order while it is one, the outcome
// when it has ended.
func Title(o rapbot.Operation) string {
	target := o.Plan.To
	switch o.State {
	case rapbot.Proposed, rapbot.AwaitingApproval:
		return o.Plan.Title() + " — awaiting approval"
	case rapbot.Approved:
		return o.Plan.Title() + " — approved"
	case rapbot.Running:
		if o.RollingBack {
			return "Rolling back the switchover to " + target
		}
		past := 0
		for i, s := range o.Steps {
			if s.Status != rapbot.StepPending {
				past = i
			}
			if s.Status == rapbot.StepDone || s.Status == rapbot.StepFailed {
				past = i + 1
			}
		}
		return fmt.Sprintf("Switching over to %s — step %d of %d", target, min(past+1, len(o.Steps)), len(o.Steps))
	case rapbot.NeedsDecision:
		return "Switchover to " + target + " — needs a decision"
	case rapbot.Succeeded:
		loss := o.Plan.Proof().Claim()
		if !o.Plan.Impact.Lossless() {
			loss = "see what was lost"
		}
		title := fmt.Sprintf("%s in %s, %s", o.Plan.Done(), rapbot.Duration(o.EndedAt.Sub(o.StartedAt)), loss)
		if n := len(o.Warnings()); n > 0 {
			title += ", " + count(n, "thing left to mend", "things left to mend")
		}
		return title
	case rapbot.Failed:
		if !o.Started() {
			return o.Plan.Title() + " — not run"
		}
		if o.RollingBack && o.GivenUp == nil {
			return "Switchover to " + target + " rolled back"
		}
		return "Switchover to " + target + " failed"
	}
	return fmt.Sprintf("%s — %s, not run", o.Plan.Title(), o.State)
}

// outcome states the gap and the proof.
func outcome(o rapbot.Operation) []rapbot.Block {
	e := o.Evidence
	fields := rapbot.Fields{}
	if gap := o.Gap(); gap > 0 {
		fields = append(fields, rapbot.Field{Name: "Write gap", Value: rapbot.Say(rapbot.Duration(gap))})
	}
	fields = append(fields,
		rapbot.Field{Name: "Timeline", Value: rapbot.Say(e[rapbot.EvOldTimeline] + " → " + e[rapbot.EvNewTimeline])},
		rapbot.Field{Name: "Marker row replayed", Value: rapbot.Say("before ", rapbot.Mono(e[rapbot.EvMarker]))})
	if e[rapbot.EvShutdown] != "" {
		fields = append(fields, rapbot.Field{Name: "Shutdown checkpoint replayed", Value: rapbot.Say("up to ", rapbot.Mono(e[rapbot.EvShutdown]))})
	}
	stopped := " was shut down cleanly first. "
	if o.Plan.Proof() == rapbot.ProofMarker {
		stopped = " was stopped first. "
	}
	blocks := []rapbot.Block{
		rapbot.Paragraph{Text: rapbot.Say(rapbot.B(o.Plan.To), " is primary, ", rapbot.B(o.Plan.From), stopped+o.Outcome)},
		fields,
		rapbot.Note{Text: rapbot.Say(proven(o.Plan))},
	}
	for _, w := range o.Warnings() {
		blocks = append(blocks, rapbot.Paragraph{Text: rapbot.Say(rapbot.MarkWarning + " " + w)})
	}
	return blocks
}

// proven says what the promotion rested upon, and no more than that.
func proven(p rapbot.Plan) string {
	switch p.Proof() {
	case rapbot.ProofControl:
		return "The proof is read from the data of " + p.From + ", stopped: it was shut down cleanly, and " + p.To +
			" had replayed its log to the end before it was promoted. The marker row written after the last client lies before that."
	case rapbot.ProofMarker:
		return "The proof is the marker row alone: it was written after the last client had gone, and " + p.To +
			" had replayed it before it was promoted. Whether " + p.From + " wrote anything after it is not known."
	}
	return "The proof is read from " + p.To + "'s own WAL: the last record it replayed before it was promoted is the old primary's shutdown checkpoint, and the marker row written after the last client lies before it."
}

func steps(o rapbot.Operation, everything bool) rapbot.Steps {
	lines := rapbot.Steps{}
	for i, s := range o.Steps {
		if s.Status == rapbot.StepDone && !everything {
			s.Detail = ""
		}
		lines = append(lines, stepLine(o.Plan.Steps[i], s))
	}
	return lines
}

func stepLine(step rapbot.Step, s rapbot.StepState) rapbot.StepLine {
	line := rapbot.StepLine{Title: step.Title, Detail: s.Detail}
	switch s.Status {
	case rapbot.StepPending:
		line.Mark = rapbot.MarkPending
		if step.Commits {
			line.Detail = "the point of no return"
		}
	case rapbot.StepRunning:
		line.Mark = rapbot.MarkRunning
	case rapbot.StepDone:
		line.Mark = rapbot.MarkDone
		line.Detail = rapbot.Duration(s.Ended.Sub(s.Started))
		if s.Detail != "" {
			line.Detail += ", " + s.Detail
		}
	case rapbot.StepFailed:
		line.Mark = rapbot.MarkFailed
	case rapbot.StepUndoing:
		line.Mark, line.Detail = rapbot.MarkRunning, "undoing: "+step.Undo
	case rapbot.StepUndone:
		line.Mark, line.Detail = rapbot.MarkUndone, "undone"
	}
	return line
}

// people is who asked, who decided, and until when.
func people(o rapbot.Operation) rapbot.Note {
	text := rapbot.Say("Operation "+o.ID+", asked for by ", rapbot.Who(o.Requester))
	if o.Reason != "" {
		text = append(text, rapbot.Say(": "+o.Reason)...)
	}
	text = append(text, rapbot.Say(". ")...)
	switch {
	case o.Approver != nil:
		text = append(text, rapbot.Say("Approved by ", rapbot.Who(*o.Approver), " at ", rapbot.When(o.ApprovedAt), ". ")...)
	case o.State == rapbot.Proposed || o.State == rapbot.AwaitingApproval:
		text = append(text, rapbot.Say("Somebody else of the approver group must approve before ", rapbot.When(o.ExpiresAt), ". ")...)
	}
	return rapbot.Note{Text: append(text, rapbot.Say("Plan ", rapbot.Mono(o.Plan.ShortDigest()), ".")...)}
}

// Buttons are what can be pressed in the operation's present state; none when
// it is settled.
func Buttons(o rapbot.Operation) rapbot.Buttons {
	ticket := Ticket(o)
	switch {
	case o.State == rapbot.AwaitingApproval:
		return rapbot.Buttons{
			{Label: "Approve Switchover", Action: ActionApprove, Value: ticket, Style: rapbot.StylePrimary, Confirm: &rapbot.Confirm{
				Title: o.Plan.Title() + "?", Text: fmt.Sprintf("%s is stopped and %s becomes primary. Writes pause for about %s; if something is in the way, for up to half a minute, and it is rolled back.", o.Plan.From, o.Plan.To, rapbot.Duration(o.Plan.Impact.WritePause)), Yes: "Switch Over", No: "Not Now",
			}},
			{Label: "Reject", Action: ActionReject, Value: ticket},
		}
	case o.State == rapbot.Running && !o.Committed() && !o.RollingBack && o.StopAsked == nil:
		return rapbot.Buttons{{Label: "Stop and Roll Back", Action: ActionStop, Value: ticket, Confirm: &rapbot.Confirm{
			Title: "Stop and roll back?", Text: o.Plan.From + " stays the primary. This works until " + o.Plan.To + " is promoted.", Yes: "Roll Back", No: "Let It Run",
		}}}
	case o.State == rapbot.NeedsDecision:
		return rapbot.Buttons{
			{Label: "Try Again", Action: ActionRetry, Value: ticket, Style: rapbot.StylePrimary},
			{Label: "Stop Here", Action: ActionGiveUp, Value: ticket, Style: rapbot.StyleDanger, Confirm: &rapbot.Confirm{
				Title: "Leave it where it stands?", Text: "rapbot does nothing more about this operation. Somebody must finish it by hand.", Yes: "Stop Here", No: "Go Back",
			}},
		}
	}
	return nil
}
