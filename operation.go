package rapbot

import (
	"fmt"
	"slices"
	"time"
)

// State is where an Operation stands.
type State string

// The states.
const (
	Proposed         State = "proposed"          // recorded; nobody has been asked yet
	AwaitingApproval State = "awaiting approval" // shown; a second person must decide
	Approved         State = "approved"          // decided upon; the world is observed once more before it runs
	Running          State = "running"           // steps are carried out, or undone
	NeedsDecision    State = "needs a decision"  // the truth cannot be observed or a step is stuck: a person must say
	Succeeded        State = "succeeded"         // done, and verified
	Failed           State = "failed"            // ended without reaching its goal; the outcome says what stands
	Rejected         State = "rejected"          // a second person said no; nothing was changed
	Lapsed           State = "expired"           // nobody answered in time; nothing was changed
	Cancelled        State = "cancelled"         // withdrawn before it ran; nothing was changed
)

// Final reports whether nothing will ever follow.
func (s State) Final() bool {
	switch s {
	case Succeeded, Failed, Rejected, Lapsed, Cancelled:
		return true
	}
	return false
}

// Is is the state in a sentence about an operation: "is running", "has failed".
func (s State) Is() string {
	switch s {
	case Succeeded, Failed, Lapsed:
		return "has " + string(s)
	case NeedsDecision:
		return string(s)
	case Rejected, Cancelled:
		return "was " + string(s)
	}
	return "is " + string(s)
}

// Started reports whether it ever ran.
func (o Operation) Started() bool { return !o.StartedAt.IsZero() }

// StepStatus is where one step stands.
type StepStatus string

// The statuses of a step.
const (
	StepPending StepStatus = "pending"
	StepRunning StepStatus = "running"
	StepDone    StepStatus = "done"
	StepFailed  StepStatus = "failed"
	StepUndoing StepStatus = "undoing"
	StepUndone  StepStatus = "undone"
)

// StepState is one step's history in short.
type StepState struct {
	Status    StepStatus
	Started   time.Time
	Ended     time.Time
	Attempts  int
	Detail    string // what it waits for, what it found, or why it failed
	Unchanged bool   // its post-condition held already: nothing was done
	Refused   bool   // failed before it acted: its pre-condition did not hold
	Stale     bool   // failed because the world is not as it was approved: the plan is made anew
	Left      bool   // its undoing failed and is left to mend
	Progress  Progress
}

// Progress is how far a long act has come, in bytes or in pods. Total is zero
// while it is not known.
type Progress struct {
	Done  int64 `json:"done"`
	Total int64 `json:"total,omitempty"`
	Pods  bool  `json:"pods,omitempty"`
}

// String is progress in words; empty when there is none.
func (p Progress) String() string {
	switch {
	case p.Pods && p.Total > 0:
		return fmt.Sprintf("%d of %s updated and ready", p.Done, Count(int(p.Total), "pod", "pods"))
	case p.Pods:
		return ""
	case p.Total > 0:
		return Bytes(p.Done) + " of " + Bytes(p.Total)
	case p.Done > 0:
		return Bytes(p.Done)
	}
	return ""
}

// Operation is one plan asked for by one requester, with its whole history.
// It is the fold of its records and holds nothing that they do not.
type Operation struct {
	ID          string
	State       State
	Plan        Plan
	Requester   Person
	Reason      string
	Channel     string // where it was asked for
	CreatedAt   time.Time
	ExpiresAt   time.Time // the decision, and after it the start, must come before this
	Approver    *Person
	ApprovedAt  time.Time
	StartedAt   time.Time // zero while it has not run
	Steps       []StepState
	RollingBack bool
	StopAsked   *Person           // who asked to stop it while it ran
	GivenUp     *Person           // who decided to leave it where it stood
	Evidence    map[string]string // what the steps found, for later steps and for the outcome
	Question    string            // what a person must decide
	Asked       int               // number of the record that asked it last
	Risk        StepKind          // the step that asks whether a person accepts a risk, if that is the question
	LossCounted bool              // what a failover really lost has been told
	Reported    bool              // the report of the drill that began with this has been posted
	Outcome     string            // how it ended, in sentences
	EndedAt     time.Time
	Card        Ref  // the message that stands for it
	CardDone    bool // the card shows how it ended
	Told        int  // number of the newest record that its thread has been told of
	Records     []Record
}

// Seq is the number of the newest record.
func (o Operation) Seq() int { return len(o.Records) }

