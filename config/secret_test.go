package config

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"go.yaml.in/yaml/v4"
)

func sample(t testing.TB) *Config {
	t.Helper()
	c, err := Parse([]byte(Sample), lookup, readGolden)
	if err != nil {
		t.Fatalf("the sample has problems:\n%v", err)
	}
	return c
}

// TestSecretsAreNeverPrinted formats a loaded Config in every way there is, and
// parts of it in the ways that pass by a type's own methods.
func TestSecretsAreNeverPrinted(t *testing.T) {
	c := sample(t)
	unexported := struct{ slack Slack }{c.Slack}
	printed := map[string]string{}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%t", "%c", "%U", "%e", "%10v", "%T"} {
		printed[verb] = fmt.Sprintf(verb, *c) + fmt.Sprintf(verb, c) + fmt.Sprintf(verb, c.Slack.BotToken) +
			fmt.Sprintf(verb, c.Alertmanager.Tokens) + fmt.Sprintf(verb, unexported)
	}
	printed["Sprint"] = fmt.Sprint(c.Slack, c.Slack.BotToken, &c.Slack.BotToken)
	printed["String"] = c.Slack.BotToken.String() + c.Slack.BotToken.GoString()
	encode := func(name string, marshal func(any) ([]byte, error)) {
		data, err := marshal(c)
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		printed[name] = string(data)
	}
	encode("json", json.Marshal)
	encode("xml", xml.Marshal)
	encode("yaml", func(v any) ([]byte, error) { return yaml.Dump(v) })
	var logged bytes.Buffer
	slog.New(slog.NewJSONHandler(&logged, nil)).Info("config", "config", c, "token", c.Slack.BotToken)
	slog.New(slog.NewTextHandler(&logged, nil)).Info("config", "config", c, "token", c.Slack.BotToken)
	printed["slog"] = logged.String()

	for how, text := range printed {
		for _, name := range []string{"RAPBOT_SLACK_BOT_TOKEN", "RAPBOT_SLACK_APP_TOKEN", "RAPBOT_POSTGRES_PASSWORD", "RAPBOT_WEBHOOK_TOKEN", "RAPBOT_PROMETHEUS_TOKEN", "RAPBOT_ALERTMANAGER_TOKEN"} {
			value := goldenEnv[name]
			hex := fmt.Sprintf("%x", value)
			if strings.Contains(text, value) || strings.Contains(strings.ToLower(text), hex) {
				t.Errorf("%s shows %s:\n%s", how, name, text)
			}
		}
	}
	if !strings.Contains(printed["json"], `"BotToken":"***"`) || !strings.Contains(printed["%#v"], `config.Secret("***")`) {
		t.Errorf("no stars:\n%s\n%s", printed["json"], printed["%#v"])
	}
	if got := c.Slack.BotToken.Reveal(); got != goldenEnv["RAPBOT_SLACK_BOT_TOKEN"] {
		t.Errorf("Reveal gives %q", got)
	}
	if unset := (Secret{}); unset.IsSet() || unset.Reveal() != "" || unset.String() != hidden {
		t.Error("the zero Secret is not empty")
	}
}

// TestSecretsInTheWrongPlace puts a secret where people put them by mistake.
func TestSecretsInTheWrongPlace(t *testing.T) {
	const pasted = "Tr0ub4dor-and-3"
	for _, inline := range []string{
		"slack: {bot_token: " + pasted + "}",
		"slack: {bot_token: [" + pasted + "]}",
		"slack: {bot_token: {env: " + pasted + "}}",
		"slack: {bot_token: {file: " + pasted + "}}",
		"slack: {bot_token: {" + pasted + "}}",
		"slack: {bot_token: {env: A, value: " + pasted + "}}",
		"slack: {bot_token: {value: " + pasted + "}}",
		"slack: {bot_token: *" + pasted + "}",
		"slack: {bot_token: !" + pasted + " x}",
		"slack: {bot_token: !!" + pasted + " x}",
		"slack: {bot_token: " + pasted,
		"slack: {bot_tokn: " + pasted + "}",
		"slack: {bot_token: {env: RAPBOT_WEBHOOK_TOKEN}, app_token: {env: RAPBOT_SLACK_BOT_TOKEN}}",
		"slack: {api_url: https://bot:" + pasted + "@slack.com/}",
		"alertmanager: {tokens: " + pasted + "}",
		"alertmanager: {tokens: [" + pasted + "]}",
		"regions: [{postgres: {password: " + pasted + "}}]",
		"regions: [{postgres: {dsn: password=" + pasted + "}}]",
		"regions: [{postgres: {dsn: 'host=a password=''" + pasted + "}}]",
		"regions: [{postgres: {dsn: 'host=a password= " + pasted + " password='}}]",
		"regions: [{postgres: {dsn: 'postgres://rapbot:" + pasted + "@a/b'}}]",
		"regions: [{postgres: {dsn: 'postgres://rapbot:" + pasted + "@a:b:c/%zz'}}]",
		"regions: [{postgres: {dsn: 'postgresql://rapbot@a/b?password=" + pasted + "'}}]",
		"regions: [{postgres: {dsn: 'PASSWORD=" + pasted + "'}}]",
	} {
		_, err := Parse([]byte(inline), lookup, readGolden)
		if err == nil {
			t.Errorf("no problem in %s", inline)
		} else if text := fmt.Sprintf("%v %+v %#v", err, err, err); strings.Contains(text, pasted) {
			t.Errorf("%s\nis shown by\n%s", inline, text)
		}
	}
	for _, place := range []string{"log: {level: %q}", "slack: {connections: %q}", "approvals: {users: [%q]}", "health: {listen: %q}", "journal: [%q]", "%q: 1", "regions: [{name: %q}]"} {
		for name, value := range goldenEnv {
			if len(value) < shortestToken {
				continue
			}
			text := "slack: {bot_token: {env: " + name + "}}\n" + fmt.Sprintf(place, value)
			if _, err := Parse([]byte(text), lookup, readGolden); err == nil || strings.Contains(err.Error(), value) {
				t.Errorf("%s gives %v", text, err)
			}
		}
	}
}
