package judge

import (
	"fmt"
	"time"

	"github.com/rap-analyzer/rapbot"
	"github.com/rap-analyzer/rapbot/lab/regions"
)

// onePrimary is I1, by the probe: two servers that took committed writes on one timeline, or one that did after another had
// begun to on a later one.
func onePrimary(h History) []string {
	if h.riskAccepted() {
		return nil
	}
	two := regions.Overlaps(h.Samples)
	if len(two) == 0 {
		return nil
	}
	o := two[0]
	return []string{fmt.Sprintf("%d times two primaries: %s committed on timeline %d at %s, and %s on %d at %s", len(two),
		o.Old.Server, o.Old.Timeline, clock(o.Old.At), o.New.Server, o.New.Timeline, clock(o.New.At))}
}

// nothingLost is I2. A server that is killed keeps what it acknowledged, since it is on its disk; so only a failover, which
// leaves a log behind, may lose a row.
func nothingLost(h History) []string {
	if len(h.Missing) == 0 || len(h.failovers()) > 0 {
		return nil
	}
	first := h.Missing[0]
	return []string{fmt.Sprintf("%d acknowledged rows are lost and there was no failover; first %d, acknowledged by %s at %s",
		len(h.Missing), first.ID, h.Ports[first.Port], clock(first.At))}
}

// oneLineage is I3: a row that the primary lacks was acknowledged by a server that a failover of this run replaced, and not
// after its successor had been promoted.
func oneLineage(h History) []string {
	failovers := h.failovers()
	if len(failovers) == 0 {
		return nil // I2 tells
	}
	var stray []regions.Ack
	for _, row := range h.Missing {
		if !explained(h, failovers, row) {
			stray = append(stray, row)
		}
	}
	if len(stray) == 0 {
		return nil
	}
	return []string{fmt.Sprintf("%d lost rows belong to no failover of this run; first %d, acknowledged by %s at %s", len(stray), stray[0].ID, h.Ports[stray[0].Port], clock(stray[0].At))}
}

// answerTime is how long an acknowledgement may have been on its way to the application when it is noted.
const answerTime = 2 * time.Second

func explained(h History, failovers []rapbot.Operation, row regions.Ack) bool {
	for _, o := range failovers {
		promoted := promotedAt(o)
		late := !promoted.IsZero() && !h.Skewed && row.At.After(promoted.Add(answerTime))
		if h.Ports[row.Port] == o.Plan.From && (!late || h.riskAccepted()) {
			return true
		}
	}
	return false
}

// staysDown is I10, by the probe and the journal: after a promotion is over, no server commits anything on an earlier
// timeline. A restarted primary that its boot gate holds commits nothing.
func staysDown(h History) []string {
	if h.riskAccepted() || h.Skewed {
		return nil
	}
	var broken []string
	for _, o := range h.promotions() {
		var timeline int
		if _, err := fmt.Sscan(o.Evidence[rapbot.EvNewTimeline], &timeline); err != nil {
			continue
		}
		for _, s := range h.Samples {
			if s.Committed && s.Server != o.Plan.To && s.Timeline < timeline && s.At.After(promotedAt(o)) {
				broken = append(broken, fmt.Sprintf("%s committed on timeline %d at %s, after operation %s had promoted %s to %d at %s",
					s.Server, s.Timeline, clock(s.At), o.ID, o.Plan.To, timeline, clock(promotedAt(o))))
				break
			}
		}
	}
	return broken
}

func clock(t time.Time) string { return t.UTC().Format("15:04:05.000") }
