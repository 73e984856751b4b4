package ledger

import (
	"fmt"

	"github.com/rap-analyzer/rapbot"
)

// CheckTerm refuses a write under a term that is not the newest (R6).
func CheckTerm(written, newest rapbot.Term) error {
	switch {
	case written == newest && newest > 0:
		return nil
	case written <= 0:
		return rapbot.Refuse(rapbot.Superseded, "This rapbot does not hold the lease of the journal.", "Ask again; the one that holds it answers.")
	}
	return rapbot.Refuse(rapbot.Superseded, fmt.Sprintf("This rapbot no longer holds the lease of the journal: it wrote under term %d, and the newest is term %d.", written, newest), "Ask again; the one that holds it answers.")
}

// AnotherOpen refuses a proposal while operation o is open.
func AnotherOpen(o rapbot.Operation) error {
	return rapbot.Refuse(rapbot.Conflict,
		fmt.Sprintf("Operation %s (%s) is %s, and there can be only one at a time.", o.ID, o.Plan.Title(), o.State),
		"Wait until it ends, or run /rap show "+o.ID+".")
}

// NoOperation says that there is no such operation. The ID may be anything
// that somebody typed, so only a short one is repeated.
func NoOperation(id string) error {
	what := "There is no such operation."
	if len(id) > 0 && len(id) <= 20 {
		what = fmt.Sprintf("There is no operation %q.", id)
	}
	return rapbot.Refuse(rapbot.NotFound, what, "Run /rap history to see the latest ones.")
}

// NoGroup says that there is no such alert group.
func NoGroup() error {
	return rapbot.Refuse(rapbot.NotFound, "There is no such alert group.", "")
}

// GroupMoved refuses to amend a group on an older reading of it.
func GroupMoved() error {
	return rapbot.Refuse(rapbot.Conflict, "This alert group has changed in the meantime.", "Read its card and try again.")
}

// NoDelivery says that there is no such delivery.
func NoDelivery(id int64) error {
	return rapbot.Refuse(rapbot.NotFound, fmt.Sprintf("There is no delivery %d.", id), "")
}

// AbsorbedAlready refuses to absorb a delivery twice.
func AbsorbedAlready(id int64) error {
	return rapbot.Refuse(rapbot.Conflict, fmt.Sprintf("Delivery %d was absorbed already.", id), "")
}
