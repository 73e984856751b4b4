package rapbot

import (
	"fmt"
	"math"
	"regexp"
	"strings"
	"time"
)

// Plain renders a message as text for a terminal, a notification or a screen
// reader. Times are UTC.
func (m Message) Plain() string {
	var b strings.Builder
	for _, block := range m.Blocks {
		plainBlock(&b, block)
	}
	if b.Len() == 0 {
		return m.Summary
	}
	return strings.TrimRight(b.String(), "\n")
}

func plainBlock(b *strings.Builder, block Block) {
	switch v := block.(type) {
	case Heading:
		fmt.Fprintln(b, v.Text)
	case Paragraph:
		fmt.Fprintln(b, v.Text.Plain())
	case Note:
		fmt.Fprintln(b, v.Text.Plain())
	case Preformatted:
		fmt.Fprintln(b, v.Text)
	case Fields:
		for _, f := range v {
			fmt.Fprintf(b, "%s: %s\n", f.Name, f.Value.Plain())
		}
	case Steps:
		for _, s := range v {
			fmt.Fprintln(b, s.String())
		}
	case Bar:
		fmt.Fprintln(b, v.String())
	case Buttons:
		var labels []string
		for _, button := range v {
			labels = append(labels, "("+button.Label+")")
		}
		fmt.Fprintln(b, strings.Join(labels, " "))
	case Divider:
		fmt.Fprintln(b, "---")
	case Image:
		fmt.Fprintf(b, "%s (%s)\n", v.Alt, v.URL)
	}
}

// Plain is the text without any markup.
func (t Text) Plain() string {
	var b strings.Builder
	for _, s := range t {
		switch s.Kind {
		case SpanPerson, SpanTeam:
			b.WriteString("@" + s.Text)
		case SpanTime:
			b.WriteString(PlainTime(s.At))
		case SpanLink:
			b.WriteString(s.Text + " (" + s.URL + ")")
		case SpanMarkup:
			b.WriteString(plainMarkup(s.Text))
		default:
			b.WriteString(s.Text)
		}
	}
	return b.String()
}

// plainMarkup shows the links of chat markup and undoes its escaping.
func plainMarkup(s string) string {
	text := markupLink.ReplaceAllStringFunc(s, func(link string) string {
		target, words, named := strings.Cut(strings.Trim(link, "<>"), "|")
		if named {
			return words + " (" + target + ")"
		}
		return target
	})
	return markupEntities.Replace(text)
}

var (
	markupLink     = regexp.MustCompile(`<[^<>]*>`)
	markupEntities = strings.NewReplacer("&lt;", "<", "&gt;", ">", "&amp;", "&")
)

// PlainTime is a time where the reader's zone is not known.
func PlainTime(t time.Time) string {
	if t.IsZero() {
		return "never"
	}
	return t.UTC().Format("2006-01-02 15:04:05 UTC")
}

// String is the line of a step.
func (s StepLine) String() string {
	line := s.Mark + " " + s.Title
	if s.Detail != "" {
		line += " — " + s.Detail
	}
	return line
}

// String draws the bar in twenty cells.
func (v Bar) String() string {
	const cells = 20
	f := v.Fraction
	if math.IsNaN(f) {
		f = 0
	}
	f = min(1, max(0, f))
	full := int(f * cells)
	return fmt.Sprintf("%s %s%s %d%%", v.Label, strings.Repeat("█", full), strings.Repeat("░", cells-full), int(f*100))
}
