package drive

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/rap-analyzer/rapbot/lab/workspace"
)

// Play writes down what is said in the operations channel, as the plays in bot/testdata do: what people do, and below it everything that
// rapbot has said since, in the order in which it stands in the channel. Cards read as they read at that moment; what they said on the way
// there is not in it.
type Play struct {
	people  People
	text    strings.Builder
	numbers map[string]int    // of cards, by timestamp
	read    map[string]string // what messages said, by timestamp
}

// Record begins a play.
func (p People) Record() *Play {
	return &Play{people: p, numbers: map[string]int{}, read: map[string]string{}}
}

// String is the play so far.
func (p *Play) String() string { return p.text.String() }

// Did notes what a person does, a command or a button.
func (p *Play) Did(person, what string) { fmt.Fprintf(&p.text, "%s: %s\n", person, what) }

// Pressed notes that a person presses a button on a card.
func (p *Play) Pressed(person, button string, card workspace.Message) {
	p.Did(person, fmt.Sprintf("click %s on [%d]", button, p.numbers[card.TS]))
}

// Look notes what stands in the channel and did not before.
func (p *Play) Look() error {
	messages, err := p.people.World.Slack.As("alice").Messages(Operations)
	if err != nil {
		return err
	}
	slices.SortStableFunc(messages, func(a, b workspace.Message) int { return strings.Compare(a.TS, b.TS) })
	for _, m := range messages {
		before, known := p.read[m.TS]
		if !m.Bot || known && before == m.Text {
			continue
		}
		p.read[m.TS] = m.Text
		fmt.Fprintf(&p.text, "    %s\n", p.place(m, known))
		for line := range strings.Lines(p.plain(m.Text)) {
			fmt.Fprintf(&p.text, "      %s\n", strings.TrimRight(line, "\n"))
		}
	}
	return nil
}

// place is where a message stands.
func (p *Play) place(m workspace.Message, edited bool) string {
	switch {
	case m.Ephemeral:
		return "only alice"
	case m.ThreadTS != "" && m.ThreadTS != m.TS:
		return fmt.Sprintf("#%s [%d] thread", Operations, p.numbers[m.ThreadTS])
	case edited:
		return fmt.Sprintf("#%s [%d] edited", Operations, p.numbers[m.TS])
	}
	p.numbers[m.TS] = len(p.numbers) + 1
	return fmt.Sprintf("#%s [%d]", Operations, p.numbers[m.TS])
}

var (
	mention = regexp.MustCompile(`<@([A-Z0-9]+)>`)
	date    = regexp.MustCompile(`<!date\^[^|>]*\|([^>]*)>`)
)

// plain is a message's text with Slack's tokens as people see them.
func (p *Play) plain(text string) string {
	text = date.ReplaceAllString(text, "$1")
	text = mention.ReplaceAllStringFunc(text, func(token string) string {
		for _, one := range p.people.World.Slack.People() {
			if token == "<@"+one.ID+">" {
				return "@" + one.Name
			}
		}
		return token
	})
	return strings.NewReplacer("&lt;", "<", "&gt;", ">", "&amp;", "&").Replace(text)
}
