package cards

import (
	"fmt"
	"strings"
	"time"

	"github.com/rap-analyzer/rapbot"
)

// Lag is a report of lags in words: for each region where it stands, the worst
// and when that was, and for how long nothing is known.
func Lag(r rapbot.LagReport) rapbot.Message {
	title := LagTitle(r)
	m := rapbot.Message{Summary: title, Blocks: []rapbot.Block{rapbot.Paragraph{Text: rapbot.Say(rapbot.B(title))}}}
	for _, s := range r.Series {
		m.Blocks = append(m.Blocks, rapbot.Paragraph{Text: lagLine(r, s)})
	}
	m.Blocks = append(m.Blocks, rapbot.Note{Text: lagSource(r)})
	return m
}

// LagTitle says in a line what stands out.
func LagTitle(r rapbot.LagReport) string {
	over := "Replication lag, last " + rapbot.Duration(r.To.Sub(r.From))
	var beyond []string
	known := false
	for _, s := range r.Series {
		_, worst, found := s.Latest()
		known = known || found
		if found && r.Beyond(worst.Value) {
			beyond = append(beyond, s.Region)
		}
	}
	switch {
	case !known:
		return over + ": nothing is known"
	case len(beyond) > 0:
		return fmt.Sprintf("%s: %s went past %s", over, strings.Join(beyond, " and "), lagValue(r, r.Threshold))
	case r.Threshold > 0:
		return fmt.Sprintf("%s: never past %s", over, lagValue(r, r.Threshold))
	}
	return over
}

func lagLine(r rapbot.LagReport, s rapbot.LagSeries) rapbot.Text {
	latest, worst, found := s.Latest()
	mark := rapbot.MarkDone
	if latest.Gap || !found || r.Beyond(latest.Value) {
		mark = rapbot.MarkFailed
	}
	text := rapbot.Say(mark+" ", rapbot.B(s.Region))
	if !found {
		return append(text, rapbot.Say(" — nothing is known of it")...)
	}
	if latest.Gap {
		text = append(text, rapbot.Say(" — unknown since ", rapbot.When(latest.At))...)
	} else {
		text = append(text, rapbot.Say(" — now "+lagValue(r, latest.Value))...)
	}
	if worst.Value == 0 {
		text = append(text, rapbot.Say(", never behind")...)
	} else {
		text = append(text, rapbot.Say(", worst "+lagValue(r, worst.Value)+" at ", rapbot.When(worst.At))...)
	}
	// A minute at the edges is what comes of asking at any moment.
	if unknown := s.Unknown(r.From, r.To); unknown > time.Minute {
		text = append(text, rapbot.Say("; nothing is known of "+rapbot.Duration(unknown.Round(time.Second)))...)
	}
	return text
}

func lagValue(r rapbot.LagReport, value float64) string {
	if r.Bytes {
		return rapbot.Bytes(int64(value))
	}
	return rapbot.Duration(time.Duration(value * float64(time.Second)))
}

func lagSource(r rapbot.LagReport) rapbot.Text {
	text := rapbot.Say("From ", rapbot.When(r.From), " to ", rapbot.When(r.To))
	if r.Source != "" {
		text = append(text, rapbot.Say(", as "+r.Source+" has it")...)
	}
	text = append(text, rapbot.Say(".")...)
	for _, t := range r.Trouble {
		text = append(text, rapbot.Say(" "+t)...)
	}
	return text
}
