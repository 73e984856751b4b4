package alertmanager

import (
	"go/parser"
	"go/token"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rap-analyzer/rapbot"
	"github.com/rap-analyzer/rapbot/alert"
)

func TestWebLink(t *testing.T) {
	for link, want := range map[string]string{
		"https://a.example/x?y=1#z":    "https://a.example/x?y=1#z",
		" http://a.example:9090 ":      "http://a.example:9090",
		"HTTPS://a.example":            "HTTPS://a.example",
		"https://a.example/a|b<c>\"":   "https://a.example/a%7Cb%3Cc%3E%22",
		"javascript:alert(1)":          "",
		"data:text/html,x":             "",
		"//a.example":                  "",
		"/graph":                       "",
		"https://":                     "",
		"https://:443/":                "",
		"https://slack.com@a.example/": "",
		"https://a.example/\u202egnp":  "",
		"https://a.example/a b":        "",
		"https://a.example/\nb":        "",
		"https://a.example/" + strings.Repeat("x", maxLink): "",
		"": "",
	} {
		if got := webLink(link); got != want {
			t.Errorf("webLink(%q) is %q, want %q", link, got, want)
		}
	}
	if secureLink("http://a.example") != "" || secureLink("HTTPS://a.example") == "" || secureLink("https") != "" {
		t.Error("buttons take https and nothing else")
	}
}

// TestOnlyTheTemplateIsMarkup: nothing but the rendered text is a markup span,
// and nothing of the built-in card is.
func TestOnlyTheTemplateIsMarkup(t *testing.T) {
	g := alert.Group{}.Absorb(decode(t, recorded))
	for text, want := range map[string]int{"": 0, "*rendered*": 1} {
		markup := 0
		for _, b := range Card(g, noon, &Rendered{Texts: map[string]string{"text": text}}).Blocks {
			p, _ := b.(rapbot.Paragraph)
			for _, s := range p.Text {
				if s.Kind == rapbot.SpanMarkup {
					markup++
				}
			}
		}
		if markup != want {
			t.Errorf("%d markup spans for the text %q", markup, text)
		}
	}
}

func TestPlainTitle(t *testing.T) {
	for title, want := range map[string]string{
		"[FIRING:1] a &lt;!channel&gt; &amp;lt; b": "[FIRING:1] a <!channel> &lt; b",
		"<https://a.example|Alertmanager> x":       "Alertmanager x",
		"<https://a.example> x":                    "https://a.example x",
		" \n ":                                     "",
		strings.Repeat("é", 500):                   strings.Repeat("é", maxHeading) + "…",
	} {
		r := &Rendered{Texts: map[string]string{"title": title}}
		if got := r.plain("title", maxHeading); got != want {
			t.Errorf("%q is %q, want %q", title, got, want)
		}
	}
}

// TestCardIsPure: the same group gives the same card and is left as it was,
// and no group is too empty for one.
func TestCardIsPure(t *testing.T) {
	g, again := alert.Group{}.Absorb(decode(t, recorded)), alert.Group{}.Absorb(decode(t, recorded))
	if !reflect.DeepEqual(Card(g, noon, nil), Card(g, noon, nil)) || !reflect.DeepEqual(g, again) {
		t.Error("the card or the group changes")
	}
	for _, status := range []string{"", "firing", "resolved"} {
		g := alert.Group{Latest: alert.Delivery{Status: status}}
		if m := Card(g, noon, nil); m.Summary == "" || m.Plain() == "" {
			t.Errorf("an empty group that is %q has no card", status)
		}
	}
}

// TestLookedAfter: the card says who looks after what fires, as values that the
// renderer escapes, and nothing of a silence that is over.
func TestLookedAfter(t *testing.T) {
	alice := rapbot.Person{ID: "U1", Name: "alice"}
	g := alert.Group{}.Absorb(decode(t, recorded))
	before := Card(g, noon, nil).Plain()
	g.Acked = &alert.Ack{By: alice, At: noon}
	g.Silenced = &alert.Silence{ID: "s1", Matchers: []alert.Matcher{{Name: "a", Value: "b"}}, EndsAt: noon.Add(time.Hour), Comment: "disk\u202e <!channel>" + strings.Repeat("x", 400), By: alice}
	card := Card(g, noon, nil)
	for _, want := range []string{"Acknowledged by @alice", "Silenced by @alice until", "disk <!channel>x", `a="b" (s1)`} {
		if !strings.Contains(card.Plain(), want) {
			t.Errorf("%q is missing in\n%s", want, card.Plain())
		}
	}
	if strings.Contains(card.Plain(), strings.Repeat("x", 301)) {
		t.Error("the comment is not bounded")
	}
	g.Acked = nil
	if got := Card(g, noon.Add(time.Hour), nil).Plain(); got != before {
		t.Errorf("a silence that is over is still shown:\n%s", got)
	}
}

// TestRunbookButton: a button needs https, a link does with http.
func TestRunbookButton(t *testing.T) {
	for runbook, want := range map[string]string{
		"https://runbooks.example/lag": "Runbook (https://runbooks.example/lag)\n(Runbook)",
		"http://runbooks.example/lag":  "Runbook (http://runbooks.example/lag)",
		"javascript:alert(1)":          "",
	} {
		d := alert.Delivery{Status: "firing", Alerts: []alert.Alert{{Status: "firing", Annotations: map[string]string{"runbook_url": runbook}}}}
		card := Card(alert.Group{}.Absorb(d), noon, nil).Plain()
		if _, below, _ := strings.Cut(card, "given.\n"); below != want {
			t.Errorf("%s: have %q, want %q", runbook, below, want)
		}
	}
}

// TestImports: the template package alone pulls in 48 packages, the webhook's
// own 317.
func TestImports(t *testing.T) {
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	found := false
	for _, file := range files {
		f, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ImportsOnly)
		if err != nil {
			t.Fatal(err)
		}
		for _, imp := range f.Imports {
			path, _ := strconv.Unquote(imp.Path.Value)
			theirs := strings.HasPrefix(path, "github.com/prometheus/alertmanager")
			found = found || theirs
			if theirs && path != "github.com/prometheus/alertmanager/template" {
				t.Errorf("%s imports %s", file, path)
			}
		}
	}
	if !found {
		t.Error("nothing of Alertmanager is imported")
	}
}
