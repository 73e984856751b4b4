package slack_test

import (
	"encoding/json"
	"regexp"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	sdk "github.com/slack-go/slack"

	"github.com/rap-analyzer/rapbot"
	"github.com/rap-analyzer/rapbot/integrations/slack"
	"github.com/rap-analyzer/rapbot/lab/workspace/blockschema"
)

// FuzzRender puts any message at all before the renderer: Slack must take
// what comes out, and nothing in it may ping anybody who was not meant.
func FuzzRender(f *testing.F) {
	f.Add([]byte("\x00\x01\x02\x03\x04\x05\x06\x07\x08\x09"), "<!channel> & `code` *b*", 10)
	f.Add([]byte("\x09\x19\x29\x39\x49\x59\x69\x79\x89"), "<@U1>|https://a.example/?a=<>|\u202e\xff\x00", 4000)
	f.Add([]byte("\x01\x01\x01\x41\x51\x61"), "x\n", 70000)
	f.Fuzz(func(t *testing.T, shape []byte, s string, n int) {
		if len(shape) > 24 {
			shape = shape[:24]
		}
		if n > 0 && s != "" {
			s = strings.Repeat(s, min(n, 8000/len(s)+1))
		}
		text, blocks := slack.Render(anyMessage(shape, s, time.Unix(int64(n)*1e6, 0)))
		acceptable(t, text, blocks)
	})
}

// BenchmarkRender renders the card of an operation, as it is edited every
// three seconds.
func BenchmarkRender(b *testing.B) {
	m := anyMessage([]byte{0, 1, 2, 3, 4, 6, 7, 8}, "us-west-2 is 4 s behind & streams", noon)
	for b.Loop() {
		slack.Render(m)
	}
}

// anyMessage makes a block of each byte, with the words everywhere.
func anyMessage(shape []byte, s string, at time.Time) rapbot.Message {
	spans := rapbot.Say(s, rapbot.B(s), rapbot.Mono(s), rapbot.Who(rapbot.Person{ID: s, Name: s}), rapbot.Team(s), rapbot.When(at), rapbot.Link(s, s), rapbot.Link("https://a.example/"+s, s))
	m := rapbot.Message{Summary: s}
	for _, b := range shape {
		few := spans[min(int(b>>4), len(spans)):]
		switch b % 10 {
		case 0:
			m.Blocks = append(m.Blocks, rapbot.Heading{Text: s})
		case 1:
			m.Blocks = append(m.Blocks, rapbot.Paragraph{Text: few})
		case 2:
			m.Blocks = append(m.Blocks, rapbot.Fields{{Name: s, Value: few}, {Name: s}, {Value: few}})
		case 3:
			m.Blocks = append(m.Blocks, rapbot.Steps{{Mark: s, Title: s, Detail: s}, {Mark: rapbot.MarkRunning, Title: s}})
		case 4:
			m.Blocks = append(m.Blocks, rapbot.Bar{Label: s, Fraction: float64(b) / 100})
		case 5:
			m.Blocks = append(m.Blocks, rapbot.Preformatted{Text: s})
		case 6:
			m.Blocks = append(m.Blocks, rapbot.Note{Text: few})
		case 7:
			m.Blocks = append(m.Blocks, rapbot.Divider{})
		case 8:
			m.Blocks = append(m.Blocks, rapbot.Buttons{{Label: s, Action: s, Value: s, Style: rapbot.Style(s), Confirm: &rapbot.Confirm{Title: s, Text: s, Yes: s, No: s}}, {Label: s, URL: "https://" + s}, {Label: s, Action: s}})
		default:
			m.Blocks = append(m.Blocks, nil)
		}
	}
	return m
}

var (
	goodDate    = regexp.MustCompile(`<!date\^-?\d+\^\{date_short_pretty\} at \{time_secs\}\|[^<>|]+>`)
	goodMention = regexp.MustCompile(`<(@[UW]|!subteam\^S)[A-Z0-9]+>`)
	goodLink    = regexp.MustCompile(`<https?://[^<>|]+(\|[^<>|]+)?>`)
	goodEntity  = regexp.MustCompile(`&(amp|lt|gt);`)
)

// acceptable fails for what Slack would refuse, for markup nobody wrote, and
// for characters that readers should not meet. Markup spans are not for it.
func acceptable(t *testing.T, text string, blocks []sdk.Block) {
	t.Helper()
	raw, err := json.Marshal(blocks)
	if err != nil {
		t.Fatal(err)
	}
	if len(blocks) > 0 {
		if err := blockschema.Message(raw); err != nil {
			t.Errorf("%v in %.2000s", err, raw)
		}
	}
	for _, p := range blockschema.Lengths(raw) {
		t.Error(p)
	}
	if n := utf8.RuneCountInString(text); n < 1 || n > 4000 {
		t.Errorf("a text of %d characters", n)
	}
	if strings.ContainsAny(text, "<>") || strings.Contains(goodEntity.ReplaceAllString(text, ""), "&") {
		t.Errorf("markup in %q", text)
	}
	for _, s := range append(texts(t, blocks), text) {
		if !utf8.ValidString(s) {
			t.Errorf("%q is not UTF-8", s)
		}
		if i := strings.IndexFunc(s, forbidden); i >= 0 {
			t.Errorf("%q has a character that is not to be shown", s[i:])
		}
	}
	for _, s := range markdowns(t, blocks) {
		for _, good := range []*regexp.Regexp{goodDate, goodMention, goodLink} {
			s = good.ReplaceAllString(s, "")
		}
		if strings.ContainsAny(s, "<>") || strings.Contains(goodEntity.ReplaceAllString(s, ""), "&") {
			t.Errorf("markup in %q", s)
		}
	}
}

func forbidden(r rune) bool {
	return r != '\n' && unicode.Is(unicode.Cc, r) || r >= '\u202a' && r <= '\u202e' || r >= '\u2066' && r <= '\u2069'
}

// texts are all texts of blocks, markdowns those that Slack parses.
func texts(t *testing.T, blocks []sdk.Block) []string     { return textsOf(t, blocks, "") }
func markdowns(t *testing.T, blocks []sdk.Block) []string { return textsOf(t, blocks, "mrkdwn") }

func textsOf(t *testing.T, blocks []sdk.Block, kind string) []string {
	t.Helper()
	raw, err := json.Marshal(blocks)
	if err != nil {
		t.Fatal(err)
	}
	var value any
	if err := json.Unmarshal(raw, &value); err != nil {
		t.Fatal(err)
	}
	var found []string
	var walk func(any)
	walk = func(value any) {
		switch v := value.(type) {
		case []any:
			for _, each := range v {
				walk(each)
			}
		case map[string]any:
			if s, is := v["text"].(string); is && (kind == "" || v["type"] == kind) {
				found = append(found, s)
			}
			for _, each := range v {
				walk(each)
			}
		}
	}
	walk(value)
	return found
}
