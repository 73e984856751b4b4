package alertmanager

import (
	"fmt"
	"time"

	"github.com/rap-analyzer/rapbot"
	"github.com/rap-analyzer/rapbot/alert"
)

// What a card shows of a thing at the most, in runes or in number.
const (
	maxHeading    = 120
	maxSentence   = 300
	maxParagraph  = 500
	maxLabel      = 80
	maxAlertLines = 5
	maxLabels     = 8
	maxPlaces     = 4
)

// Card is the one message of an alert group, as it is known now. Where an
// operator's templates have said something it is in their words, otherwise the
// built-in card has its own; r is nil without templates. Everything but what
// was rendered is given as values, which the renderer of the chat escapes.
func Card(g alert.Group, now time.Time, r *Rendered) rapbot.Message {
	v := viewOf(g, now)
	head, theirs := r.plain("title", maxHeading), true
	if head == "" {
		head, theirs = v.heading(), false
	}
	m := rapbot.Message{Summary: r.summary(), Tone: r.tone(), Blocks: []rapbot.Block{
		rapbot.Heading{Text: head, Emojis: theirs},
		rapbot.Paragraph{Text: v.standing()},
	}}
	if m.Summary == "" {
		m.Summary = v.notification(head)
	}
	m.Blocks = append(m.Blocks, v.lookedAfter(now)...)
	m.Blocks = append(m.Blocks, v.body(r)...)
	if n := g.Latest.Truncated; n > 0 {
		m.Blocks = append(m.Blocks, rapbot.Paragraph{Text: rapbot.Say(fmt.Sprintf("%s Alertmanager left out %s of this group (max_alerts), about which nothing is known here.", rapbot.MarkWarning, alerts(n)))})
	}
	if g.Held != nil {
		m.Blocks = append(m.Blocks, rapbot.Paragraph{Text: rapbot.Say(rapbot.MarkWarning+" A delivery that arrived ", rapbot.When(g.Held.ReceivedAt),
			" says that "+v.heldNames()+" fires, with a beginning from before it resolved. It is most likely late. Unless Alertmanager takes it back, it counts from ", rapbot.When(g.Held.ReceivedAt.Add(alert.DoubtFor)), ".")})
	}
	if g.Times > 1 {
		m.Blocks = append(m.Blocks, rapbot.Note{Text: rapbot.Say(fmt.Sprintf("Fired %d times, first seen ", g.Times), rapbot.When(g.FirstSeen), ".")})
	}
	if footer := r.markup("footer", maxFooter); footer != nil {
		m.Blocks = append(m.Blocks, rapbot.Note{Text: footer})
	}
	if links := v.links(r.link("title_link", webLink)); len(links) > 0 {
		m.Blocks = append(m.Blocks, rapbot.Note{Text: links})
	}
	if buttons := v.allButtons(r); len(buttons) > 0 {
		m.Blocks = append(m.Blocks, buttons)
	}
	return m
}

// heading says what the group does now, what it is called and how much of it
// there is.
func (v view) heading() string {
	word, count := "Firing", alerts(len(v.alerts))
	if v.resolved {
		word = "Resolved"
	} else if n := v.firing(); n < len(v.alerts) {
		count = fmt.Sprintf("%d of %s", n, alerts(len(v.alerts)))
	}
	return fmt.Sprintf("%s: %s (%s)", word, oneLine(v.names(), maxHeading-40), count)
}

// standing is the line under the heading: how bad, where, since when, and by
// how much.
func (v view) standing() rapbot.Text {
	var t rapbot.Text
	if v.resolved {
		t = rapbot.Say(rapbot.MarkDone+" ", rapbot.B("resolved"))
		if !v.until.IsZero() {
			t = append(t, rapbot.Say(" ", rapbot.When(v.until))...)
		}
		if took := v.took(); took != "" {
			t = append(t, rapbot.Say(" after "+took)...)
		}
		t = append(t, rapbot.Say("; was "+v.worst.word+v.where())...)
	} else {
		t = rapbot.Say(v.worst.mark+" ", rapbot.B(v.worst.word), v.where())
	}
	if !v.since.IsZero() {
		t = append(t, rapbot.Say(", since ", rapbot.When(v.since))...)
	}
	t = append(t, rapbot.Say(".")...)
	if value := v.common.measured(); value != "" {
		t = append(t, rapbot.Say(" "+v.wording("Value ", "Value was ")+value+".")...)
	}
	return t
}

// notification is the one line that a phone shows.
func (v view) notification(head string) string {
	line := head + " — " + v.worst.word + v.where()
	if v.resolved {
		line = head
		if took := v.took(); took != "" {
			line += " after " + took
		}
	}
	if said := v.said(); said != "" && !v.resolved {
		line += ": " + oneLine(said, 150)
	}
	return line
}

func (v view) took() string {
	if v.since.IsZero() || v.until.IsZero() {
		return ""
	}
	return rapbot.Duration(v.until.Sub(v.since))
}

func (v view) wording(firing, resolved string) string {
	if v.resolved {
		return resolved
	}
	return firing
}

func alerts(n int) string {
	if n == 1 {
		return "1 alert"
	}
	return fmt.Sprintf("%d alerts", n)
}
