package rapbot

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// transition says from which states a record may come and to which state it
// leads; an empty To keeps the state. The state diagram in the documentation
// is drawn from this table.
type transition struct {
	From []State
	To   State
}

var anyState = []State{Proposed, AwaitingApproval, Approved, Running, NeedsDecision, Succeeded, Failed, Rejected, Lapsed, Cancelled}

var transitions = map[RecordKind]transition{
	RecProposed:    {From: []State{""}, To: Proposed},
	RecCard:        {From: anyState},
	RecTold:        {From: anyState},
	RecAsked:       {From: []State{Proposed}, To: AwaitingApproval},
	RecApproved:    {From: []State{AwaitingApproval}, To: Approved},
	RecRejected:    {From: []State{AwaitingApproval}, To: Rejected},
	RecExpired:     {From: []State{Proposed, AwaitingApproval, Approved}, To: Lapsed},
	RecCancelled:   {From: []State{Proposed, AwaitingApproval, Approved}, To: Cancelled},
	RecReplanned:   {From: []State{AwaitingApproval, Approved, Running}, To: AwaitingApproval},
	RecStarted:     {From: []State{Approved}, To: Running},
	RecStepStarted: {From: []State{Running}},
	RecProgress:    {From: []State{Running}},
	RecStepDone:    {From: []State{Running}},
	RecStepFailed:  {From: []State{Running}},
	RecStopAsked:   {From: []State{Running}},
	RecRollback:    {From: []State{Running}},
	RecUndoStarted: {From: []State{Running}},
	RecUndone:      {From: []State{Running}},
	RecUndoFailed:  {From: []State{Running}},
	RecQuestion:    {From: []State{Running}, To: NeedsDecision},
	RecAnswered:    {From: []State{NeedsDecision}, To: Running},
	RecSucceeded:   {From: []State{Running}, To: Succeeded},
	RecFailed:      {From: []State{AwaitingApproval, Approved, Running}, To: Failed},
	RecLossCounted: {From: []State{Succeeded, Failed}},
	RecReported:    {From: []State{Succeeded, Failed, Rejected, Lapsed, Cancelled}},
}

// Apply returns the operation with one more record. It refuses, with code
// Conflict, a record that the transition table does not allow or that is out
// of order, and leaves o as it was.
func Apply(o Operation, r Record) (Operation, error) {
	t, ok := transitions[r.Kind]
	if !ok {
		return o, &Error{Code: Internal, What: fmt.Sprintf("There is no record kind %q.", r.Kind)}
	}
	if !slices.Contains(t.From, o.State) {
		return o, &Error{Code: Conflict, What: fmt.Sprintf("Operation %s is %s, so it cannot be %s.", o.ID, o.State, r.Kind)}
	}
	if r.Seq != o.Seq()+1 {
		return o, &Error{Code: Conflict, What: fmt.Sprintf("Operation %s has moved on to record %d.", o.ID, o.Seq())}
	}
	next := o
	if t.To != "" {
		next.State = t.To
	}
	next.Steps = slices.Clone(o.Steps)
	next.Evidence = maps.Clone(o.Evidence)
	next.Records = append(slices.Clip(slices.Clone(o.Records)), r)
	if err := fold(&next, r); err != nil {
		return o, err
	}
	if next.State.Final() && !o.State.Final() {
		next.EndedAt = r.At
	}
	return next, nil
}

// Replay folds records from the beginning.
func Replay(id string, records []Record) (Operation, error) {
	o := Operation{ID: id}
	for _, r := range records {
		var err error
		if o, err = Apply(o, r); err != nil {
			return o, fmt.Errorf("replay operation %s, record %d: %w", id, r.Seq, err)
		}
	}
	return o, nil
}

func fold(o *Operation, r Record) error {
	switch r.Kind {
	case RecProposed:
		if r.Plan == nil || r.By == nil {
			return &Error{Code: Internal, What: "A proposal needs a plan and a requester."}
		}
		o.Plan, o.Requester, o.Reason, o.Channel = *r.Plan, *r.By, r.Text, r.Channel
		o.CreatedAt, o.ExpiresAt = r.At, r.Expires
		o.Steps = pendingSteps(o.Plan)
		o.Evidence = map[string]string{}
	case RecCard:
		if r.Card != nil {
			o.Card, o.CardDone = *r.Card, o.State.Final()
		}
	case RecTold:
		o.Told = r.Step
	case RecApproved:
		if r.By == nil { // R1
			return &Error{Code: Internal, What: "An approval needs somebody who gave it."}
		}
		if r.Digest != o.Plan.Digest() {
			return &Error{Code: Stale, What: "The approval is for another plan."}
		}
		o.Approver, o.ApprovedAt = r.By, r.At
	case RecReplanned:
		if r.Plan == nil {
			return &Error{Code: Internal, What: "A new plan is missing its plan."}
		}
		if o.Committed() {
			return &Error{Code: Conflict, What: "Operation " + o.ID + " is past the point of no return."}
		}
		// What ran was taken back, so it begins anew.
		o.Plan, o.ExpiresAt = *r.Plan, r.Expires
		o.Steps = pendingSteps(o.Plan)
		o.Approver, o.ApprovedAt, o.StartedAt, o.RollingBack, o.Outcome = nil, time.Time{}, time.Time{}, false, ""
		o.Evidence = map[string]string{}
	case RecRejected:
		o.Outcome = rejection(r) + " " + o.Unchanged()
	case RecCancelled, RecExpired, RecSucceeded, RecFailed:
		o.Outcome = r.Text
	case RecStarted:
		o.StartedAt = r.At
	case RecStopAsked:
		o.StopAsked = r.By
	case RecRollback:
		o.RollingBack = true
		o.Outcome = r.Text
	case RecQuestion:
		o.Question, o.Asked, o.Risk = r.Text, r.Seq, ""
		if r.Risk && r.Step >= 0 && r.Step < len(o.Plan.Steps) {
			o.Risk = o.Plan.Steps[r.Step].Kind
		}
		maps.Copy(o.Evidence, r.Evidence)
	case RecReported:
		o.Reported = true
	case RecLossCounted:
		o.LossCounted = true
		maps.Copy(o.Evidence, r.Evidence)
	case RecAnswered:
		return foldAnswer(o, r)
	case RecStepStarted, RecProgress, RecStepDone, RecStepFailed, RecUndoStarted, RecUndone, RecUndoFailed:
		return foldStep(o, r)
	}
	return nil
}

