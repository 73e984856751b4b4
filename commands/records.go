package commands

import (
	"context"

	"github.com/rap-analyzer/rapbot"
	"github.com/rap-analyzer/rapbot/cards"
)

const historyLength = 10

var history = Command{
	Name:     "history",
	Summary:  "List the latest operations: who, what, why, how it ended",
	Examples: []string{"history"},
	Run: func(ctx context.Context, desk Desk, _ Call) (rapbot.Message, error) {
		ops, err := desk.History(ctx, historyLength)
		if err != nil {
			return rapbot.Message{}, err
		}
		return cards.History(ops), nil
	},
}

var show = Command{
	Name:     "show",
	Summary:  "Show one operation with its whole record",
	Detail:   []string{"Who asked and who decided, every step with its times, the checks as they were, and the proof."},
	Args:     []Arg{operationArg},
	Examples: []string{"show 7"},
	Run: func(ctx context.Context, desk Desk, call Call) (rapbot.Message, error) {
		o, err := desk.Operation(ctx, call.Args["operation"])
		if err != nil {
			return rapbot.Message{}, err
		}
		return cards.Story(o), nil
	},
}
