package main

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/rap-analyzer/rapbot/config"
	"github.com/rap-analyzer/rapbot/lab/loopback"
	"github.com/rap-analyzer/rapbot/lab/workspace"
)

const pastedBlock = `
slack: {bot_token: {env: A_BOT_TOKEN}, app_token: {env: AN_APP_TOKEN}, api_url: "%s/api/", channels: {operations: C07RAPOPS01, alerts: C07RAPOPS01}}
approvals: {users: [U07ALICE001]}
regions:
  - {name: us-east-1, postgres: {dsn: "host=127.0.0.1 port=1 user=rapbot dbname=rap"}, instance: {start_primary: [a, b], start_replica: [a, c], stop: [a, d], status: [a, e]}}
  - {name: us-west-2, postgres: {dsn: "host=127.0.0.1 port=2 user=rapbot dbname=rap"}, instance: {start_primary: [b, b], start_replica: [b, c], stop: [b, d], status: [b, e]}}
health: {listen: "127.0.0.1:0"}
alertmanager:
  listen: %s
  templates: ["*.tmpl"]
  slack:
    - api_url: https://hooks.slack.com/services/hunter2
      channel: '#elsewhere'
      title: '{{ template "our.title" . }}'
      text: '{{ range .Alerts }}<{{ .GeneratorURL }}|{{ .Labels.region }}> {{ .Annotations.summary }}{{ end }}'
      actions: [{type: button, text: 'Book :book:', url: '{{ .CommonAnnotations.runbook_url }}'}]
`

const oneAlert = `{"version":"4","groupKey":"{}:{}","receiver":"rap","status":"firing","groupLabels":{"alertname":"Lag"},"commonLabels":{"alertname":"Lag"},
"commonAnnotations":{"runbook_url":"https://runbooks.example/lag"},"externalURL":"http://am.example:9093","alerts":[{"status":"firing","labels":{"alertname":"Lag","region":"us-west-2"},
"annotations":{"summary":"<!channel> is behind"},"startsAt":"2026-03-01T12:00:00Z","endsAt":"0001-01-01T00:00:00Z","generatorURL":"http://prom.example/graph","fingerprint":"e2b0af6972a2e11f"}]}`

// TestPastedBlock runs everything but the regions, which are dark: an alert
// comes in by the webhook and stands in Slack the way the pasted block says.
func TestPastedBlock(t *testing.T) {
	w := workspace.New(workspace.Options{Strict: true})
	server := httptest.NewServer(w.Handler())
	defer server.Close()
	defer w.Close()
	port, err := loopback.Reserve()
	if err != nil {
		t.Fatal(err)
	}
	defer port.Release()
	dir := t.TempDir()
	for name, text := range map[string]string{
		"rapbot.yaml": fmt.Sprintf(pastedBlock, server.URL, port.Addr()),
		"our.tmpl":    `{{ define "our.title" }}:fire: {{ .GroupLabels.alertname | toUpper }}{{ end }}`,
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	tokens := map[string]string{"A_BOT_TOKEN": w.BotToken(), "AN_APP_TOKEN": w.AppToken()}
	c, err := config.Load(filepath.Join(dir, "rapbot.yaml"), func(name string) (string, bool) { s, ok := tokens[name]; return s, ok })
	if err != nil {
		t.Fatal(err)
	}
	core, log := observer.New(zap.DebugLevel)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() {
		defer close(ended)
		ended <- serve(ctx, c, zap.New(core))
	}()
	defer func() { cancel(); <-ended }()

	within(t, ended, func() bool {
		answer, err := http.Post("http://"+port.Addr()+"/alertmanager", "application/json", strings.NewReader(oneAlert))
		if err != nil {
			return false
		}
		_ = answer.Body.Close()
		return answer.StatusCode == http.StatusOK
	})
	var card string
	within(t, ended, func() bool {
		all, err := w.As("alice").Messages("rap-ops")
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range all {
			card = fmt.Sprintf("%s%s", m.Blocks, m.Attachments)
		}
		return card != ""
	})
	for _, want := range []string{`":fire: LAG"`, `"color":"danger"`, `<http://prom.example/graph|us-west-2> &lt;!channel&gt; is behind`, `"Book :book:"`, `"url":"https://runbooks.example/lag"`} {
		if !strings.Contains(card, want) {
			t.Errorf("the card has no %s: %s", want, card)
		}
	}
	said := ""
	for _, e := range log.All() {
		said += fmt.Sprint(e.Message, " ", e.ContextMap(), "\n")
	}
	if !strings.Contains(said, "keys of alertmanager.slack mean nothing here and are ignored map[keys:api_url, channel]") || strings.Contains(said, "hunter2") {
		t.Errorf("the log says\n%s", said)
	}
}

// within waits for something that the bot does, for as long as the bot runs.
func within(t *testing.T, ended chan error, so func() bool) {
	t.Helper()
	for range 3000 {
		select {
		case err := <-ended:
			t.Fatalf("the bot ended: %v", err)
		case <-time.After(20 * time.Millisecond):
		}
		if so() {
			return
		}
	}
	t.Fatal("it did not happen within a minute")
}
