package alertmanager

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/rap-analyzer/rapbot"
)

// Rendered is what the templates of a block made of one delivery. A nil one is
// a card without templates.
type Rendered struct {
	// Texts are chat markup, each by the path of its key, as Alertmanager's own
	// notifier would send them, but for the values, which are escaped.
	Texts map[string]string

	block SlackBlock
}

// What a card shows of a rendered text at the most, in runes.
const (
	maxRendered = 6000
	maxFooter   = 300
	maxButton   = 75
)

// plain is a text where nothing is markup, on one line.
func (r *Rendered) plain(key string, limit int) string {
	if r == nil {
		return ""
	}
	return oneLine(wordsOf(r.Texts[key]), limit)
}

// markup is a text of which chat makes links and bold words; it has no spans
// when there is nothing to see.
func (r *Rendered) markup(key string, limit int) rapbot.Text {
	if r == nil {
		return nil
	}
	s := cutMarkup(strings.TrimSpace(tidy(r.Texts[key], maxOutput)), limit)
	if s == "" {
		return nil
	}
	return rapbot.Text{{Kind: rapbot.SpanMarkup, Text: s}}
}

// link is the address that a text renders to, when it is a good one.
func (r *Rendered) link(key string, good func(string) string) string {
	if r == nil {
		return ""
	}
	return good(unescaper.Replace(strings.TrimSpace(r.Texts[key])))
}

// tone is the colour of the bar. Anything but a colour is none.
func (r *Rendered) tone() rapbot.Tone {
	if r == nil {
		return ""
	}
	t := strings.ToLower(strings.TrimSpace(r.Texts["color"]))
	if bareColour.MatchString(t) {
		t = "#" + t
	}
	return rapbot.Tone(t).Checked()
}

var bareColour = regexp.MustCompile(`^[0-9a-f]{6}$`)

// summary is what a phone shows, when the operator has said what.
func (r *Rendered) summary() string {
	if s := r.plain("message_text", maxSentence); s != "" {
		return s
	}
	if r != nil && r.block.given("fallback") {
		return r.plain("fallback", maxSentence)
	}
	return ""
}

// wordsOf makes plain text of chat markup: links become their words, and what
// was escaped for chat is itself again.
func wordsOf(markup string) string {
	words := markupLink.ReplaceAllStringFunc(markup, func(link string) string {
		target, words, named := strings.Cut(strings.Trim(link, "<>"), "|")
		if named {
			return words
		}
		return target
	})
	return unescaper.Replace(words)
}

var (
	markupLink = regexp.MustCompile(`<[^<>]*>`)
	unescaper  = strings.NewReplacer("&lt;", "<", "&gt;", ">", "&amp;", "&")
)

// cutMarkup cuts after a line where there is one, and never within a link.
func cutMarkup(s string, limit int) string {
	runes := []rune(s)
	if len(runes) <= limit {
		return s
	}
	head := string(runes[:limit])
	if open := strings.LastIndexByte(head, '<'); open > strings.LastIndexByte(head, '>') {
		head = head[:open]
	}
	if end := strings.LastIndexByte(head, '\n'); end > len(head)/2 {
		head = head[:end]
	} else if amp := strings.LastIndexByte(head, '&'); amp > len(head)-len("&quot;") && !strings.Contains(head[amp:], ";") {
		head = head[:amp]
	}
	return strings.TrimRight(head, "\n") + fmt.Sprintf("\n… cut here: the template gave %d characters.", len(runes))
}
