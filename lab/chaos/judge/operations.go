package judge

import (
	"fmt"
	"strings"
	"time"

	"github.com/rap-analyzer/rapbot"
	"github.com/rap-analyzer/rapbot/lab/regions"
)

// everythingEnds is I4.
func everythingEnds(h History) []string {
	var open []string
	for _, o := range h.Operations {
		if !o.State.Final() {
			open = append(open, fmt.Sprintf("operation %s (%s) has not ended: it %s", o.ID, o.Plan.Noun(), o.State.Is()))
		}
	}
	return open
}

// WritesBackWithin is how long a rollback may take until writes are accepted again. The promise is 15 s; a machine with
// other work gets twice that.
const WritesBackWithin = 30 * time.Second

// writesReturn is I5.
func writesReturn(h History) []string {
	var late []string
	for _, o := range h.Operations {
		if took, is := Rollback(h, o); is && took > WritesBackWithin {
			late = append(late, fmt.Sprintf("operation %s turned round and writes were not back after %s", o.ID, took.Round(time.Millisecond)))
		}
	}
	return late
}

// Rollback is how long a switchover that was taken back kept the application from writing, counted from when it turned
// round. One whose primary was killed or cut off is none: there was nobody to let it write.
func Rollback(h History, o rapbot.Operation) (took time.Duration, is bool) {
	if o.Plan.Kind != rapbot.Switchover || h.disturbed(o.Plan.From) || h.Skewed {
		return 0, false
	}
	var turned time.Time
	for _, r := range o.Records {
		if r.Kind == rapbot.RecRollback {
			turned = r.At
		}
	}
	if turned.IsZero() {
		return 0, false
	}
	for _, row := range h.Acked {
		if row.At.After(turned) {
			return row.At.Sub(turned), true
		}
	}
	return h.Ended.Sub(turned), true
}

// disturbed reports whether a region could not serve the application by something else than rapbot.
func (h History) disturbed(region string) bool {
	if h.killed(region) {
		return true
	}
	for _, b := range h.Blows {
		if b.Vain == "" && (b.Region == region || strings.Contains(b.Detail, region)) && b.What != "freeze" && b.What != "pause-replay" {
			return true
		}
	}
	return false
}

// rightOneIsPrimary is I6.
func rightOneIsPrimary(h History) []string {
	var wrong []string
	promotions := h.promotions()
	for _, o := range promotions {
		if o.Plan.Kind == rapbot.Switchover {
			wrong = append(wrong, h.unfit(o)...)
		}
	}
	if len(promotions) == 0 || len(h.Mended) > 0 {
		return wrong
	}
	last := promotions[len(promotions)-1]
	for _, s := range h.Fleet {
		if s.Role == "primary" && s.Region != last.Plan.To {
			wrong = append(wrong, fmt.Sprintf("%s is the primary, and the last one promoted was %s, by operation %s", s.Region, last.Plan.To, last.ID))
		}
	}
	return wrong
}

// unfit tells of a target that stood still, or was down, all the time from before a switchover's first step until it was
// promoted.
func (h History) unfit(o rapbot.Operation) []string {
	if h.Skewed {
		return nil
	}
	var wrong []string
	for what, remedy := range map[string]string{"freeze": "thaw", "kill": "start", "stop": "start"} {
		var since, until time.Time
		for _, b := range h.Blows {
			switch {
			case b.Vain != "" || b.Region != o.Plan.To:
			case b.What == what && since.IsZero():
				since = b.At
			case b.What == remedy && until.IsZero():
				until = b.At
			}
		}
		if !since.IsZero() && since.Before(o.StartedAt) && (until.IsZero() || until.After(promotedAt(o))) {
			wrong = append(wrong, fmt.Sprintf("operation %s promoted %s at %s, which was in the state %q since %s", o.ID, o.Plan.To, clock(promotedAt(o)), what, clock(since)))
		}
	}
	return wrong
}

// withinBound is I7: in bytes and commits by the lab's own count of the replaced primary's log, in time by the
// acknowledgements that are lost.
func withinBound(h History) []string {
	var broken []string
	for _, o := range h.failovers() {
		bound := o.Plan.Impact.Loss
		if bound == nil {
			broken = append(broken, fmt.Sprintf("operation %s is a failover without a bound", o.ID))
			continue
		}
		for _, real := range h.Losses {
			if real.Operation == o.ID {
				broken = append(broken, overBound(o, *bound, real)...)
			}
		}
		if span := lostSpan(h, o); !bound.Open && !bound.Unknown && !bound.Counted && span > bound.Time+answerTime {
			broken = append(broken, fmt.Sprintf("operation %s lost rows of the last %s, and %s was accepted", o.ID, span.Round(time.Millisecond), bound))
		}
	}
	return broken
}

func overBound(o rapbot.Operation, bound rapbot.Loss, real CountedLoss) []string {
	var broken []string
	if !bound.Open && !bound.Unknown && real.Commits > 0 && real.Bytes > bound.Bytes {
		broken = append(broken, fmt.Sprintf("operation %s lost %d bytes (%d commits), and %s was accepted", o.ID, real.Bytes, real.Commits, bound))
	}
	if bound.Counted && real.Commits > bound.Commits {
		broken = append(broken, fmt.Sprintf("operation %s lost %d commits, and %d were counted before the approval", o.ID, real.Commits, bound.Commits))
	}
	if told := o.Evidence[rapbot.EvLost]; o.LossCounted && told != fmt.Sprint(real.Commits) {
		broken = append(broken, fmt.Sprintf("operation %s is told to have lost %s commits, and lost %d", o.ID, told, real.Commits))
	}
	return broken
}

// lostSpan is how long before its end the replaced primary acknowledged the first row that is lost.
func lostSpan(h History, o rapbot.Operation) time.Duration {
	var first, last regions.Ack
	for _, row := range h.Missing {
		if h.Ports[row.Port] == o.Plan.From && first.At.IsZero() {
			first = row
		}
		if h.Ports[row.Port] == o.Plan.From {
			last = row
		}
	}
	return last.At.Sub(first.At)
}

// refused is I9.
func refused(h History) []string {
	var through []string
	for _, r := range h.Refusals {
		if !strings.Contains(r.Told, r.Want) {
			through = append(through, fmt.Sprintf("%s: told %q, want %q", r.What, r.Told, r.Want))
		}
	}
	for _, o := range h.Operations {
		approvals, asked := 0, 1
		for _, r := range o.Records {
			switch {
			case r.Kind == rapbot.RecReplanned:
				asked++
			case r.Kind == rapbot.RecApproved:
				approvals++
				if r.By.ID == o.Requester.ID {
					through = append(through, fmt.Sprintf("operation %s was approved by its requester %s", o.ID, r.By.ID))
				}
			}
		}
		if approvals > asked {
			through = append(through, fmt.Sprintf("operation %s was approved %d times and asked %d times", o.ID, approvals, asked))
		}
	}
	return through
}
