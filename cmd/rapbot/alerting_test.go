package main

import (
	"path/filepath"
	"testing"
	"time"

	"go.uber.org/zap"

	"github.com/rap-analyzer/rapbot/bot"
	"github.com/rap-analyzer/rapbot/config"
)

func sampleConfig(t *testing.T) *config.Config {
	t.Helper()
	env := map[string]string{"RAPBOT_SLACK_BOT_TOKEN": "xoxb-1", "RAPBOT_SLACK_APP_TOKEN": "xapp-1", "RAPBOT_WEBHOOK_TOKEN": "0123456789abcdef"}
	c, err := config.Parse([]byte(config.Sample), func(name string) (string, bool) {
		if v, is := env[name]; is {
			return v, true
		}
		return "the value of " + name, true
	}, nil)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// TestGuarded: the webhook is open only where none of the three ways to protect
// it is configured.
func TestGuarded(t *testing.T) {
	full := sampleConfig(t).Alertmanager
	for name, c := range map[string]struct {
		change func(*config.Alertmanager)
		open   bool
	}{
		"a token": {func(a *config.Alertmanager) { a.BasicAuth = nil }, false},
		"a user":  {func(a *config.Alertmanager) { a.Tokens = nil }, false},
		"nothing": {func(a *config.Alertmanager) { a.Tokens, a.BasicAuth = nil, nil }, true},
	} {
		a := full
		c.change(&a)
		o, err := guarded(a, zap.NewNop())
		if err != nil {
			t.Fatal(err)
		}
		if o.Insecure != c.open || len(o.Tokens) != len(a.Tokens) || len(o.Users) != len(a.BasicAuth) || o.Certificates != nil {
			t.Errorf("%s: %+v", name, o)
		}
	}
	full.TLS = config.TLS{CertFile: filepath.Join(t.TempDir(), "absent.crt"), KeyFile: "absent.key", ClientCAFile: "absent.ca", ClientNames: []string{"x"}}
	if o, err := guarded(full, zap.NewNop()); err == nil {
		t.Errorf("serves without its certificate: %+v", o)
	}
}

func TestAlerting(t *testing.T) {
	c := sampleConfig(t).Alertmanager
	c.Watchdog.SilentFor, c.Escalate = 15*time.Minute, config.Escalate{After: 10 * time.Minute, Group: "S0ONCALL"}
	c.Routes[0].MentionGroup = "S0PAGES"
	var o bot.Options
	if err := alerting(&o, c); err != nil {
		t.Fatal(err)
	}
	if !o.Watchdog.Match.Admits(map[string]string{"alertname": "Watchdog"}) || o.Watchdog.SilentFor != 15*time.Minute || o.Escalate != (bot.Escalation{After: 10 * time.Minute, Group: "S0ONCALL"}) {
		t.Errorf("%+v %+v", o.Watchdog, o.Escalate)
	}
	r := o.Routes[0]
	if len(o.Routes) != 1 || r.Channel != "C0123456791" || r.MentionGroup != "S0PAGES" || !r.Match.Admits(map[string]string{"severity": "critical", "region": "us-west-2"}) {
		t.Errorf("%+v", o.Routes)
	}
}
