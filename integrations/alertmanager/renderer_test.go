package alertmanager

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/rap-analyzer/rapbot/alert"
)

func newRenderer(t *testing.T, o RendererOptions) *Renderer {
	t.Helper()
	o.Limit = time.Minute // a busy machine fails no test
	r, err := NewRenderer(o)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// block is one where these keys are given.
func block(keysAndTexts ...string) SlackBlock {
	var b SlackBlock
	for i := 0; i < len(keysAndTexts); i += 2 {
		b.Templates = append(b.Templates, KeyTemplate{Key: keysAndTexts[i], Text: keysAndTexts[i+1], Line: 7})
	}
	return b
}

// render runs one template on one alert with this summary.
func render(t *testing.T, text, summary string) string {
	t.Helper()
	out, err := newRenderer(t, RendererOptions{Block: block("text", text)}).Render(alertSaying(summary))
	if err != nil {
		t.Fatal(err)
	}
	return out.Texts["text"]
}

func alertSaying(summary string) alert.Delivery {
	said := map[string]string{"summary": summary}
	return alert.Delivery{
		Receiver: "rap.bot", Status: "firing", CommonAnnotations: said, RouteLabels: map[string]string{"team": summary},
		ExternalURL: "http://am-1:9093", Alerts: []alert.Alert{{Status: "firing", Annotations: said, Labels: map[string]string{summary: "name"}}},
	}
}

// TestValuesStayValues: nothing that an alert says becomes markup, a mention
// or a template, whatever the template does with it.
func TestValuesStayValues(t *testing.T) {
	const summary = "{{ .CommonAnnotations.summary }}"
	for name, c := range map[string]struct{ text, said, want string }{
		"mention":      {summary, "<!channel> & co", "&lt;!channel&gt; &amp; co"},
		"link":         {summary, "<https://evil.example|here>", "&lt;https://evil.example|here&gt;"},
		"label name":   {"{{ range .Alerts }}{{ range .Labels.SortedPairs }}{{ .Name }}{{ end }}{{ end }}", "a<!here>", "a&lt;!here&gt;"},
		"template":     {summary, "{{ .ExternalURL }}", "{{ .ExternalURL }}"},
		"route label":  {`{{ routeLabels "team" }}`, "{{ .ExternalURL }} <!here>", "{{ .ExternalURL }} &lt;!here&gt;"},
		"own link":     {"<https://runbooks.example|" + summary + ">", "a|b>c", "<https://runbooks.example|a|b&gt;c>"},
		"link target":  {"<" + summary + "|Runbook>", "!channel", "<\u200b!channel|Runbook>"},
		"user target":  {"<" + summary + "|Runbook>", "@U024BE7LH", "<\u200b@U024BE7LH|Runbook>"},
		"channel":      {"<" + summary + "|Runbook>", " #C024BE7LH", "<\u200b #C024BE7LH|Runbook>"},
		"channel name": {summary, "#db-alerts", "#db-alerts"},
		"unescaped":    {`{{ urlUnescape .CommonAnnotations.summary }}`, "a%3C%21channel%3E", "a&lt;!channel&gt;"},
		"upper case":   {"{{ toUpper .CommonAnnotations.summary }}", "r&d <x>", "R&amp;D &lt;X&gt;"},
		"query":        {"{{ urlquery .CommonAnnotations.summary }}", "a&b<", "a%26b%3C"},
		"query mark":   {"{{ urlquery .CommonAnnotations.summary }}", "@a", "%40a"},
		"encoded":      {"{{ base64encode .CommonAnnotations.summary }}", "<!channel>", "PCFjaGFubmVsPg=="},
		"there, back":  {"{{ base64encode .CommonAnnotations.summary | base64decode }}", "<!channel>", "&lt;!channel&gt;"},
		"JSON":         {"{{ toJson .CommonAnnotations }}", "<!channel>", `{"summary":"\u003c!channel\u003e"}`},
		"JSON in JSON": {"{{ toJson .CommonAnnotations }}", `\u0026lt; & \`, `{"summary":"\\u0026lt; \u0026 \\"}`},
		"not UTF-8":    {summary, "a\xff<\xfe!here>", "a\ufffd&lt;\ufffd!here&gt;"},
		"decoded":      {`{{ base64decode .CommonAnnotations.summary }}`, "PCFjaGFubmVsPg==", "&lt;!channel&gt;"},
		"megabyte":     {summary, strings.Repeat("<", 1<<20), strings.Repeat("&lt;", maxValue) + "…"},
		"direction":    {summary, "a\u202egnp.\u2066exe\u2069\x07\u0000", "agnp.exe"},
		"lines":        {summary, "a\nb\u2028c", "a\nb\nc"},
		"quoted":       {"{{ .Receiver }}", "", `rap\.bot`},
		"own markup":   {"*<!here>* <@U1>", "", "*<!here>* <@U1>"},
		"missing":      {"[{{ .CommonLabels.nothing }}]", "", "[]"},
		"long":         {summary, strings.Repeat("é", 2*maxValue), strings.Repeat("é", maxValue) + "…"},
		"external URL": {"{{ .ExternalURL }}", "", "http://am-1:9093"},
	} {
		t.Run(name, func(t *testing.T) {
			// base64decode fails on what the samples say, so it is tried at run time only.
			text := c.text
			if name == "decoded" {
				text = `{{ if ne .ExternalURL "http://alertmanager.example:9093" }}` + text + `{{ end }}`
			}
			if got := render(t, text, c.said); got != c.want {
				t.Errorf("have %q, want %q", got, c.want)
			}
		})
	}
}

func TestLinksOfOtherSchemesAreEmpty(t *testing.T) {
	d := alertSaying("x")
	d.ExternalURL, d.Alerts[0].GeneratorURL = "javascript:alert(1)", "https://prom.example/graph?a=1&b=<|>"
	r := newRenderer(t, RendererOptions{Block: block("text", "[{{ .ExternalURL }}][{{ (index .Alerts 0).GeneratorURL }}]")})
	if out, err := r.Render(d); err != nil || out.Texts["text"] != "[][https://prom.example/graph?a=1&amp;b=%3C%7C%3E]" {
		t.Errorf("%v, %v", out, err)
	}
	r = newRenderer(t, RendererOptions{Block: block("text", "{{ .ExternalURL }}"), ExternalURL: "https://alertmanager.example"})
	if out, err := r.Render(d); err != nil || out.Texts["text"] != "https://alertmanager.example" {
		t.Errorf("%v, %v", out, err)
	}
}

// TestLoad: a mistake in a template is found before the first alert, and the
// error says in which key, and where.
func TestLoad(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) string {
		file := filepath.Join(dir, name)
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return file
	}
	write("good.tmpl", `{{ define "rap.title" }}{{ .Status | toUpper }}{{ end }}{{ define "slack.default.text" }}mine{{ end }}`)
	broken, runtime := write("broken.bad", "\n{{ if }}"), write("runtime.bad", `{{ define "deep" }}{{ .Nonsense }}{{ end }}`)
	r := newRenderer(t, RendererOptions{Globs: []string{filepath.Join(dir, "*.tmpl")}, Block: block("title", `{{ template "rap.title" . }}`)})
	if out, err := r.Render(alertSaying("x")); err != nil || out.Texts["title"] != "FIRING" || out.Texts["text"] != "mine" {
		t.Errorf("%v, %v", out, err)
	}
	for name, c := range map[string]struct {
		o    RendererOptions
		want string
	}{
		"key":              {RendererOptions{Block: block("title", "{{ .Status")}, "alertmanager.slack.title (begins on line 7): template: alertmanager.slack.title:1: unclosed action"},
		"line":             {RendererOptions{Block: block("fields[1].value", "a\nb\n{{ nothing }}")}, `alertmanager.slack.fields[1].value:3: function "nothing" not defined`},
		"field":            {RendererOptions{Block: block("text", "\n\n{{ .Nonsense }}")}, "try a firing sample: alertmanager.slack.text (begins on line 7): template: alertmanager.slack.text:3:3:"},
		"no such template": {RendererOptions{Block: block("text", `{{ template "nothing" }}`)}, `alertmanager.slack.text:1:12: template "nothing" not defined`},
		"not on the way":   {RendererOptions{Block: block("text", "\n{{ if false }}{{ template \"nothing\" }}{{ end }}")}, `alertmanager.slack.text:2:26: template "nothing" not defined`},
		"file":             {RendererOptions{Globs: []string{broken}}, "broken.bad:2: missing value for if"},
		"define":           {RendererOptions{Globs: []string{runtime}, Block: block("text", `{{ template "deep" . }}`)}, "runtime.bad:1:"},
		"glob":             {RendererOptions{Globs: []string{"["}}, "syntax error in pattern"},
		"no file":          {RendererOptions{Globs: []string{filepath.Join(dir, "*.none")}}, "no such file"},
		"resolved only":    {RendererOptions{Block: block("text", "{{ (index .Alerts.Firing 0).Status }}")}, "resolved sample"},
		"firing only":      {RendererOptions{Block: block("text", "{{ (index .Alerts.Resolved 0).Status }}")}, "firing sample"},
		"bad regexp":       {RendererOptions{Block: block("text", `{{ reReplaceAll "(" "" .Status }}`)}, "alertmanager.slack.text"},
		"external URL":     {RendererOptions{ExternalURL: "javascript:alert(1)"}, "external URL"},
	} {
		if _, err := NewRenderer(c.o); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: have %v, want %q", name, err, c.want)
		}
	}
}

// TestBounds: what a template does at run time is bounded, and a failure gives
// an error, is counted and leaves the renderer usable. The template that never
// ends writes nothing, and yet it is stopped: the next one finds its place free.
func TestBounds(t *testing.T) {
	const onlyFor = `{{ define "self" }}{{ template "self" . }}{{ end }}` +
		`{{ if eq .CommonAnnotations.summary "much" }}{{ range 1000000000 }}x{{ end }}{{ end }}` +
		`{{ if eq .CommonAnnotations.summary "endless" }}{{ range 9000000000000000000 }}{{ with "" }}{{ end }}{{ end }}{{ end }}` +
		`{{ if eq .CommonAnnotations.summary "nested" }}{{ range 9000000000000000000 }}{{ if true }}{{ range 3 }}{{ end }}{{ end }}{{ end }}{{ end }}` +
		`{{ if eq .CommonAnnotations.summary "deep" }}{{ template "self" . }}{{ end }}` +
		`{{ if eq .CommonAnnotations.summary "wrong" }}{{ mustToDate "x" "y" }}{{ end }}fine`
	registry := prometheus.NewRegistry()
	r := newRenderer(t, RendererOptions{Block: block("title", "{{ .Status }}", "text", onlyFor), Registerer: registry})
	for _, c := range []struct {
		said, want string
		limit      time.Duration
	}{
		{"much", "longer than 65536 bytes", time.Minute},
		{"wrong", "mustToDate", time.Minute},
		{"endless", "takes too long", 200 * time.Millisecond},
		{"nested", "takes too long", 200 * time.Millisecond},
		{"deep", "", 200 * time.Millisecond}, // whichever comes first
	} {
		r.limit = c.limit
		out, err := r.Render(alertSaying(c.said))
		if err == nil || !strings.Contains(err.Error(), c.want) || out != nil {
			t.Errorf("%s: %v, %v", c.said, out, err)
		}
		r.limit = time.Minute
		if out, err := r.Render(alertSaying("x")); err != nil || out.Texts["text"] != "fine" {
			t.Errorf("after %s: %v, %v", c.said, out, err)
		}
	}
	families, err := registry.Gather()
	if err != nil || len(families) != 1 || families[0].GetMetric()[0].GetCounter().GetValue() != 5 {
		t.Errorf("failures are not counted: %v, %v", families, err)
	}
	if _, err := NewRenderer(RendererOptions{Registerer: registry}); err == nil {
		t.Error("metrics registered twice")
	}
}

// TestStuckTemplate: one that cannot be stopped is given up, and no second one
// is started beside it.
func TestStuckTemplate(t *testing.T) {
	r := newRenderer(t, RendererOptions{Block: block("text", "x")})
	r.limit = 50 * time.Millisecond
	r.busy <- struct{}{} // as if a rendering went on
	if _, err := r.Render(alertSaying("x")); err == nil || !strings.Contains(err.Error(), "takes too long") {
		t.Errorf("have %v", err)
	}
	<-r.busy
	if _, err := r.Render(alertSaying("x")); err != nil {
		t.Errorf("have %v", err)
	}
}
