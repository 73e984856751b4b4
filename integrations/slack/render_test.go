package slack_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	sdk "github.com/slack-go/slack"

	"github.com/rap-analyzer/rapbot"
	"github.com/rap-analyzer/rapbot/integrations/slack"
)

var update = flag.Bool("update", false, "rewrite the golden files")

var noon = time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)

func TestRenderGoldens(t *testing.T) {
	t.Parallel()
	tests := map[string]rapbot.Message{
		"heading":   {Summary: "Switch over to us-west-2", Blocks: []rapbot.Block{rapbot.Heading{Text: "Switch over <!channel> & *all*\n" + strings.Repeat("long ", 40)}}},
		"emojis":    {Summary: "Emojis", Blocks: []rapbot.Block{rapbot.Heading{Text: ":fire: <!channel>", Emojis: true}, rapbot.Heading{Text: ":fire:"}, rapbot.Buttons{{Label: "Book :green_book:", URL: "https://a.example", Emojis: true}}}},
		"paragraph": {Summary: "A paragraph", Blocks: []rapbot.Block{rapbot.Paragraph{Text: rapbot.Say("Line 1 & <@U1> <!here>\nLine 2 of `pg_stat_activity` and *this*: 3 * 4 = a*b ~not~")}}},
		"spans": {Summary: "Spans", Blocks: []rapbot.Block{rapbot.Paragraph{Text: rapbot.Say(
			rapbot.B("bold *and* <b>"), " ", rapbot.Mono("code ` and\nline"), " ", rapbot.Who(rapbot.Person{ID: "U07ALICE001", Name: "alice"}), " ",
			rapbot.Who(rapbot.Person{ID: "!channel", Name: "<!channel>"}), " ", rapbot.Team("S07ONCALL01"), " ", rapbot.Team("U07ALICE001"), " ", rapbot.Team("S1><!channel"), " ", rapbot.When(noon), " ", rapbot.When(time.Time{}), " ",
			rapbot.Link("https://a.example/x?y=1&z=<|>", "run|book <now>"), " ", rapbot.Link("javascript:alert(1)", "click"), " ",
			rapbot.Link("https://slack.com@evil.example/", "Slack"), " ", rapbot.Span{Kind: rapbot.SpanMarkup, Text: "*severity* <https://a.example|graph>"},
		)}}},
		"bold at the edge": {Summary: "Bold", Blocks: []rapbot.Block{rapbot.Paragraph{Text: rapbot.Say(rapbot.B("What happened: "), "it is down", rapbot.B(" now: "), rapbot.B("gone"))}}},
		"fields": {Summary: "Fields", Blocks: []rapbot.Block{rapbot.Fields{
			{Name: "Lag", Value: rapbot.Say("0 B, 0 s behind")},
			{Name: "LSN", Value: rapbot.Say(rapbot.Mono("0/5000000"))},
			{Name: "Empty"},
			{Value: rapbot.Say("no name")},
			{Name: "5"},
			{Name: "6"},
			{Name: "7"},
			{Name: "8"},
			{Name: "9"},
			{Name: "10"},
			{Name: "11", Value: rapbot.Say("in a further section")},
		}}},
		"steps": {Summary: "Steps", Blocks: []rapbot.Block{rapbot.Steps{
			{Mark: rapbot.MarkDone, Title: "Prepare", Detail: "in 1.2 s"},
			{Mark: rapbot.MarkRunning, Title: "Stop us-east-1"},
			{Mark: rapbot.MarkPending, Title: "Promote <us-west-2>"},
			{Mark: rapbot.MarkFailed, Title: "Prove", Detail: "row 7 & 8\nmissing"},
		}}},
		"bar":          {Summary: "Bar", Blocks: []rapbot.Block{rapbot.Bar{Label: "Rebuild <us-west-2>", Fraction: 0.42}, rapbot.Bar{Label: "NaN", Fraction: math.NaN()}}},
		"preformatted": {Summary: "Preformatted", Blocks: []rapbot.Block{rapbot.Preformatted{Text: "SELECT 1 < 2; -- ``` <!channel>\n\tindented"}}},
		"note":         {Summary: "Note", Blocks: []rapbot.Block{rapbot.Note{Text: rapbot.Say("Observed at ", rapbot.When(noon), ".")}, rapbot.Divider{}}},
		"buttons": {Summary: "Buttons", Blocks: []rapbot.Block{rapbot.Buttons{
			{Label: "Approve Switchover", Action: "approve", Value: "7:digest", Style: rapbot.StylePrimary, Confirm: &rapbot.Confirm{Title: "Approve?", Text: "us-east-1 stops.", Yes: "Approve", No: "Back"}},
			{Label: "Reject", Action: "reject", Value: "7:digest"},
			{Label: "Reject", Action: "reject", Value: "8:digest"},
			{Label: "Force <!channel> :bomb:", Action: "force", Style: rapbot.StyleDanger, Confirm: &rapbot.Confirm{}},
			{Label: "Runbook", URL: "https://runbooks.example/lag|x"},
			{Label: "Nowhere", URL: "javascript:alert(1)"},
			{Label: "Nothing"},
		}}},
		"direction": {Summary: "Con\u202etrol\x00 \xff", Blocks: []rapbot.Block{rapbot.Paragraph{Text: rapbot.Say("a\u202eb\u2066c\x07d\r\ne\xfff", rapbot.Mono("\u202d`"))}}},
		"empty":     {Blocks: []rapbot.Block{nil, rapbot.Heading{}, rapbot.Paragraph{}, rapbot.Fields{}, rapbot.Steps{}, rapbot.Preformatted{}, rapbot.Note{}, rapbot.Buttons{}}},
	}
	for name, m := range tests {
		t.Run(name, func(t *testing.T) {
			text, blocks := slack.Render(m)
			got := "text: " + text + "\n\n" + pretty(t, blocks)
			golden(t, filepath.Join("testdata", name+".txt"), got)
			acceptable(t, text, blocks)
		})
	}
}