func rejection(r Record) string {
	text := "Rejected."
	if r.By != nil {
		text = "Rejected by " + r.By.Name + "."
	}
	if r.Text != "" {
		text = strings.TrimSuffix(text, ".") + ": " + r.Text + "."
	}
	return text
}

func foldStep(o *Operation, r Record) error {
	if r.Step < 0 || r.Step >= len(o.Steps) {
		return &Error{Code: Internal, What: fmt.Sprintf("Operation %s has no step %d.", o.ID, r.Step+1)}
	}
	s := &o.Steps[r.Step]
	switch r.Kind {
	case RecStepStarted:
		if s.Attempts == 0 {
			s.Started = r.At
		}
		s.Status, s.Detail, s.Refused, s.Attempts = StepRunning, "", false, s.Attempts+1
	case RecProgress:
		if r.Progress != nil {
			s.Progress = *r.Progress
		}
	case RecStepDone:
		s.Status, s.Ended, s.Detail, s.Unchanged = StepDone, r.At, r.Text, r.Skipped
	case RecStepFailed:
		s.Status, s.Ended, s.Detail, s.Refused, s.Stale = StepFailed, r.At, r.Text, r.Skipped, r.Stale
	case RecUndoFailed:
		s.Status, s.Ended, s.Detail, s.Left = StepFailed, r.At, r.Text, r.Skipped
	case RecUndoStarted:
		s.Status = StepUndoing
	case RecUndone:
		s.Status, s.Ended, s.Detail = StepUndone, r.At, r.Text
	}
	maps.Copy(o.Evidence, r.Evidence)
	return nil
}

// foldAnswer puts the step that the question was about back in line. A risk
// that is not accepted turns the operation round.
func foldAnswer(o *Operation, r Record) error {
	if r.By == nil {
		return &Error{Code: Internal, What: "An answer needs somebody who gave it."}
	}
	risk := o.Risk
	o.Question, o.Risk = "", ""
	switch {
	case r.Text == AnswerProceed && risk != "":
		o.Evidence[EvAccepted(risk)] = r.By.Name + " (" + r.By.ID + ")"
		return nil
	case risk != "" && r.Text == AnswerStop:
		o.StopAsked = r.By
		return nil
	case r.Text != AnswerRetry:
		o.GivenUp = r.By
		return nil
	}
	for i := range o.Steps {
		switch {
		case o.Steps[i].Status != StepFailed || o.Steps[i].Left:
		case !o.RollingBack:
			o.Steps[i].Status = StepRunning // the optional ones too: somebody has mended something
		case o.Plan.Steps[i].Undo != "":
			o.Steps[i].Status = StepUndoing
		}
	}
	return nil
}

func pendingSteps(p Plan) []StepState {
	steps := make([]StepState, len(p.Steps))
	for i := range steps {
		steps[i].Status = StepPending
	}
	return steps
}

// Diagram draws the transition table as a Mermaid state diagram.
func Diagram() string {
	lines := map[string][]string{}
	for kind, t := range transitions {
		for _, from := range t.From {
			if t.To == "" || from == "" {
				continue
			}
			edge := fmt.Sprintf("    %s --> %s", diagramName(from), diagramName(t.To))
			lines[edge] = append(lines[edge], string(kind))
		}
	}
	var out []string
	for edge, kinds := range lines {
		slices.Sort(kinds)
		out = append(out, edge+": "+strings.Join(kinds, ", "))
	}
	for _, s := range anyState {
		if s.Final() {
			out = append(out, "    "+diagramName(s)+" --> [*]")
		}
	}
	slices.Sort(out)
	return "stateDiagram-v2\n    [*] --> proposed\n" + strings.Join(out, "\n") + "\n"
}

func diagramName(s State) string { return strings.ReplaceAll(string(s), " ", "_") }
