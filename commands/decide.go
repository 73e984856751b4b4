package commands

import (
	"context"

	"github.com/rap-analyzer/rapbot"
)

var operationArg = Arg{Name: "operation", Help: "the operation's number, as on its card"}

var approve = Command{
	Name:    "approve",
	Summary: "Approve an operation that somebody else asked for",
	Detail: []string{
		"The same as pressing its Approve button. You must be in the approver group at this moment and must not be the requester.",
		"When the plan has changed since it was first shown, the digest of the plan you mean is needed too; it stands on the card.",
	},
	Args:     []Arg{operationArg, {Name: "digest", Help: "the plan's digest, as on the card", Optional: true}},
	Examples: []string{"approve 7"},
	Changes:  true,
	Run: func(ctx context.Context, desk Desk, call Call) (rapbot.Message, error) {
		o, err := desk.Approve(ctx, call.Args["operation"], call.Args["digest"], call.Person)
		if err != nil {
			return rapbot.Message{}, err
		}
		return told("You approved operation "+o.ID+". It starts now; follow its card.", nil), nil
	},
}

var reject = Command{
	Name:     "reject",
	Summary:  "Reject an operation that somebody else asked for",
	Detail:   []string{"Nothing is changed by a rejected operation. The requester is told, with your reason."},
	Args:     []Arg{operationArg},
	Flags:    []Flag{{Name: "reason", Value: "words", Help: "why, for the requester and for the record"}},
	Examples: []string{"reject 7 --reason not during the sale"},
	Changes:  true,
	Run: func(ctx context.Context, desk Desk, call Call) (rapbot.Message, error) {
		o, err := desk.Reject(ctx, call.Args["operation"], call.Flags["reason"], call.Person)
		if err != nil {
			return rapbot.Message{}, err
		}
		return told("You rejected operation "+o.ID+". Nothing was changed.", nil), nil
	},
}

var cancel = Command{
	Name:    "cancel",
	Summary: "Withdraw an operation, or stop and roll back a running one",
	Detail: []string{
		"The requester and every approver may. Before it runs it is withdrawn and nothing was changed. While it runs, up to the point of no return, it is stopped and rolled back.",
	},
	Args:     []Arg{operationArg},
	Examples: []string{"cancel 7"},
	Changes:  true,
	Run: func(ctx context.Context, desk Desk, call Call) (rapbot.Message, error) {
		o, err := desk.Cancel(ctx, call.Args["operation"], call.Person)
		if err != nil {
			return rapbot.Message{}, err
		}
		if o.State == rapbot.Cancelled {
			return told("Operation "+o.ID+" is cancelled. Nothing was changed.", nil), nil
		}
		return told("Operation "+o.ID+" is being stopped and rolled back; follow its card.", nil), nil
	},
}
