package config

import (
	"fmt"
	"os"
	"reflect"
	"strings"
	"testing"
)

func blockOf(t *testing.T, alertmanager string) *SlackBlock {
	t.Helper()
	data, err := os.ReadFile("testdata/nothing_wrong.txt")
	if err != nil {
		t.Fatal(err)
	}
	input, _, _ := strings.Cut(string(data), separator)
	c, err := Parse([]byte(input+alertmanager), lookup, readGolden)
	if err != nil {
		t.Fatal(err)
	}
	return c.Alertmanager.Slack
}

// TestSlackBlock: what is read of a block, and where it stands in the file.
func TestSlackBlock(t *testing.T) {
	data, err := os.ReadFile("testdata/slack_block_is_fine.txt")
	if err != nil {
		t.Fatal(err)
	}
	input, _, _ := strings.Cut(string(data), separator)
	c, err := Parse([]byte(input), lookup, readGolden)
	if err != nil {
		t.Fatal(err)
	}
	const first = 14 // the line of alertmanager
	want := &SlackBlock{
		Templates: []KeyTemplate{
			{"title", `{{ template "slack.default.title" . }}`, first + 8},
			{"title_link", "", first + 13},
			{"text", "{{ range .Alerts }}\n{{ .Annotations.summary }}\n{{ end }}", first + 10},
			{"fields[0].title", "Team", first + 16},
			{"fields[0].value", "core", first + 16},
			{"fields[1].title", "Long", first + 16},
			{"fields[1].value", "{{ .Status }}", first + 16},
			{"actions[0].type", "button", first + 18},
			{"actions[0].text", "Runbook", first + 18},
			{"actions[0].url", "{{ .CommonAnnotations.runbook_url }}", first + 18},
			{"actions[1].type", "button", first + 19},
			{"actions[1].text", "Ack", first + 19},
			{"actions[1].name", "ack", first + 19},
			{"actions[1].value", "1", first + 19},
			{"actions[1].confirm.text", "Sure?", first + 19},
			{"actions[1].confirm.ok_text", "Yes", first + 19},
		},
		Short: []bool{true, false}, Actions: 2,
		Ignored: []string{"api_url", "app_token", "channel", "http_config", "mrkdwn_in", "send_resolved"},
	}
	if got := c.Alertmanager.Slack; !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
	if said := fmt.Sprintf("%#v", c); strings.Contains(said, "secretsecretsecret") || strings.Contains(said, "xoxb-1111") {
		t.Error("a secret of the block was kept")
	}
}

func TestSlackBlockLeftOut(t *testing.T) {
	for text, want := range map[string]*SlackBlock{
		"":                                nil,
		"alertmanager: {slack: }":         nil,
		"alertmanager: {slack: {}}":       {},
		"alertmanager: {slack: [{}]}":     {},
		"alertmanager: {slack: {text: }}": {Templates: []KeyTemplate{{"text", "", 14}}},
	} {
		if got := blockOf(t, text); !reflect.DeepEqual(got, want) {
			t.Errorf("%s: got %+v, want %+v", text, got, want)
		}
	}
}

// TestSlackBlockAction: a URL makes a link of an action, as in Alertmanager.
func TestSlackBlockAction(t *testing.T) {
	b := blockOf(t, "alertmanager: {slack: {actions: [{type: button, text: a, url: u, name: n, value: v, confirm: {text: t}}]}}")
	for _, each := range b.Templates {
		if strings.Contains(each.Key, "name") || strings.Contains(each.Key, "value") || strings.Contains(each.Key, "confirm") {
			t.Errorf("%s is kept", each.Key)
		}
	}
}
