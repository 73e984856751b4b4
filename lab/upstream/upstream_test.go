package upstream

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	amconfig "github.com/prometheus/alertmanager/config"
	"github.com/prometheus/alertmanager/notify"
	"github.com/prometheus/alertmanager/notify/slack"
	"github.com/prometheus/alertmanager/template"
	"github.com/prometheus/alertmanager/types"
	"github.com/prometheus/common/model"
	"github.com/rogpeppe/go-internal/txtar"

	"github.com/rap-analyzer/rapbot/config"
	"github.com/rap-analyzer/rapbot/integrations/alertmanager"
)

// posted is what the notifier sends.
type posted struct {
	Text        string `json:"text"`
	Attachments []struct {
		Title      string `json:"title"`
		TitleLink  string `json:"title_link"`
		Pretext    string `json:"pretext"`
		Text       string `json:"text"`
		Fallback   string `json:"fallback"`
		CallbackID string `json:"callback_id"`
		Color      string `json:"color"`
		Footer     string `json:"footer"`
		ImageURL   string `json:"image_url"`
		ThumbURL   string `json:"thumb_url"`
		Fields     []struct {
			Title string `json:"title"`
			Value string `json:"value"`
			Short bool   `json:"short"`
		} `json:"fields"`
		Actions []struct {
			Type    string            `json:"type"`
			Text    string            `json:"text"`
			URL     string            `json:"url"`
			Style   string            `json:"style"`
			Name    string            `json:"name"`
			Value   string            `json:"value"`
			Confirm map[string]string `json:"confirm"`
		} `json:"actions"`
	} `json:"attachments"`
}

// keys are the texts of a message by the path of their key.
func (p posted) keys() map[string]string {
	a := p.Attachments[0]
	out := map[string]string{
		"message_text": p.Text, "title": a.Title, "title_link": a.TitleLink, "pretext": a.Pretext, "text": a.Text, "fallback": a.Fallback,
		"callback_id": a.CallbackID, "color": a.Color, "footer": a.Footer, "image_url": a.ImageURL, "thumb_url": a.ThumbURL,
	}
	for i, f := range a.Fields {
		out[fmt.Sprintf("fields[%d].title", i)], out[fmt.Sprintf("fields[%d].value", i)] = f.Title, f.Value
	}
	for i, b := range a.Actions {
		for name, text := range map[string]string{"type": b.Type, "text": b.Text, "url": b.URL, "style": b.Style, "name": b.Name, "value": b.Value} {
			out[fmt.Sprintf("actions[%d].%s", i, name)] = text
		}
		for name, text := range b.Confirm {
			out[fmt.Sprintf("actions[%d].confirm.%s", i, name)] = text
		}
	}
	return out
}

const receiver = "team.db"

// group is an alert group as the dispatcher has it.
type group struct {
	labels, route model.LabelSet
	alerts        []*types.Alert
}

func (g group) context() context.Context {
	ctx := notify.WithGroupKey(context.Background(), "{}:{}")
	ctx = notify.WithReceiverName(ctx, receiver)
	ctx = notify.WithGroupLabels(ctx, g.labels)
	ctx = notify.WithRouteLabels(ctx, g.route)
	return notify.WithNotificationReason(ctx, notify.ReasonFirstNotification)
}

func alert(n int, resolved bool, more model.LabelSet) *types.Alert {
	labels := model.LabelSet{"alertname": "KubePodCrashLooping", "severity": "critical", "namespace": "rap", "pod": model.LabelValue(fmt.Sprintf("api-7d9f8b6c5-x%d", n)), "team": "core", "instance": "10.0.0.1:9100"}
	a := &types.Alert{Alert: model.Alert{
		Labels: labels.Merge(more), StartsAt: time.Date(2026, 3, 1, 12, n%60, 0, 0, time.UTC), GeneratorURL: "http://prometheus.example/graph?g0.expr=up",
		Annotations: model.LabelSet{"summary": "Pod is \"crash\" looping — 2 × today", "description": model.LabelValue(fmt.Sprintf("It restarts %d times\nan hour.", n)), "runbook_url": "https://runbooks.example/x", "value": "7"},
	}}
	if resolved {
		a.EndsAt = a.StartsAt.Add(83 * time.Minute)
	}
	return a
}

func groups() map[string]group {
	var many []*types.Alert
	for n := range 30 {
		many = append(many, alert(n, n%3 == 0, nil))
	}
	byName := model.LabelSet{"alertname": "KubePodCrashLooping"}
	return map[string]group{
		"firing":   {byName, nil, []*types.Alert{alert(0, false, nil)}},
		"resolved": {byName, nil, []*types.Alert{alert(0, true, nil), alert(1, true, nil)}},
		"mixed":    {byName, model.LabelSet{"team": "storage", "channel": "#db-alerts"}, []*types.Alert{alert(0, false, nil), alert(1, true, nil)}},
		"many":     {byName, nil, many},
		"warning":  {model.LabelSet{}, nil, []*types.Alert{alert(0, false, model.LabelSet{"severity": "warning", "team": "データベース"})}},
		"braces":   {model.LabelSet{"team": "{{ .ExternalURL }}"}, model.LabelSet{"team": "{{ .Status }}"}, []*types.Alert{alert(0, false, model.LabelSet{"team": "{{ .ExternalURL }}"})}},
		"long":     {model.LabelSet{"path": model.LabelValue(strings.Repeat("/long", 300))}, nil, []*types.Alert{alert(0, false, nil)}},
		"markup":   {byName, model.LabelSet{"team": "<!here>"}, []*types.Alert{alert(0, false, model.LabelSet{"team": "R&D", "namespace": "<!channel>"})}},
	}
}

