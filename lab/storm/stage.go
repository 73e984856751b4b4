package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/rap-analyzer/rapbot/commands"
	"github.com/rap-analyzer/rapbot/lab/installed"
	"github.com/rap-analyzer/rapbot/lab/loopback"
	"github.com/rap-analyzer/rapbot/lab/workspace"
)

// The channels of the storm: rapbot's, and that of Alertmanager's own slack_configs.
const (
	channelOps  = "C07RAPOPS01"
	channelOurs = "C07RAPALRT2"
	channelPeer = "C07AMALRTS3"
	nameOurs    = "rap-alerts"
	namePeer    = "am-alerts"
)

// stage is everything that the storm goes over: the emulated Slack, the real rapbot, and a real Alertmanager when it goes through one.
type stage struct {
	slack        *workspace.Workspace
	bot          *process
	gauge        *gauge
	alertmanager string // address; empty when there is none
	webhook      string // rapbot's, by way of the gauge
	token        string
	closers      []func() error // in the order of opening
}

func raise(ctx context.Context, dir, binary string, o options, say progress) (_ *stage, err error) {
	s := &stage{token: rand.Text()}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.close())
		}
	}()
	everybody := []string{"rap", "alice", "bob", "carol"}
	s.slack = workspace.New(workspace.Options{
		Strict: true,
		Channels: []workspace.Channel{
			{Name: "rap-ops", ID: channelOps, Members: everybody},
			{Name: nameOurs, ID: channelOurs, Members: everybody},
			{Name: namePeer, ID: channelPeer, Members: everybody},
		},
		Commands: []workspace.Command{{Command: "/rap", Description: "Operate Rap Analyzer", UsageHint: commands.Hint(), ShouldEscape: true}},
	})
	base, err := s.slack.Start("127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	s.opened(s.slack.Close)
	if err := s.startBot(ctx, dir, binary, base); err != nil {
		return nil, err
	}
	if o.through == throughAlertmanager {
		if err := s.startAlertmanager(ctx, dir, base, o); err != nil {
			return nil, err
		}
	}
	say("the emulated Slack is at %s", base)
	return s, nil
}

func (s *stage) opened(end func() error) { s.closers = append(s.closers, end) }

func (s *stage) close() error {
	var errs []error
	for i := len(s.closers) - 1; i >= 0; i-- {
		errs = append(errs, s.closers[i]())
	}
	s.closers = nil
	return errors.Join(errs...)
}

// reserve takes a port of loopback for as long as the stage stands.
func (s *stage) reserve() (string, error) {
	port, err := loopback.Reserve()
	if err != nil {
		return "", err
	}
	s.opened(func() error { port.Release(); return nil })
	return port.Addr(), nil
}

// startBot starts the real rapbot. Its regions are dark all the time: what the storm is about needs none.
func (s *stage) startBot(ctx context.Context, dir, binary, base string) error {
	var addrs []string
	for range 2 + len(regions) {
		addr, err := s.reserve()
		if err != nil {
			return err
		}
		addrs = append(addrs, addr)
	}
	config := fmt.Sprintf(`slack:
  bot_token: {env: RAPBOT_SLACK_BOT_TOKEN}
  app_token: {env: RAPBOT_SLACK_APP_TOKEN}
  api_url: %s/api/
  channels: {operations: %s, alerts: %s}
approvals: {groups: [S0ONCALL]}
alertmanager: {listen: %s, tokens: [{env: RAPBOT_WEBHOOK_TOKEN}]}
health: {listen: %s}
journal: {path: rapbot.db}
regions:
`, base, channelOps, channelOurs, addrs[0], addrs[1])
	for i, r := range regions {
		config += fmt.Sprintf("  - name: %s\n    slot: s%d\n    postgres: {dsn: \"postgres://rapbot@%s/rap?sslmode=disable\"}\n", r, i, addrs[2+i])
		config += "    instance:\n"
		for _, act := range []string{"start_primary", "start_replica", "stop", "status"} {
			config += fmt.Sprintf("      %s: [\"false\", %s, %s]\n", act, r, act)
		}
	}
	file := filepath.Join(dir, "rapbot.yaml")
	if err := os.WriteFile(file, []byte(config), 0o600); err != nil {
		return err
	}
	s.bot = &process{
		path: binary, args: []string{"run", "--config", file}, log: filepath.Join(dir, "rapbot.log"), ready: "http://" + addrs[1] + "/readyz", metrics: "http://" + addrs[1] + "/metrics",
		env: []string{"RAPBOT_SLACK_BOT_TOKEN=" + s.slack.BotToken(), "RAPBOT_SLACK_APP_TOKEN=" + s.slack.AppToken(), "RAPBOT_WEBHOOK_TOKEN=" + s.token},
	}
	s.opened(s.bot.kill)
	if err := s.bot.start(ctx); err != nil {
		return err
	}
	var err error
	if s.gauge, err = newGauge("http://" + addrs[0]); err != nil {
		return err
	}
	s.opened(s.gauge.close)
	s.webhook = s.gauge.base + "/alertmanager"
	return nil
}

// startAlertmanager starts an Alertmanager with rapbot as one receiver and its own slack_configs as another.
func (s *stage) startAlertmanager(ctx context.Context, dir, base string, o options) error {
	path, err := installed.Find("alertmanager")
	if err != nil {
		return fmt.Errorf("%w, or give --through webhook", err)
	}
	config := fmt.Sprintf(`route:
  receiver: rapbot
  group_by: [alertname]
  group_wait: %s
  group_interval: %s
  repeat_interval: 12h
  routes:
    - {receiver: rapbot, continue: true}
    - {receiver: slack}
receivers:
  - name: rapbot
    webhook_configs:
      - url: %s
        http_config: {authorization: {credentials: %s}}
  - name: slack
    slack_configs:
      - api_url: %s/api/chat.postMessage
        channel: %s
        send_resolved: true
        http_config: {authorization: {credentials: %s}}
`, o.wait, o.interval, s.webhook, s.token, base, channelPeer, s.slack.BotToken())
	file := filepath.Join(dir, "alertmanager.yml")
	if err := os.WriteFile(file, []byte(config), 0o600); err != nil {
		return err
	}
	addr, err := s.reserve()
	if err != nil {
		return err
	}
	am := &process{
		path: path, log: filepath.Join(dir, "alertmanager.log"), ready: "http://" + addr + "/-/ready",
		args: []string{"--config.file=" + file, "--storage.path=" + filepath.Join(dir, "alertmanager"), "--web.listen-address=" + addr, "--cluster.listen-address=", "--log.level=error"},
	}
	s.opened(am.kill)
	if err := am.start(ctx); err != nil {
		return err
	}
	s.alertmanager = "http://" + addr
	return nil
}

// pusher is what the storm comes through.
func (s *stage) pusher(o options) pusher {
	if s.alertmanager != "" {
		return viaAlertmanager{s.alertmanager}
	}
	return &viaWebhook{url: s.webhook, token: s.token, every: o.interval, newest: map[int]state{}}
}

// startTime is for how long a process may take until it answers, most of it for a loaded machine.
const startTime = time.Minute
