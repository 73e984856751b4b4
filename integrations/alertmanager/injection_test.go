package alertmanager

import (
	"errors"
	"path/filepath"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/rap-analyzer/rapbot/alert"
)

// TestInjections puts each of these into every place that an alert has, names
// of labels included, and looks at what every set of templates makes of it on
// the card: no markup, mention or template of the alert's is left, nothing
// misleads, and nothing is endless.
func TestInjections(t *testing.T) {
	injections := map[string]string{
		"everybody": "<!channel>",
		"here":      "!here",
		"person":    "<@U024BE7LH>",
		"link":      "<http://evil.example|nice>",
		"template":  `{{ printf "%c!channel>" 60 }}`,
		"megabyte":  strings.Repeat("<!channel>", 1<<20/10),
		"not UTF-8": "\xff<!channel>\xc3\x28\xe2\x82",
		"override":  "\u202e<!channel>\u2066gnp.exe\u2069\u200f\u061c",
		"control":   "\x00<\x07!channel\x1b>",
		"encoded":   "%3C!channel%3E&lt;!channel&gt;",
	}
	files, err := filepath.Glob("testdata/upstream/*.txtar")
	if err != nil || len(files) < 11 {
		t.Fatalf("%d sets of templates, %v", len(files), err)
	}
	for _, file := range files {
		archive, err := txtar.ParseFile(file)
		if err != nil {
			t.Fatal(err)
		}
		o, _ := optionsOf(t, archive)
		r := newRenderer(t, o)
		for name, bad := range injections {
			d := injected(bad)
			out, err := r.Render(d)
			if tooMuch := name == "megabyte" && errors.Is(err, errTooLong); err != nil && !tooMuch {
				t.Errorf("%s: %s: %v", file, name, err)
			}
			if out == nil { // the built-in card stands in
				out = &Rendered{}
			}
			for key, text := range out.Texts {
				if strings.Contains(text, "<!") || strings.Contains(text, "<@") || strings.Contains(text, "<http://evil") {
					t.Errorf("%s: %s: %s has markup of the alert's: %.300q", file, name, key, text)
				}
			}
			card := Card(alert.Group{}.Absorb(d), noon, out)
			shown := card.Summary + card.Plain()
			if strings.ContainsFunc(shown, func(r rune) bool {
				return r != '\n' && r != '\t' && unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r)
			}) || !utf8.ValidString(shown) {
				t.Errorf("%s: %s: the card misleads", file, name)
			}
			if len(shown) > 200_000 {
				t.Errorf("%s: %s: a card of %d bytes", file, name, len(shown))
			}
		}
	}
}

// injected is a delivery that has s wherever an alert has a text.
func injected(s string) alert.Delivery {
	every := func() map[string]string {
		m := map[string]string{s: s}
		for _, name := range []string{"alertname", "severity", "team", "namespace", "pod", "job", "instance", "cluster", "summary", "description", "message", "title", "value", "runbook_url", "dashboard_url", "channel", "escalation"} {
			m[name] = s
		}
		return m
	}
	return alert.Delivery{
		Receiver: s, Status: "firing", Reason: s, GroupLabels: map[string]string{"alertname": s}, CommonLabels: every(), CommonAnnotations: every(), RouteLabels: every(), ExternalURL: s,
		Alerts: []alert.Alert{{Status: "firing", Labels: every(), Annotations: every(), StartsAt: noon, GeneratorURL: s, Fingerprint: s}},
	}
}