// TestNotifier: what Alertmanager's notifier sends to Slack, key by key, is
// what rapbot renders of the webhook that the same Alertmanager would send.
func TestNotifier(t *testing.T) {
	files, err := filepath.Glob("../../integrations/alertmanager/testdata/upstream/*.txtar")
	if err != nil || len(files) < 11 {
		t.Fatalf("%d sets of templates, %v", len(files), err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			archive, err := txtar.ParseFile(file)
			if err != nil {
				t.Fatal(err)
			}
			var block []byte
			var globs []string
			dir := t.TempDir()
			for _, f := range archive.Files {
				if f.Name == "slack.yaml" {
					block = f.Data
					continue
				}
				globs = append(globs, filepath.Join(dir, f.Name))
				if err := os.WriteFile(filepath.Join(dir, f.Name), f.Data, 0o600); err != nil {
					t.Fatal(err)
				}
			}
			templates, err := template.FromGlobs(globs)
			if err != nil {
				t.Fatal(err)
			}
			if templates.ExternalURL, err = url.Parse("http://alertmanager.example:9093"); err != nil {
				t.Fatal(err)
			}
			ours := renderer(t, globs, block)
			for name, g := range groups() {
				compare(t, name, ours(webhook(t, templates, g)), notified(t, templates, block, g).keys())
			}
		})
	}
}

var unescape = strings.NewReplacer("&lt;", "<", "&gt;", ">", "&amp;", "&", "\u200b", "")

func compare(t *testing.T, name string, have, want map[string]string) {
	t.Helper()
	said := 0
	for key, text := range want {
		ours := have[key]
		if name == "markup" {
			ours = unescape.Replace(ours)
		}
		if ours != text {
			t.Errorf("%s: %s\nhave %q\nwant %q", name, key, ours, text)
		}
		said += len(text)
	}
	for key := range have {
		if _, known := want[key]; !known && have[key] != "" {
			t.Errorf("%s: %s is not sent upstream: %q", name, key, have[key])
		}
	}
	if said == 0 {
		t.Errorf("%s: nothing was said", name)
	}
}

// notified is what the notifier posts for a group.
func notified(t *testing.T, templates *template.Template, block []byte, g group) posted {
	t.Helper()
	bodies := make(chan []byte, 1)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		bodies <- body
		fmt.Fprint(w, "ok")
	}))
	defer server.Close()
	whole := "route: {receiver: a}\nreceivers:\n  - name: a\n    slack_configs:\n      - " + indented(block, "        ") + "\n        api_url: " + server.URL + "\n"
	if strings.TrimSpace(string(block)) == "{}" {
		whole = "route: {receiver: a}\nreceivers:\n  - name: a\n    slack_configs:\n      - api_url: " + server.URL + "\n        channel: a\n"
	} else if !strings.Contains(string(block), "channel:") {
		whole += "        channel: a\n"
	}
	c, err := amconfig.Load(whole)
	if err != nil {
		t.Fatalf("%v in\n%s", err, whole)
	}
	notifier, err := slack.New(c.Receivers[0].SlackConfigs[0], templates, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := notifier.Notify(g.context(), g.alerts...); err != nil {
		t.Fatal(err)
	}
	var p posted
	if err := json.Unmarshal(<-bodies, &p); err != nil || len(p.Attachments) != 1 {
		t.Fatal(err)
	}
	return p
}

// webhook is the body that Alertmanager's webhook notifier sends for a group.
func webhook(t *testing.T, templates *template.Template, g group) []byte {
	t.Helper()
	data := templates.Data(receiver, g.labels, g.route, notify.ReasonFirstNotification.String(), g.alerts...)
	body, err := json.Marshal(struct {
		*template.Data

		Version  string `json:"version"`
		GroupKey string `json:"groupKey"`
	}{data, "4", "{}:{}"})
	if err != nil {
		t.Fatal(err)
	}
	return body
}

func renderer(t *testing.T, globs []string, block []byte) func([]byte) map[string]string {
	t.Helper()
	text := `
slack: {bot_token: {env: A_BOT}, app_token: {env: AN_APP}, channels: {operations: C0OPS, alerts: C0ALERTS}}
approvals: {users: [U0ALICE]}
regions:
  - {name: us-east-1, postgres: {dsn: "host=a user=rapbot dbname=rap"}, instance: {start_primary: [a, b], start_replica: [a, c], stop: [a, d], status: [a, e]}}
  - {name: us-west-2, postgres: {dsn: "host=b user=rapbot dbname=rap"}, instance: {start_primary: [b, b], start_replica: [b, c], stop: [b, d], status: [b, e]}}
alertmanager:
  slack:
    ` + indented(block, "    ") + "\n"
	tokens := map[string]string{"A_BOT": "xoxb-1", "AN_APP": "xapp-1"}
	c, err := config.Parse([]byte(text), func(name string) (string, bool) { s, ok := tokens[name]; return s, ok }, os.ReadFile)
	if err != nil {
		t.Fatalf("%v in\n%s", err, text)
	}
	pasted := c.Alertmanager.Slack
	b := alertmanager.SlackBlock{Short: pasted.Short, Actions: pasted.Actions}
	for _, each := range pasted.Templates {
		b.Templates = append(b.Templates, alertmanager.KeyTemplate(each))
	}
	r, err := alertmanager.NewRenderer(alertmanager.RendererOptions{Globs: globs, Block: b, Limit: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	return func(body []byte) map[string]string {
		d, err := alertmanager.Decode(body, time.Now())
		if err != nil {
			t.Fatal(err)
		}
		out, err := r.Render(d)
		if err != nil {
			t.Fatal(err)
		}
		return out.Texts
	}
}

// indented is a block below a key or a dash.
func indented(block []byte, by string) string {
	return strings.ReplaceAll(strings.TrimRight(string(block), "\n"), "\n", "\n"+by)
}
