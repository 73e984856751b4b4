package cards

import (
	"fmt"
	"strconv"

	"github.com/rap-analyzer/rapbot"
)

// outcome is how an operation ended that succeeded, with the proof.
func outcome(o rapbot.Operation) []rapbot.Block {
	var blocks []rapbot.Block
	switch o.Plan.Kind {
	case rapbot.Deploy, rapbot.Rollback, rapbot.Restart, rapbot.Scale:
		blocks = deployed(o)
	case rapbot.Failover:
		blocks = failedOver(o)
	case rapbot.Rejoin:
		blocks = rejoined(o)
	default:
		blocks = switchedOver(o)
	}
	for _, w := range o.Warnings() {
		blocks = append(blocks, rapbot.Paragraph{Text: rapbot.Say(rapbot.MarkWarning + " " + w)})
	}
	return blocks
}

// switchedOver states the gap and the proof.
func switchedOver(o rapbot.Operation) []rapbot.Block {
	e := o.Evidence
	fields := rapbot.Fields{}
	if gap := o.Gap(); gap > 0 {
		fields = append(fields, rapbot.Field{Name: "Write gap", Value: rapbot.Say(rapbot.Duration(gap))})
	}
	fields = append(fields, timelines(e), rapbot.Field{Name: "Marker row replayed", Value: rapbot.Say("before ", rapbot.Mono(e[rapbot.EvMarker]))})
	if e[rapbot.EvShutdown] != "" {
		fields = append(fields, rapbot.Field{Name: "Shutdown checkpoint replayed", Value: rapbot.Say("up to ", rapbot.Mono(e[rapbot.EvShutdown]))})
	}
	stopped := " was shut down cleanly first. "
	if o.Plan.Proof() == rapbot.ProofMarker {
		stopped = " was stopped first. "
	}
	return []rapbot.Block{
		rapbot.Paragraph{Text: rapbot.Say(rapbot.B(o.Plan.To), " is primary, ", rapbot.B(o.Plan.From), stopped+o.Outcome)},
		fields,
		rapbot.Note{Text: rapbot.Say(proven(o.Plan))},
	}
}

// proven says what the promotion rested upon, and no more than that.
func proven(p rapbot.Plan) string {
	switch p.Proof() {
	case rapbot.ProofControl:
		return "The proof is read from the data of " + p.From + ", stopped: it was shut down cleanly, and " + p.To +
			" had replayed its log to the end before it was promoted. The marker row written after the last client lies before that."
	case rapbot.ProofMarker:
		return "The proof is the marker row alone: it was written after the last client had gone, and " + p.To +
			" had replayed it before it was promoted. Whether " + p.From + " wrote anything after it is not known."
	}
	return "The proof is read from " + p.To + "'s own WAL: the last record it replayed before it was promoted is the old primary's shutdown checkpoint, and the marker row written after the last client lies before it."
}

func failedOver(o rapbot.Operation) []rapbot.Block {
	e := o.Evidence
	from := o.Plan.From
	fields := rapbot.Fields{
		{Name: "Lost", Value: rapbot.Say(lost(o))},
		{Name: "Fence", Value: rapbot.Say(fencing(e[rapbot.EvFence]))},
		timelines(e),
		{Name: "Parted at", Value: rapbot.Say(rapbot.Mono(e[rapbot.EvFork]))},
	}
	next := rapbot.Say(rapbot.B("Next: "), "bring "+from+" back as a replica with ", rapbot.Mono("/rap rejoin "+from), ".")
	if !o.LossCounted {
		next = append(next, rapbot.Say(" As soon as its log can be read, what was really lost is counted and told in the thread.")...)
	}
	return []rapbot.Block{
		rapbot.Paragraph{Text: rapbot.Say(rapbot.B(o.Plan.To), " is primary in place of ", rapbot.B(from), " and takes writes. "+o.Outcome)},
		fields,
		rapbot.Paragraph{Text: next},
		rapbot.Note{Text: rapbot.Say("How " + from + " was fenced:\n" + e[rapbot.EvFencedBy])},
	}
}

// lost is what a failover really lost, as far as it has been counted.
func lost(o rapbot.Operation) string {
	n, err := strconv.Atoi(o.Evidence[rapbot.EvLost])
	size, _ := strconv.ParseInt(o.Evidence[rapbot.EvLossBytes], 10, 64) // written by ourselves, together with the other
	switch loss := o.Plan.Impact.Loss; {
	case o.LossCounted && err == nil && n == 0:
		return "nothing, counted"
	case o.LossCounted && err == nil:
		return fmt.Sprintf("%s (%s of WAL), counted", rapbot.Count(n, "commit", "commits"), rapbot.Bytes(size))
	case loss != nil && loss.Counted:
		return loss.String()
	}
	return "not counted yet"
}

// fencing is how sure it is that the old primary takes no writes.
func fencing(how string) string {
	switch how {
	case rapbot.FenceConfirmed:
		return "confirmed: it is stopped"
	case rapbot.FenceAssumed:
		return "ASSUMED: it stops by itself, and the time for that is over"
	case rapbot.FenceUnconfirmed:
		return "UNCONFIRMED: nothing shows it, and a person has accepted that"
	}
	return how
}

func rejoined(o rapbot.Operation) []rapbot.Block {
	e := o.Evidence
	fields := rapbot.Fields{{Name: "Method", Value: rapbot.Say(e[rapbot.EvMethod])}, {Name: "Timeline", Value: rapbot.Say(e[rapbot.EvNewTimeline])}}
	if e[rapbot.EvLost] != "" {
		fields = append(fields, rapbot.Field{Name: "Commits that only it had", Value: rapbot.Say(e[rapbot.EvLost])})
	}
	if e[rapbot.EvSaved] != "" {
		fields = append(fields, rapbot.Field{Name: "Their log is kept in", Value: rapbot.Say(rapbot.Mono(e[rapbot.EvSaved]))})
	}
	return []rapbot.Block{
		rapbot.Paragraph{Text: rapbot.Say(o.Outcome)},
		fields,
		rapbot.Note{Text: rapbot.Say("The proof: " + o.Plan.From + " receives timeline " + e[rapbot.EvNewTimeline] + " and has replayed the row that this operation wrote on " + o.Plan.To + ".")},
	}
}

func timelines(e map[string]string) rapbot.Field {
	return rapbot.Field{Name: "Timeline", Value: rapbot.Say(e[rapbot.EvOldTimeline] + " → " + e[rapbot.EvNewTimeline])}
}
