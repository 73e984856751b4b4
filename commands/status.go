package commands

import (
	"context"

	"github.com/rap-analyzer/rapbot"
	"github.com/rap-analyzer/rapbot/cards"
)

var status = Command{
	Name:    "status",
	Summary: "Show who is primary and how far behind the others are",
	Detail: []string{
		"Answers from memory, at most a second old, and says when the regions were observed. A region that gives no answer is named with the time of its last one; it never delays the others.",
		"Lag is given in bytes and in seconds, and only while the replica receives WAL. A replica that receives nothing is shown as NOT STREAMING with the time since when, never with a number.",
	},
	Args:     []Arg{{Name: "region", Help: "show everything about one region", Optional: true}},
	Flags:    []Flag{{Name: "now", Help: "ask every region now instead of answering from memory"}},
	Examples: []string{"status", "status eu-west-1", "status --now"},
	Run:      runStatus,
}

func runStatus(ctx context.Context, desk Desk, call Call) (rapbot.Message, error) {
	t := desk.Topology()
	if call.Has("now") || !t.Asked() {
		t = desk.Observe(ctx)
	}
	clusters := desk.Clusters()
	if call.Has("now") {
		clusters = desk.ObserveClusters(ctx)
	}
	name, one := call.Args["region"]
	if !one {
		open, err := desk.Open(ctx)
		if err != nil {
			open = nil // the fleet is worth telling even when the journal is not readable
		}
		return cards.Fleet(t, clusters, open, desk.AlertQueue()), nil
	}
	region, ok := t.Region(name)
	if !ok {
		return rapbot.Message{}, rapbot.Refuse(rapbot.NotFound, "There is no region "+name+".", "Run /rap status.")
	}
	var site rapbot.Site
	for _, s := range desk.Sites() {
		if s.Name == name {
			site = s
		}
	}
	return cards.Region(t, region, site, clusterOf(clusters, name)), nil
}

// clusterOf is nil for a region of whose Kubernetes nothing is known.
func clusterOf(clusters []rapbot.Cluster, region string) *rapbot.Cluster {
	for _, c := range clusters {
		if c.Region == region {
			return &c
		}
	}
	return nil
}
