package alertmanager

import (
	"time"

	"github.com/rap-analyzer/rapbot"
)

// lookedAfter is what people have made of the alert: who looks after it, and
// who has silenced it, until when and why.
func (v view) lookedAfter(now time.Time) []rapbot.Block {
	var out []rapbot.Block
	if a := v.group.Acked; a != nil {
		out = append(out, rapbot.Paragraph{Text: rapbot.Say(rapbot.MarkRunning+" Acknowledged by ", rapbot.Who(a.By), " ", rapbot.When(a.At), ".")})
	}
	if s := v.group.Silenced; s != nil && !s.Over(now) {
		out = append(out, rapbot.Paragraph{Text: rapbot.Say(rapbot.MarkRunning+" Silenced by ", rapbot.Who(s.By), " until ", rapbot.When(s.EndsAt), ": "+oneLine(s.Comment, maxSentence))},
			rapbot.Note{Text: rapbot.Say("Silence of "+oneLine(s.Conditions(), maxParagraph)+" (", rapbot.Mono(oneLine(s.ID, maxLabel)), "). Until it ends Alertmanager tells nothing of what matches, not even that it has resolved.")})
	}
	return out
}