func TestRenderCutsAndSaysSo(t *testing.T) {
	t.Parallel()
	var m rapbot.Message
	for range 60 {
		m.Blocks = append(m.Blocks, rapbot.Paragraph{Text: rapbot.Say("p")})
	}
	text, blocks := slack.Render(m)
	acceptable(t, text, blocks)
	if got := pretty(t, blocks[49:]); !strings.Contains(got, "11 more parts did not fit into this message.") {
		t.Error(got)
	}
}

func TestRenderSplitsBetweenWords(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("line & <tag> of some length\n", 400)
	spans := rapbot.Say()
	for range 400 {
		spans = append(spans, rapbot.When(noon), rapbot.Mono("0/5000000"), rapbot.Who(rapbot.Person{ID: "U07ALICE001"}), rapbot.B(strings.Repeat("&", 40)))
	}
	m := rapbot.Message{Summary: long, Blocks: []rapbot.Block{
		rapbot.Paragraph{Text: rapbot.Say(long)},
		rapbot.Preformatted{Text: long},
		rapbot.Paragraph{Text: spans},
		rapbot.Note{Text: spans},
		rapbot.Fields{{Name: long, Value: spans}},
		rapbot.Steps{{Mark: long, Title: long, Detail: long}, {Title: long, Mark: rapbot.MarkRunning}},
		rapbot.Bar{Label: long, Fraction: 2},
		rapbot.Heading{Text: long},
		rapbot.Buttons{{Label: long, Action: long, Value: long, Confirm: &rapbot.Confirm{Title: long, Text: long, Yes: long, No: long}}},
	}}
	text, blocks := slack.Render(m)
	acceptable(t, text, blocks)
	for _, s := range texts(t, blocks) {
		if n := strings.Count(s, "```"); n != 0 && n != 2 {
			t.Errorf("%d fences in one section", n)
		}
	}
}

func TestRevisionsHaveBlockIDsOfTheirOwn(t *testing.T) {
	t.Parallel()
	revision := func(words string) string {
		_, blocks := slack.Render(rapbot.Message{Blocks: []rapbot.Block{rapbot.Paragraph{Text: rapbot.Say(words)}, rapbot.Buttons{{Label: "Stop", Action: "stop"}}}})
		return blocks[1].(*sdk.ActionBlock).BlockID
	}
	if a, again, b := revision("a"), revision("a"), revision("b"); a == b || a != again {
		t.Error("a block's ID says which revision it is of")
	}
}

// pretty is the JSON of blocks as people read it.
func pretty(t *testing.T, blocks []sdk.Block) string {
	t.Helper()
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(blocks); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func golden(t *testing.T, file, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s differs; run with -update and read the diff. Have:\n%s", file, got)
	}
}
