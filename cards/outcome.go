package cards

import (
	"strings"

	"github.com/rap-analyzer/rapbot"
)

// outcome is how an operation ended that succeeded, with the proof.
func outcome(o rapbot.Operation) []rapbot.Block {
	var blocks []rapbot.Block
	switch o.Plan.Kind {
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
	fields = append(fields, timelines(e),
		rapbot.Field{Name: "Marker row replayed", Value: rapbot.Say("before ", rapbot.Mono(e[rapbot.EvMarker]))},
		rapbot.Field{Name: "Shutdown checkpoint replayed", Value: rapbot.Say("up to ", rapbot.Mono(e[rapbot.EvShutdown]))})
	return []rapbot.Block{
		rapbot.Paragraph{Text: rapbot.Say(rapbot.B(o.Plan.To), " is primary, ", rapbot.B(o.Plan.From), " was shut down cleanly first. "+o.Outcome)},
		fields,
		rapbot.Note{Text: rapbot.Say("The proof is read from " + o.Plan.To + "'s own WAL: the last record it replayed before it was promoted is the old primary's shutdown checkpoint, and the marker row written after the last client lies before it.")},
	}
}

func failedOver(o rapbot.Operation) []rapbot.Block {
	e := o.Evidence
	fields := rapbot.Fields{
		timelines(e),
		{Name: "Parted at", Value: rapbot.Say(rapbot.Mono(e[rapbot.EvFork]))},
		{Name: "Fence", Value: rapbot.Say(strings.ToUpper(e[rapbot.EvFence]))},
	}
	note := "When the log of " + o.Plan.From + " can be read, what was really lost is counted and told in the thread."
	if o.LossCounted {
		note = "What was really lost has been counted; it stands in the thread."
	}
	return []rapbot.Block{
		rapbot.Paragraph{Text: rapbot.Say(rapbot.B(o.Plan.To), " is primary in place of ", rapbot.B(o.Plan.From), ". "+o.Outcome)},
		fields,
		rapbot.Paragraph{Text: rapbot.Say(rapbot.B("How "+o.Plan.From+" was fenced"), "\n"+e[rapbot.EvFencedBy])},
		rapbot.Note{Text: rapbot.Say(note + " To bring " + o.Plan.From + " back: /rap rejoin " + o.Plan.From + ".")},
	}
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
