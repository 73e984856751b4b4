package rapbot_test

import (
	"testing"

	"github.com/rap-analyzer/rapbot"
)

// TestPlainMarkup: a template's text is read without its markup, and what was
// escaped for chat is itself again.
func TestPlainMarkup(t *testing.T) {
	m := rapbot.Message{Blocks: []rapbot.Block{
		rapbot.Paragraph{Text: rapbot.Text{{Kind: rapbot.SpanMarkup, Text: "*lag* &lt;!channel&gt; &amp;lt; <https://a.example/?a=1&amp;b=2|graph> <https://b.example>"}}},
		rapbot.Image{URL: "https://a.example/x.png", Alt: "a graph"},
	}}
	const want = "*lag* <!channel> &lt; graph (https://a.example/?a=1&b=2) https://b.example\na graph (https://a.example/x.png)"
	if got := m.Plain(); got != want {
		t.Errorf("have %q, want %q", got, want)
	}
}

func TestTone(t *testing.T) {
	for tone, want := range map[rapbot.Tone]rapbot.Tone{
		"good": "good", "warning": "warning", "danger": "danger", "#D50000": "#D50000", "": "", "red": "", "#d5000": "", "#d5000g": "", "#d500000": "", "d500000": "",
	} {
		if got := tone.Checked(); got != want {
			t.Errorf("%q is %q, want %q", tone, got, want)
		}
	}
}
