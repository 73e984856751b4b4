package cards

import (
	"fmt"
	"time"

	"github.com/rap-analyzer/rapbot"
)

// causesShown is how many causes an explanation names; the worst come first.
const causesShown = 5

// Explanation is what surrounds a replication alert: what is probably its
// cause, how the fleet stands, and what was changed in that time before it.
func Explanation(t rapbot.Topology, causes []rapbot.Cause, changes []rapbot.Operation, lately time.Duration, read bool) rapbot.Message {
	summary := "Nothing that rapbot can see of the fleet explains this."
	if len(causes) > 0 {
		summary = causes[0].What
	}
	m := rapbot.Message{Summary: summary}
	if len(causes) == 0 {
		m.Blocks = append(m.Blocks, rapbot.Paragraph{Text: rapbot.Say(rapbot.B(summary), " Every replica streams, and none is far behind at this moment.")})
	}
	for i, c := range causes[:min(len(causes), causesShown)] {
		m.Blocks = append(m.Blocks, rapbot.Paragraph{Text: causeLine(c, i == 0)})
	}
	if more := len(causes) - causesShown; more > 0 {
		m.Blocks = append(m.Blocks, rapbot.Paragraph{Text: rapbot.Say(fmt.Sprintf("And %d more: see /rap status.", more))})
	}
	lines := rapbot.Text{}
	for i, r := range t.Regions {
		if i > 0 {
			lines = append(lines, rapbot.Say("\n")...)
		}
		lines = append(lines, regionLine(r)...)
	}
	m.Blocks = append(m.Blocks, rapbot.Paragraph{Text: lines}, rapbot.Paragraph{Text: changesLine(changes, lately, read)})
	m.Blocks = append(m.Blocks, rapbot.Note{Text: rapbot.Say("Observed at ", rapbot.When(t.At), ".")})
	return m
}

func causeLine(c rapbot.Cause, first bool) rapbot.Text {
	mark := rapbot.MarkFailed
	if c.Likely {
		mark = rapbot.MarkWarning
	}
	text := rapbot.Say(mark + " ")
	if first {
		text = append(text, rapbot.Say(rapbot.B("Probable cause:"), " ")...)
	}
	text = append(text, rapbot.Say(c.What)...)
	if c.Now != "" {
		text = append(text, rapbot.Say(" ")...)
		text = append(text, rapbot.Copyable(c.Now)...)
	}
	return text
}

func changesLine(changes []rapbot.Operation, lately time.Duration, read bool) rapbot.Text {
	over := "the last " + rapbot.Duration(lately)
	switch {
	case !read:
		return rapbot.Say("What was changed in " + over + " could not be read.")
	case len(changes) == 0:
		return rapbot.Say("rapbot has changed nothing in " + over + ".")
	}
	text := rapbot.Say("Changed by rapbot in " + over + ":")
	for _, o := range changes {
		text = append(text, rapbot.Say("\n", rapbot.B(o.ID), " "+Title(o)+", asked for by ", rapbot.Who(o.Requester))...)
		if o.State.Final() {
			text = append(text, rapbot.Say(", ended ", rapbot.When(o.EndedAt))...)
		}
	}
	return text
}