// Committed reports whether the point of no return has been passed or may
// have been: a promotion that was begun counts, because a crash may hide its
// end. Only one that was refused at its first attempt is known not to have
// been.
func (o Operation) Committed() bool {
	for i, s := range o.Steps {
		if o.Plan.Steps[i].Commits && s.Status != StepPending && (!s.Refused || s.Attempts > 1) {
			return true
		}
	}
	return false
}

// RanBefore reports whether it ran on an earlier plan, which was taken back
// because it no longer fitted.
func (o Operation) RanBefore() bool {
	return !o.Started() && slices.ContainsFunc(o.Records, func(r Record) bool { return r.Kind == RecStarted })
}

// Unchanged says in a sentence that an operation which does not run has
// changed nothing; of one that ran before, that is true since then only.
func (o Operation) Unchanged() string {
	if o.RanBefore() {
		return "Nothing was changed since it was rolled back."
	}
	return "Nothing was changed."
}

// Warnings lists what is left to mend.
func (o Operation) Warnings() []string {
	var out []string
	for i, s := range o.Steps {
		if s.Left || s.Status == StepFailed && o.Plan.Steps[i].Optional {
			out = append(out, o.Plan.Steps[i].Title+": "+s.Detail)
		}
	}
	return out
}

// Record is one entry of an operation's journal. Kind says which of the other
// fields count.
type Record struct {
	Seq      int               `json:"seq"` // from 1, without gaps
	At       time.Time         `json:"at"`
	Kind     RecordKind        `json:"kind"`
	By       *Person           `json:"by,omitempty"`
	Plan     *Plan             `json:"plan,omitempty"`
	Digest   string            `json:"digest,omitempty"`
	Step     int               `json:"step,omitempty"` // from 0; of told, a record's number
	Text     string            `json:"text,omitempty"`
	Channel  string            `json:"channel,omitempty"`
	Expires  time.Time         `json:"expires,omitzero"`
	Skipped  bool              `json:"skipped,omitempty"` // done: it held already; failed: it never acted
	Stale    bool              `json:"stale,omitempty"`   // step-failed: the plan that was approved does not fit any more
	Risk     bool              `json:"risk,omitempty"`    // question: whether a person accepts the risk that Step names
	Progress *Progress         `json:"progress,omitempty"`
	Evidence map[string]string `json:"evidence,omitempty"`
	Card     *Ref              `json:"card,omitempty"`
}

// RecordKind names what happened.
type RecordKind string

// The kinds of records.
const (
	RecProposed    RecordKind = "proposed"     // Plan, By (requester), Text (reason), Channel, Expires
	RecCard        RecordKind = "card"         // Card: the message that stands for the operation; after its end: it shows the end
	RecTold        RecordKind = "told"         // Step: number of the newest record told in the thread
	RecAsked       RecordKind = "asked"        // a second person has been asked
	RecApproved    RecordKind = "approved"     // By, Digest
	RecRejected    RecordKind = "rejected"     // By, Text (why)
	RecExpired     RecordKind = "expired"      //
	RecCancelled   RecordKind = "cancelled"    // By
	RecReplanned   RecordKind = "replanned"    // Plan, Expires, Text (what differs): asks again (R2), also of what ran and was taken back
	RecStarted     RecordKind = "started"      //
	RecStepStarted RecordKind = "step-started" // Step
	RecProgress    RecordKind = "progress"     // Step; Progress: how far it has come; Text: what it waits for
	RecStepDone    RecordKind = "step-done"    // Step, Evidence, Skipped, Text
	RecStepFailed  RecordKind = "step-failed"  // Step, Text (why), Stale
	RecStopAsked   RecordKind = "stop-asked"   // By: roll back what was done
	RecRollback    RecordKind = "rollback"     // Text (why)
	RecUndoStarted RecordKind = "undo-started" // Step
	RecUndone      RecordKind = "undone"       // Step, Evidence
	RecUndoFailed  RecordKind = "undo-failed"  // Step, Text (why), Skipped (left to mend)
	RecQuestion    RecordKind = "question"     // Text: what must be decided; Risk and Step
	RecAnswered    RecordKind = "answered"     // By, Text (retry, stop or proceed)
	RecSucceeded   RecordKind = "succeeded"    // Text (outcome)
	RecFailed      RecordKind = "failed"       // Text (outcome)
	RecReported    RecordKind = "reported"     // the report of a drill has been posted; Text: what came of it
	RecLossCounted RecordKind = "loss-counted" // Text, Evidence: what a failover really lost; Skipped: the rejoin of the old primary counted it
)
