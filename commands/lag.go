package commands

import (
	"context"
	"fmt"
	"time"

	"github.com/rap-analyzer/rapbot"
	"github.com/rap-analyzer/rapbot/cards"
)

// The time that a picture of lags may cover.
const (
	lagUsual = time.Hour
	lagLeast = time.Minute
)

var lag = Command{
	Name:    "lag",
	Summary: "Draw how far the replicas were behind, and say the worst",
	Detail: []string{
		"Posts a picture where it was asked for, with where each region stands, the worst and when that was. A picture cannot be shown to one person alone, so everybody in the channel sees it; in a channel that rapbot is not a member of the words come back to you and the picture stands in the operations channel.",
		"The figures are Prometheus's when it is configured and answers, and otherwise rapbot's own, of which there is one a second for a day; it says which. What nobody measured is a gap in the line. Times in the picture are UTC.",
	},
	Args: []Arg{{Name: "region", Help: "only this one", Optional: true}},
	Flags: []Flag{
		{Name: "since", Value: "duration", Help: "how far back, such as 30m or 6h; an hour when left out, 24h at the most"},
		{Name: "bytes", Help: "in bytes of WAL instead of time"},
	},
	Examples: []string{"lag", "lag eu-west-1 --since 6h", "lag --bytes"},
	Run:      runLag,
}

func runLag(ctx context.Context, desk Desk, call Call) (rapbot.Message, error) {
	since, err := lagSince(call)
	if err != nil {
		return rapbot.Message{}, err
	}
	report, err := desk.Lag(ctx, call.Args["region"], since, call.Has("bytes"))
	if err != nil {
		return rapbot.Message{}, err
	}
	words := cards.Lag(report)
	if report.Source == "" {
		return words, nil // there is nothing to draw
	}
	return desk.ShowLag(ctx, rapbot.Place{Channel: call.Channel, Thread: call.Thread}, report, words)
}

func lagSince(call Call) (time.Duration, error) {
	typed, given := call.Flags["since"]
	if !given {
		return lagUsual, nil
	}
	since, err := time.ParseDuration(typed)
	if err != nil || since < lagLeast || since > rapbot.KeepSamples {
		return 0, rapbot.Refuse(rapbot.Invalid, fmt.Sprintf("--since %s is not a time from 1m to %dh.", bounded(typed, 40), int(rapbot.KeepSamples.Hours())), "Type for example /rap lag --since 6h.")
	}
	return since, nil
}
