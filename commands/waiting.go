package commands

import (
	"context"
	"strconv"

	"github.com/rap-analyzer/rapbot"
	"github.com/rap-analyzer/rapbot/cards"
)

var waiting = Command{
	Name:    "waiting",
	Summary: "List the alert groups that wait for their cards",
	Detail: []string{
		"Slack takes about one message a second in a channel. In a storm a digest stands in the alerts channel, and this lists every group that has no card of its own yet, the next one first, and those that resolved before they had one.",
	},
	Args:     []Arg{{Name: "page", Help: "which page of a long list, from 1", Optional: true}},
	Examples: []string{"waiting", "waiting 2"},
	Run: func(_ context.Context, desk Desk, call Call) (rapbot.Message, error) {
		page := 1
		if typed, given := call.Args["page"]; given {
			var err error
			if page, err = strconv.Atoi(typed); err != nil || page < 1 {
				return rapbot.Message{}, rapbot.Refuse(rapbot.Invalid, "A page is a number from 1.", "Type /rap waiting or /rap waiting 2.")
			}
		}
		return cards.Waiting(desk.AlertQueue(), page), nil
	},
}
