package rapbot

import (
	"errors"
	"strings"
	"time"
)

// Message is what rapbot says, neutral of any chat system. Renderers escape
// and bound it; nothing here is markup, Markup spans excepted.
type Message struct {
	Summary string // one line: what a notification shows and a screen reader reads first
	Tone    Tone   // the colour at the side; whatever it says, words say it too
	Blocks  []Block
}

// Tone is a colour at the side of a message: good, warning, danger, or one as
// #rrggbb. The empty one is none.
type Tone string

// Checked is the tone, or none when it is no colour.
func (t Tone) Checked() Tone {
	if t == "good" || t == "warning" || t == "danger" {
		return t
	}
	if len(t) != 7 || t[0] != '#' || strings.Trim(string(t[1:]), "0123456789abcdefABCDEF") != "" {
		return ""
	}
	return t
}

// Block is one part of a Message: Heading, Paragraph, Fields, Steps, Bar,
// Preformatted, Note, Divider, Image or Buttons.
type Block interface{ block() }

// Heading is a short line that stands out.
type Heading struct {
	Text   string
	Emojis bool // names such as :fire: are shown as what they name
}

// Paragraph is running text; its line breaks are kept.
type Paragraph struct{ Text Text }

// Fields are short named values, read two abreast where there is room.
type Fields []Field

// Field is one named value.
type Field struct {
	Name  string
	Value Text
}

// Steps are lines with a mark for where each stands.
type Steps []StepLine

// StepLine is one line of Steps.
type StepLine struct {
	Mark   string // one of the Mark constants
	Title  string
	Detail string // shown after the title; empty for none
}

// The marks of steps and checks. They are words' companions, never alone.
const (
	MarkPending = "○"
	MarkRunning = "◐"
	MarkDone    = "●"
	MarkFailed  = "✕"
	MarkWarning = "▲"
	MarkUndone  = "↺"
)

// Bar is a measured progress.
type Bar struct {
	Label    string
	Fraction float64 // 0 to 1
}

// Preformatted is text in a fixed-width face.
type Preformatted struct{ Text string }

// Note is small print.
type Note struct{ Text Text }

// Divider is a line between parts.
type Divider struct{}

// Image is a picture from the web. It stands at the end of a message, and one
// that cannot be fetched takes nothing else away.
type Image struct {
	URL string // https
	Alt string // what it shows, for who does not see it
}

// Buttons are what can be pressed.
type Buttons []Button

// Style is how much a button stands out.
type Style string

// The styles.
const (
	StyleDefault Style = ""
	StylePrimary Style = "primary"
	StyleDanger  Style = "danger"
)

// Button is a specific verb, with what it is about as an opaque value.
type Button struct {
	Label   string
	Action  string
	Value   string
	Style   Style
	URL     string   // a link instead of an action; http or https
	Emojis  bool     // names such as :book: in the label are shown as what they name
	Confirm *Confirm // asked before an irreversible action is sent
}

// Confirm is the question before the act.
type Confirm struct {
	Title, Text, Yes, No string
}

func (Heading) block()      {}
func (Paragraph) block()    {}
func (Fields) block()       {}
func (Steps) block()        {}
func (Bar) block()          {}
func (Preformatted) block() {}
func (Note) block()         {}
func (Divider) block()      {}
func (Image) block()        {}
func (Buttons) block()      {}

// Text is a run of spans.
type Text []Span

// SpanKind says how a span is shown and therefore how it is escaped.
type SpanKind int

// The kinds of spans.
const (
	SpanPlain SpanKind = iota
	SpanBold
	SpanCode
	SpanPerson // ID is a user ID, Text a name for where IDs cannot be shown
	SpanTeam   // ID is a user group's, whose members are all notified
	SpanTime   // At, shown in the reader's own zone
	SpanLink   // URL (http and https only), Text
	SpanMarkup // chat markup made by a template whose values were escaped; shown as it is
)

// Span is one piece of text of one kind.
type Span struct {
	Kind SpanKind
	Text string
	ID   string
	URL  string
	At   time.Time
}

// B is bold text.
func B(s string) Span { return Span{Kind: SpanBold, Text: s} }

// Mono is text in a fixed-width face.
func Mono(s string) Span { return Span{Kind: SpanCode, Text: s} }

// Who mentions a person without needing to know their present name.
func Who(p Person) Span { return Span{Kind: SpanPerson, ID: p.ID, Text: p.Name} }

// Team mentions everybody in a user group.
func Team(id string) Span { return Span{Kind: SpanTeam, ID: id, Text: id} }

// When is a time in the reader's own zone.
func When(t time.Time) Span { return Span{Kind: SpanTime, At: t} }

// Link is a web link.
func Link(url, text string) Span { return Span{Kind: SpanLink, URL: url, Text: text} }

// Say makes a Text of strings, spans and texts.
func Say(parts ...any) Text {
	var out Text
	for _, p := range parts {
		switch v := p.(type) {
		case string:
			out = append(out, Span{Text: v})
		case Span:
			out = append(out, v)
		case Text:
			out = append(out, v...)
		default:
			panic("rapbot: Say takes strings, spans and texts")
		}
	}
	return out
}

// Ref is where a message stands.
type Ref struct {
	Channel string `json:"channel,omitempty"`
	ID      string `json:"id,omitempty"`
}

// Zero reports whether there is no message.
func (r Ref) Zero() bool { return r.ID == "" }

// Form is a few questions in a dialog.
type Form struct {
	Action string // handed back on submission
	Value  string // handed back on submission
	Title  string // 24 characters at the most
	Submit string // 24 characters at the most
	Intro  Text
	Inputs []Input
}

// Input is one question: a choice when it has options, a text otherwise.
type Input struct {
	Name        string
	Label       string
	Hint        string
	Placeholder string
	Optional    bool
	Multiline   bool
	Options     []Option
	Initial     string
}

// Option is one choice.
type Option struct {
	Label, Value string
}

// ErrorMessage tells an error in its three beats. One that shows what it rests
// upon is set in parts, so that each can be found at a glance.
func ErrorMessage(err error) Message {
	var e *Error
	if errors.As(err, &e) && len(e.Seen) > 0 {
		return Message{Summary: e.What, Blocks: []Block{
			Paragraph{Say(B(e.What))}, Steps(e.Seen), Paragraph{append(Say(e.Changed+" "), Copyable(e.Now)...)},
		}}
	}
	text := err.Error()
	return Message{Summary: text, Blocks: []Block{Paragraph{Say(text)}}}
}

// Copyable sets what stands between backticks as something to copy.
func Copyable(s string) Text {
	var out Text
	for i, part := range strings.Split(s, "`") {
		if i%2 == 1 {
			out = append(out, Mono(part))
		} else {
			out = append(out, Say(part)...)
		}
	}
	return out
}
