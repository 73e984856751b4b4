package rapbot

import (
	"fmt"
	"time"
)

// Vantage says in sentences what is seen of a missing primary, and from where:
// rapbot's own attempts, and each replica's end of the stream. When a replica
// still receives, the primary lives and rapbot is the one that is cut off.
func (t Topology) Vantage() []string {
	var out []string
	for _, r := range t.withRole(Unknown) {
		seen := "has never answered rapbot"
		if !r.LastAnswer.IsZero() {
			seen = "last answered rapbot at " + clock(r.LastAnswer)
		}
		out = append(out, fmt.Sprintf("%s %s (%s).", r.Name, seen, r.Fault))
	}
	partition := false
	for _, r := range t.withRole(Replica) {
		switch {
		case r.Lag.Streaming:
			partition = true
			out = append(out, fmt.Sprintf("%s still receives WAL from %s, %s ago.", r.Name, r.Server.Receiver.Sender, Duration(r.Server.Clock.Sub(r.Server.Receiver.LastMessage))))
		case r.Lag.Since.IsZero():
			out = append(out, fmt.Sprintf("%s receives nothing.", r.Name))
		default:
			out = append(out, fmt.Sprintf("%s receives nothing since %s.", r.Name, clock(r.Lag.Since)))
		}
	}
	if partition {
		out = append(out, "So the primary probably lives, and the network between it and rapbot is cut.")
	}
	return out
}

func clock(t time.Time) string { return t.UTC().Format("15:04:05 UTC") }
