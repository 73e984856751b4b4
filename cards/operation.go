package cards

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/rap-analyzer/rapbot"
)

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
	case o.State == rapbot.Proposed || o.State == rapbot.AwaitingApproval:
		m.Blocks = append(m.Blocks, rapbot.Paragraph{Text: appeal(o)})
		m.Blocks = append(m.Blocks, evidence(o.Plan)...)
	default:
		m.Blocks = append(m.Blocks, rapbot.Paragraph{Text: impact(o.Plan)})
	}
	if warnings := unheard(o.Plan); len(warnings) > 0 && !o.State.Final() {
		m.Blocks = append(m.Blocks, checkLines(warnings))
	}
	if o.State == rapbot.Running && o.RollingBack {
		m.Blocks = append(m.Blocks, rapbot.Paragraph{Text: rapbot.Say(o.Outcome)})
	}
	buttons := Buttons(o)
	if urgent(o) && len(buttons) > 0 {
		m.Blocks = append(m.Blocks, buttons)
	}
	m.Blocks = append(m.Blocks, steps(o, everything))
	m.Blocks = append(m.Blocks, bars(o)...)
	m.Blocks = append(m.Blocks, people(o))
	if !urgent(o) && len(buttons) > 0 {
		m.Blocks = append(m.Blocks, buttons)
	}
	return m
}

// urgent reports whether somebody who reads the card holds everything up: then
// the buttons follow at once upon what is to be decided, and fit on a telephone.
func urgent(o rapbot.Operation) bool {
	return o.State == rapbot.NeedsDecision || o.State == rapbot.AwaitingApproval && o.Plan.Kind == rapbot.Failover
}

// Title says where an operation stands: an order while it is one, the outcome
// when it has ended.
func Title(o rapbot.Operation) string {
	thing := strings.ToLower(o.Plan.Noun()[:1]) + o.Plan.Noun()[1:]
	switch o.State {
	case rapbot.Proposed, rapbot.AwaitingApproval:
		return o.Plan.Title() + " — awaiting approval"
	case rapbot.Approved:
		return o.Plan.Title() + " — approved"
	case rapbot.Running:
		if o.RollingBack {
			return "Rolling back the " + thing
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
		return fmt.Sprintf("%s — step %d of %d", o.Plan.Doing(), min(past+1, len(o.Steps)), len(o.Steps))
	case rapbot.NeedsDecision:
		return o.Plan.Noun() + " — needs a decision"
	case rapbot.Succeeded:
		title := fmt.Sprintf("%s in %s%s", o.Plan.Done(), rapbot.Duration(o.EndedAt.Sub(o.StartedAt)), lossInTitle(o))
		if n := len(o.Warnings()); n > 0 {
			title += ", " + rapbot.Count(n, "thing left to mend", "things left to mend")
		}
		return title
	case rapbot.Failed:
		if o.RanBefore() {
			return o.Plan.Noun() + " rolled back"
		}
		if !o.Started() {
			return o.Plan.Title() + " — not run"
		}
		if o.RollingBack && o.GivenUp == nil {
			return o.Plan.Noun() + " rolled back"
		}
		return o.Plan.Noun() + " failed"
	}
	if o.RanBefore() {
		return fmt.Sprintf("%s — rolled back, then %s", o.Plan.Title(), o.State)
	}
	return fmt.Sprintf("%s — %s, not run", o.Plan.Title(), o.State)
}

// lossInTitle is what was lost, as exactly as it is known.
func lossInTitle(o rapbot.Operation) string {
	loss := o.Plan.Impact.Loss
	switch {
	case o.Plan.Kind == rapbot.Rejoin || o.Plan.Kind.OfReleases():
		return ""
	case loss == nil:
		return ", " + o.Plan.Proof().Claim()
	case o.LossCounted && o.Evidence[rapbot.EvLost] == "0" || !o.LossCounted && loss.None():
		return ", nothing lost"
	case o.LossCounted:
		n, _ := strconv.Atoi(o.Evidence[rapbot.EvLost]) // written by ourselves
		return ", " + rapbot.Count(n, "commit", "commits") + " lost"
	case loss.Counted:
		return ", " + rapbot.Count(loss.Commits, "commit", "commits") + " lost"
	case loss.Open:
		return ", loss not known yet"
	}
	return ", at most " + rapbot.Bytes(loss.Bytes) + " lost"
}

func steps(o rapbot.Operation, everything bool) rapbot.Steps {
	lines := rapbot.Steps{}
	for i, s := range o.Steps {
		if s.Status == rapbot.StepDone && !everything {
			s.Detail = ""
		}
		if s.Status == rapbot.StepRunning && o.State.Final() {
			s.Status = rapbot.StepUndone // it was under way when the operation turned round, and has nothing to undo
		}
		if s.Status == rapbot.StepFailed && o.State == rapbot.Succeeded {
			s.Detail = "left to mend, see above"
		}
		lines = append(lines, stepLine(o.Plan.Steps[i], s))
	}
	return lines
}

// bars show how far the running steps have come that can be measured.
func bars(o rapbot.Operation) []rapbot.Block {
	var out []rapbot.Block
	for i, s := range o.Steps {
		if s.Status == rapbot.StepRunning && s.Progress.Total > 0 {
			out = append(out, rapbot.Bar{Label: o.Plan.Steps[i].Title + ", " + s.Progress.String(), Fraction: min(1, float64(s.Progress.Done)/float64(s.Progress.Total))})
		}
	}
	return out
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
