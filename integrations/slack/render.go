package slack

import (
	"fmt"
	"strings"

	sdk "github.com/slack-go/slack"

	"github.com/rap-analyzer/rapbot"
)

// What Slack bounds (https://docs.slack.dev/reference/block-kit/blocks).
const (
	textMax    = 4000 // of chat.update; chat.postMessage takes more
	blocksMax  = 50
	headerMax  = 150
	sectionMax = 3000
	fieldMax   = 2000
	fieldsMax  = 10
	notesMax   = 10
)

// Render turns a message into what Slack takes: the text of a notification,
// and blocks. It is the one place where anything is escaped and bounded, and
// there is no message that it cannot turn into something Slack accepts.
func Render(m rapbot.Message) (string, []sdk.Block) {
	var blocks []sdk.Block
	for _, b := range m.Blocks {
		blocks = append(blocks, render(b)...)
	}
	if len(blocks) > blocksMax {
		cut := len(blocks) - (blocksMax - 1)
		blocks = append(blocks[:blocksMax-1:blocksMax-1], notes([]string{fmt.Sprintf("%d more parts did not fit into this message.", cut)})...)
	}
	name(blocks)
	return notification(m), blocks
}

func render(block rapbot.Block) []sdk.Block {
	switch b := block.(type) {
	case rapbot.Heading:
		return heading(b)
	case rapbot.Paragraph:
		return sections(pack(pieces(b.Text), sectionMax))
	case rapbot.Fields:
		return fields(b)
	case rapbot.Steps:
		return steps(b)
	case rapbot.Bar:
		b.Label = bound(line(b.Label), 500)
		return sections(pack([]piece{{plain(b.String()), false}}, sectionMax))
	case rapbot.Preformatted:
		return preformatted(b)
	case rapbot.Note:
		return notes(pack(pieces(b.Text), sectionMax))
	case rapbot.Divider:
		return []sdk.Block{sdk.NewDividerBlock()}
	case rapbot.Buttons:
		return buttons(b)
	}
	return nil
}

// notification is what rings and what a screen reader reads. It is text
// without markup, so mentions in it stay silent.
func notification(m rapbot.Message) string {
	text, body := strings.TrimSpace(clean(m.Summary)), strings.TrimSpace(clean(m.Plain()))
	switch {
	case strings.HasPrefix(body, text):
		text = body
	case body != "":
		text += "\n" + body
	}
	if text == "" {
		return "rapbot"
	}
	return boundMarkup(escape(text), textMax)
}

// markdown is a text object that Slack parses for markup and nothing else:
// verbatim keeps it from linking names and addresses by itself.
func markdown(s string) *sdk.TextBlockObject {
	return &sdk.TextBlockObject{Type: sdk.MarkdownType, Text: s, Verbatim: true}
}

// label is a text object that Slack shows as it is. Slack does not say whether
// entities in it are shown as written, so < becomes a look-alike instead.
func label(s string, most int) *sdk.TextBlockObject {
	s = bound(strings.ReplaceAll(line(s), "<", "‹"), most)
	if s == "" {
		s = "…"
	}
	noEmoji := false
	return &sdk.TextBlockObject{Type: sdk.PlainTextType, Text: s, Emoji: &noEmoji}
}

func heading(h rapbot.Heading) []sdk.Block {
	if line(h.Text) == "" {
		return nil
	}
	text := label(h.Text, headerMax)
	text.Emoji = &h.Emojis
	return []sdk.Block{sdk.NewHeaderBlock(text)}
}

func sections(chunks []string) []sdk.Block {
	var out []sdk.Block
	for _, c := range chunks {
		out = append(out, sdk.NewSectionBlock(markdown(c), nil, nil))
	}
	return out
}

func fields(all rapbot.Fields) []sdk.Block {
	var out []sdk.Block
	for start := 0; start < len(all); start += fieldsMax {
		var few []*sdk.TextBlockObject
		for _, f := range all[start:min(start+fieldsMax, len(all))] {
			few = append(few, markdown(field(f)))
		}
		out = append(out, sdk.NewSectionBlock(nil, few, nil))
	}
	return out
}

func field(f rapbot.Field) string {
	name := wrap("*", "∗", bound(line(f.Name), 100))
	if name != "" {
		name += "\n"
	}
	chunks := pack(pieces(f.Value), fieldMax-600) // a bold name of 100 characters is 502 escaped
	switch len(chunks) {
	case 0:
		return name + "–"
	case 1:
		return name + chunks[0]
	}
	return name + chunks[0] + "…"
}

func steps(all rapbot.Steps) []sdk.Block {
	var lines []piece
	for i, s := range all {
		text := stepLine(s)
		if i < len(all)-1 {
			text += "\n"
		}
		lines = append(lines, piece{text, true})
	}
	return sections(pack(lines, sectionMax))
}

// stepLine sets off what runs and what failed: that is what people look for.
func stepLine(s rapbot.StepLine) string {
	title := boundMarkup(plain(line(s.Title)), wholeMax/2)
	if s.Mark == rapbot.MarkRunning || s.Mark == rapbot.MarkFailed {
		title = wrap("*", "∗", bound(line(s.Title), wholeMax/10))
	}
	text := plain(bound(line(s.Mark), 10)) + " " + title
	if detail := line(s.Detail); detail != "" {
		text += " — " + boundMarkup(plain(detail), wholeMax/2)
	}
	return text
}

func preformatted(p rapbot.Preformatted) []sdk.Block {
	text := strings.Trim(escape(strings.ReplaceAll(clean(p.Text), "```", "ˋˋˋ")), "\n")
	const fence = "```\n"
	var chunks []string
	for _, c := range pack([]piece{{text, false}}, sectionMax-2*len(fence)) {
		chunks = append(chunks, fence+strings.TrimRight(c, "\n")+"\n```")
	}
	return sections(chunks)
}

func notes(chunks []string) []sdk.Block {
	var out []sdk.Block
	for start := 0; start < len(chunks); start += notesMax {
		var few []sdk.MixedElement
		for _, c := range chunks[start:min(start+notesMax, len(chunks))] {
			few = append(few, markdown(c))
		}
		out = append(out, sdk.NewContextBlock("", few...))
	}
	return out
}
