package commands

import (
	"context"
	"errors"

	"github.com/rap-analyzer/rapbot"
	"github.com/rap-analyzer/rapbot/cards"
)

var alerts = Command{
	Name:    "alerts",
	Summary: "Show what fires now, and what is silenced",
	Detail: []string{
		"Lists the alert groups that fire, the worst first: since when, and who has acknowledged or silenced them. It answers from what Alertmanager has told, and needs no answer from it.",
		"The silences below are asked of Alertmanager at that moment, those that were made elsewhere included. They are not narrowed to the region.",
	},
	Args:     []Arg{{Name: "region", Help: "show what fires in one region", Optional: true}},
	Examples: []string{"alerts", "alerts eu-west-1"},
	Run:      runAlerts,
}

func runAlerts(ctx context.Context, desk Desk, call Call) (rapbot.Message, error) {
	groups, err := desk.Alerts(ctx)
	if err != nil {
		return rapbot.Message{}, err
	}
	unknown := ""
	silences, err := desk.Silences(ctx)
	if err != nil {
		unknown = "they could not be read at this moment."
		var e *rapbot.Error
		if errors.As(err, &e) {
			unknown = e.What
		}
	}
	return cards.Alerts(groups, silences, unknown, call.Args["region"], desk.Now()), nil
}
