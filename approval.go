package rapbot

import (
	"fmt"
	"time"
)

// Person is somebody as the directory knows them at the moment of asking.
// Identity is the ID and never the name, which people can change.
type Person struct {
	ID       string `json:"id"`   // Slack user ID
	Name     string `json:"name"` // for showing only
	Guest    bool   `json:"guest,omitempty"`
	Bot      bool   `json:"bot,omitempty"`
	Inactive bool   `json:"inactive,omitempty"`
	External bool   `json:"external,omitempty"` // of another workspace, through Slack Connect
	Approver bool   `json:"approver,omitempty"` // in the approver set at the moment of asking
}

// What a person can answer to a question. Proceed accepts the risk that was
// asked about; it is open to nobody else's question.
const (
	AnswerRetry   = "retry"
	AnswerStop    = "stop"
	AnswerProceed = "proceed"
)

// MayRequest refuses those who may not even ask: guests, bots, deactivated
// accounts and people of other workspaces.
func MayRequest(p Person) error {
	switch {
	case p.ID == "":
		return Refuse(Forbidden, "I could not find out who you are.", "Try again in a moment.")
	case p.Inactive:
		return Refuse(Forbidden, "Your account is deactivated.", "Ask an active member of this workspace.")
	case p.Bot:
		return Refuse(Forbidden, "Bots may not operate the fleet.", "A person must ask.")
	case p.External:
		return Refuse(Forbidden, "People of other workspaces may not operate the fleet.", "Ask a member of this workspace.")
	case p.Guest:
		return Refuse(Forbidden, "Guests may not operate the fleet.", "Ask a full member of this workspace.")
	}
	return nil
}

// JudgeApproval decides whether this person may approve this operation, seen
// with this digest, now (R1, R2). It is the only place that does.
func JudgeApproval(o Operation, p Person, digest string, now time.Time) error {
	if err := judgeDecider(o, p, "approve"); err != nil {
		return err
	}
	if err := judgeOpen(o, now); err != nil {
		return err
	}
	if digest != o.Plan.Digest() {
		return Refuse(Stale, fmt.Sprintf("The plan of operation %s has changed since this was shown.", o.ID), "Read the new plan on its card and decide on that.")
	}
	return nil
}

// JudgeRejection decides whether this person may reject this operation now.
// Saying no is open to the same people as saying yes; a requester cancels.
func JudgeRejection(o Operation, p Person, now time.Time) error {
	if err := judgeDecider(o, p, "reject"); err != nil {
		return err
	}
	return judgeOpen(o, now)
}

func judgeDecider(o Operation, p Person, verb string) error {
	if err := MayRequest(p); err != nil {
		return err
	}
	if p.ID == o.Requester.ID {
		now := "Ask somebody of the approver group."
		if verb == "reject" {
			now = "To withdraw it, run /rap cancel " + o.ID + "."
		}
		return Refuse(Forbidden, fmt.Sprintf("You asked for this %s, so somebody else must %s it.", o.Plan.Kind, verb), now)
	}
	if !p.Approver {
		return Refuse(Forbidden, fmt.Sprintf("Only the approver group may %s a %s, and you are not in it.", verb, o.Plan.Kind), "Ask somebody of the approver group.")
	}
	return nil
}

func judgeOpen(o Operation, now time.Time) error {
	switch o.State {
	case AwaitingApproval:
		if !now.Before(o.ExpiresAt) {
			return Refuse(Expired, fmt.Sprintf("Operation %s expired before you decided.", o.ID), "Ask for it again if it is still wanted.")
		}
		return nil
	case Lapsed:
		return Refuse(Expired, fmt.Sprintf("Operation %s expired before you decided.", o.ID), "Ask for it again if it is still wanted.")
	case Proposed:
		return Refuse(Conflict, fmt.Sprintf("Operation %s has not been shown yet.", o.ID), "Wait for its card.")
	}
	what := fmt.Sprintf("Operation %s %s already.", o.ID, o.State.Is())
	if o.Approver != nil {
		what = fmt.Sprintf("Operation %s was approved already, by %s; it %s.", o.ID, o.Approver.Name, o.State.Is())
	}
	return &Error{Code: Settled, What: what, Changed: "Your click changed nothing.", Now: "See /rap show " + o.ID + "."}
}

// JudgeCancel decides whether this person may withdraw or stop the operation:
// the requester and the approvers may, until the point of no return.
func JudgeCancel(o Operation, p Person) error {
	if err := MayRequest(p); err != nil {
		return err
	}
	if p.ID != o.Requester.ID && !p.Approver {
		return Refuse(Forbidden, "Only the requester or an approver may cancel.", "Ask one of them.")
	}
	switch {
	case o.State.Final():
		return &Error{Code: Settled, What: fmt.Sprintf("Operation %s %s already.", o.ID, o.State.Is()), Changed: "Nothing was changed by this.", Now: "See /rap show " + o.ID + "."}
	case o.Committed():
		return &Error{Code: Settled, What: fmt.Sprintf("Operation %s is past the point of no return.", o.ID), Changed: "It goes on.", Now: o.Plan.wayBack()}
	case o.State == NeedsDecision:
		return Refuse(Conflict, fmt.Sprintf("Operation %s waits for a decision.", o.ID), "Answer it on its card.")
	case o.RollingBack:
		return &Error{Code: Settled, What: fmt.Sprintf("Operation %s is being rolled back already.", o.ID), Changed: "It goes on.", Now: "Follow its card."}
	}
	return nil
}

// JudgeAnswer decides whether this person may give this answer to the question
// of an operation that needs a decision; asked is the number of the record that
// they saw asking, since the same words answer another question otherwise (R2).
// Accepting a risk is an approval, and so not the requester's to give (R1).
func JudgeAnswer(o Operation, asked int, answer string, p Person) error {
	if err := MayRequest(p); err != nil {
		return err
	}
	if !p.Approver {
		return Refuse(Forbidden, "Only the approver group may answer this, and you are not in it.", "Ask somebody of the approver group.")
	}
	if o.State != NeedsDecision {
		return &Error{Code: Settled, What: fmt.Sprintf("Operation %s asks nothing any more; it %s.", o.ID, o.State.Is()), Changed: "Your click changed nothing.", Now: "See /rap show " + o.ID + "."}
	}
	switch {
	case asked != o.Asked, answer == AnswerProceed && o.Risk == "":
		return Refuse(Stale, fmt.Sprintf("Operation %s asks for something else now.", o.ID), "Read its card.")
	case answer == AnswerProceed && p.ID == o.Requester.ID:
		return Refuse(Forbidden, fmt.Sprintf("You asked for this %s, so somebody else must accept its risk.", o.Plan.Kind), "Ask somebody of the approver group.")
	}
	return nil
}
