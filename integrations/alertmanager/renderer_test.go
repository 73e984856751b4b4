package alertmanager

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/rap-analyzer/rapbot"
)

func newRenderer(t *testing.T, o RendererOptions) *Renderer {
	t.Helper()
	r, err := NewRenderer(o)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// render runs one template on one alert with this summary.
func render(t *testing.T, text, summary string) string {
	t.Helper()
	_, out, err := newRenderer(t, RendererOptions{Text: text}).Render(alertSaying(summary))
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func alertSaying(summary string) rapbot.Delivery {
	said := map[string]string{"summary": summary}
	return rapbot.Delivery{
		Receiver: "rap.bot", Status: "firing", CommonAnnotations: said, RouteLabels: map[string]string{"team": summary},
		ExternalURL: "http://am-1:9093", Alerts: []rapbot.Alert{{Status: "firing", Annotations: said, Labels: map[string]string{summary: "name"}}},
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
		"unescaped":    {`{{ urlUnescape .CommonAnnotations.summary }}`, "a%3C%21channel%3E", "a&lt;!channel&gt;"},
		"decoded":      {`{{ base64decode .CommonAnnotations.summary }}`, "PCFjaGFubmVsPg==", "&lt;!channel&gt;"},
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
	r := newRenderer(t, RendererOptions{Text: "[{{ .ExternalURL }}][{{ (index .Alerts 0).GeneratorURL }}]"})
	if _, text, err := r.Render(d); err != nil || text != "[][https://prom.example/graph?a=1&amp;b=%3C%7C%3E]" {
		t.Errorf("%q, %v", text, err)
	}
	r = newRenderer(t, RendererOptions{Text: "{{ .ExternalURL }}", ExternalURL: "https://alertmanager.example"})
	if _, text, err := r.Render(d); err != nil || text != "https://alertmanager.example" {
		t.Errorf("%q, %v", text, err)
	}
}

// TestLoad: a mistake in a template is found before the first alert, and the
// error says where it is.
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
	broken, runtime := write("broken.bad", "{{ if }}"), write("runtime.bad", `{{ define "deep" }}{{ .Nonsense }}{{ end }}`)
	r := newRenderer(t, RendererOptions{Globs: []string{filepath.Join(dir, "*.tmpl")}, Title: `{{ template "rap.title" . }}`, Text: `{{ template "slack.default.text" . }}`})
	if title, text, err := r.Render(alertSaying("x")); err != nil || title != "FIRING" || text != "mine" {
		t.Errorf("%q, %q, %v", title, text, err)
	}
	for name, c := range map[string]struct {
		o    RendererOptions
		want string
	}{
		"title":            {RendererOptions{Title: "{{ .Status"}, "alert title"},
		"text":             {RendererOptions{Text: "{{ nothing }}"}, "alert text"},
		"field":            {RendererOptions{Text: "{{ .Nonsense }}"}, "alert text"},
		"no such template": {RendererOptions{Text: `{{ template "nothing" }}`}, `"nothing" not defined`},
		"file":             {RendererOptions{Globs: []string{broken}}, "broken.bad"},
		"define":           {RendererOptions{Globs: []string{runtime}, Text: `{{ template "deep" . }}`}, "runtime.bad"},
		"glob":             {RendererOptions{Globs: []string{"["}}, "syntax error in pattern"},
		"no file":          {RendererOptions{Globs: []string{filepath.Join(dir, "*.none")}}, "no such file"},
		"resolved only":    {RendererOptions{Text: "{{ (index .Alerts.Firing 0).Status }}"}, "resolved sample"},
		"firing only":      {RendererOptions{Text: "{{ (index .Alerts.Resolved 0).Status }}"}, "firing sample"},
		"bad regexp":       {RendererOptions{Text: `{{ reReplaceAll "(" "" .Status }}`}, "alert text"},
		"external URL":     {RendererOptions{ExternalURL: "javascript:alert(1)"}, "external URL"},
	} {
		if _, err := NewRenderer(c.o); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: have %v, want %q", name, err, c.want)
		}
	}
}

// TestBounds: what a template does at run time is bounded, and a failure gives
// an error, is counted and leaves the renderer usable.
func TestBounds(t *testing.T) {
	const onlyFor = `{{ if eq .CommonAnnotations.summary "much" }}{{ range 1000000000 }}x{{ end }}{{ end }}` +
		`{{ if eq .CommonAnnotations.summary "slow" }}{{ range 1000000000 }}{{ "" }}{{ end }}{{ end }}` +
		`{{ if eq .CommonAnnotations.summary "wrong" }}{{ mustToDate "x" "y" }}{{ end }}fine`
	registry := prometheus.NewRegistry()
	r := newRenderer(t, RendererOptions{Title: "{{ .Status }}", Text: onlyFor, Registerer: registry})
	r.limit = 200 * time.Millisecond
	for said, want := range map[string]string{"much": "longer than 8192 bytes", "slow": "takes too long", "wrong": "mustToDate"} {
		began := time.Now()
		title, text, err := r.Render(alertSaying(said))
		if err == nil || !strings.Contains(err.Error(), want) || title != "" || text != "" {
			t.Errorf("%s: %q, %q, %v", said, title, text, err)
		}
		if took := time.Since(began); took > 5*time.Second {
			t.Errorf("%s: took %s", said, took)
		}
	}
	r.limit = 5 * time.Second
	if _, text, err := r.Render(alertSaying("x")); err != nil || text != "fine" {
		t.Errorf("%q, %v", text, err)
	}
	families, err := registry.Gather()
	if err != nil || len(families) != 1 || families[0].GetMetric()[0].GetCounter().GetValue() != 3 {
		t.Errorf("failures are not counted: %v, %v", families, err)
	}
	if _, err := NewRenderer(RendererOptions{Registerer: registry}); err == nil {
		t.Error("metrics registered twice")
	}
}

// TestStuckTemplate: one that cannot be stopped is given up, and no second one
// is started beside it.
func TestStuckTemplate(t *testing.T) {
	r := newRenderer(t, RendererOptions{Text: "x"})
	r.limit = 50 * time.Millisecond
	r.busy <- struct{}{} // as if a rendering went on
	if _, _, err := r.Render(alertSaying("x")); err == nil || !strings.Contains(err.Error(), "takes too long") {
		t.Errorf("have %v", err)
	}
	<-r.busy
	if _, _, err := r.Render(alertSaying("x")); err != nil {
		t.Errorf("have %v", err)
	}
}
