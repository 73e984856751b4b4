package main

import (
	"fmt"

	"go.uber.org/zap"

	"github.com/rap-analyzer/rapbot/alert"
	"github.com/rap-analyzer/rapbot/bot"
	"github.com/rap-analyzer/rapbot/config"
	"github.com/rap-analyzer/rapbot/integrations/alertmanager"
)

// alerting tells the bot where alerts go, what the watchdog is, and who is
// called.
func alerting(o *bot.Options, c config.Alertmanager) error {
	for i, r := range c.Routes {
		match, err := alert.ParseMatch(r.Match)
		if err != nil {
			return fmt.Errorf("alertmanager.routes[%d]: %w", i, err)
		}
		o.Routes = append(o.Routes, bot.Route{Match: match, Channel: r.Channel, MentionGroup: r.MentionGroup})
	}
	match, err := alert.ParseMatch(c.Watchdog.Match)
	if err != nil {
		return fmt.Errorf("alertmanager.watchdog: %w", err)
	}
	o.Watchdog = bot.Watchdog{Match: match, SilentFor: c.Watchdog.SilentFor}
	o.Escalate = bot.Escalation{After: c.Escalate.After, Group: c.Escalate.Group}
	return nil
}

// guarded is who may call the webhook. Without any of the three ways the
// configuration has seen to it that only this machine can call, or that somebody
// wanted otherwise in so many words.
func guarded(c config.Alertmanager, log *zap.Logger) (alertmanager.Options, error) {
	o := alertmanager.Options{
		Tokens: reveal(c.Tokens), MaxBody: int64(c.MaxBody), Log: log,
		Insecure: len(c.Tokens) == 0 && len(c.BasicAuth) == 0 && c.TLS.ClientCAFile == "",
	}
	for _, u := range c.BasicAuth {
		o.Users = append(o.Users, alertmanager.BasicAuth{Username: u.Username, Password: u.Password.Reveal()})
	}
	if !c.TLS.Served() {
		return o, nil
	}
	var err error
	o.Certificates, err = alertmanager.LoadCertificates(alertmanager.TLS{
		CertFile: c.TLS.CertFile, KeyFile: c.TLS.KeyFile, ClientCAFile: c.TLS.ClientCAFile, ClientNames: c.TLS.ClientNames,
	}, log)
	return o, err
}
