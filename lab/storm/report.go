package main

import (
	"fmt"
	"io"
	"text/tabwriter"
	"time"
)

// report is what came of a storm.
type report struct {
	options options
	kills   int
	pushed  time.Duration // when the last alert was pushed
	drained time.Duration // when the last group had its card
	told    time.Duration // when every card said how it ended, and every thread knew
	limited int           // calls for a message in rapbot's channel that Slack answered with 429
	memory  int64

	taken, refused int // webhook calls
	percents       []time.Duration

	ours       outcome
	peer       *outcome
	peerFailed float64
}

func (r *report) print(to io.Writer) {
	o := r.options
	fmt.Fprintf(to, "\n%d alerts in %d groups within %s, through %s; %.0f %% of the groups resolve within as much again; kill -9 %d times; seed %d\n\n",
		o.alerts, o.groups, o.over, o.through, 100*o.resolve, r.kills, o.seed)
	t := tabwriter.NewWriter(to, 0, 0, 2, ' ', tabwriter.AlignRight)
	row := func(name string, ours, peer any) {
		if r.peer == nil {
			fmt.Fprintf(t, "%s\t%v\t\n", name, ours)
			return
		}
		fmt.Fprintf(t, "%s\t%v\t%v\t\n", name, ours, peer)
	}
	peer := outcome{}
	if r.peer != nil {
		peer = *r.peer
	}
	row("", "rapbot", "Alertmanager's slack_configs")
	row("groups with a message of their own", r.ours.announced, peer.announced)
	row("resolved first, listed on the digest", r.ours.listed, "-")
	row("groups nobody was told of", len(r.ours.lost), len(peer.lost))
	row("resolved and nobody was told", len(r.ours.silent), len(peer.silent))
	row("cards that do not say how it ended", len(r.ours.stale), "-")
	row("said twice", len(r.ours.twice), "-")
	row("messages in the channel", r.ours.messages-r.ours.replies, peer.messages)
	row("replies in threads", r.ours.replies, "-")
	row("digests", r.ours.digests, "-")
	row("notifications refused by Slack", r.limited, r.peerFailed)
	row("first critical group after", seconds(r.ours.firstCritical), seconds(peer.firstCritical))
	row("every critical group after", seconds(r.ours.lastCritical), seconds(peer.lastCritical))
	row("last group after", seconds(r.ours.last), seconds(peer.last))
	_ = t.Flush() // the terminal has gone
	fmt.Fprintf(to, "\nwebhook: %d calls taken, %d to be repeated; p50 %s, p99 %s, slowest %s\n", r.taken, r.refused, ms(r.percents[0]), ms(r.percents[1]), ms(r.percents[2]))
	fmt.Fprintf(to, "all pushed after %s, every group shown or listed after %s, every card and thread up to date after %s\n", seconds(r.pushed), seconds(r.drained), seconds(r.told))
	fmt.Fprintf(to, "rapbot's memory at the most: %.0f MiB\n", float64(r.memory)/(1<<20))
}

func seconds(d time.Duration) string {
	if d == 0 {
		return "never"
	}
	return fmt.Sprintf("%.1f s", d.Seconds())
}

func ms(d time.Duration) string { return fmt.Sprintf("%.1f ms", float64(d.Microseconds())/1000) }
