package world

import (
	"fmt"
	"os"
	"strings"

	"github.com/rap-analyzer/rapbot/lab/regions"
)

// writeConfig writes the configuration of the lab's bot. Its secrets are in
// its environment, as in production.
func (w *World) writeConfig(path, more, channelOps, channelAlerts, group string) error {
	var b strings.Builder
	fmt.Fprintf(&b, `slack:
  bot_token: {env: RAPBOT_SLACK_BOT_TOKEN}
  app_token: {env: RAPBOT_SLACK_APP_TOKEN}
  api_url: %s
  channels: {operations: %s, alerts: %s}
approvals:
  groups: [%s]
  expire_after: 10m
regions:
`, w.facts.Slack.API, channelOps, channelAlerts, group)
	for _, r := range w.regions {
		fmt.Fprintf(&b, "  - name: %s\n    slot: %s\n    postgres:\n      dsn: %q\n      password: {env: %s}\n      replication_address: %q\n    boot_gate: {self_fence: %s}\n",
			r.Name, regions.SlotName(r.Name), withoutPassword(r.DSN), passwordEnv(r.Name), r.Address, r.SelfFence)
		for line := range strings.Lines(r.Config) {
			b.WriteString("    " + line)
		}
	}
	fmt.Fprintf(&b, `alertmanager:
  listen: %s
  tokens: [{env: RAPBOT_WEBHOOK_TOKEN}]
%shealth: {listen: %s}
drills: {allow_emergency: true}
journal: {path: rapbot.db}
log: {level: info, format: json}
`, w.webhook.Addr(), w.silences(), w.health.Addr())
	b.WriteString(more)
	return os.WriteFile(path, []byte(b.String()), 0o600)
}

// silences is the key that says where Alertmanagers are, if there are to be some.
func (w *World) silences() string {
	if len(w.silencers) == 0 {
		return ""
	}
	return fmt.Sprintf("  api: {urls: [%s]}\n", strings.Join(w.silencers, ", "))
}

// ofFleet are the regions of a fleet of the lab's own, whose servers are stopped and started by the lab's command.
func (w *World) ofFleet() (all []Region) {
	for _, r := range w.Fleet.Servers() {
		var b strings.Builder
		b.WriteString("instance:\n")
		for _, act := range []string{"start_primary", "start_replica", "stop", "status"} {
			fmt.Fprintf(&b, "  %s: [%q, %q, %q, %q]\n", act, w.instance, w.facts.Page, r.Name, strings.ReplaceAll(act, "_", "-"))
		}
		for _, act := range [][2]string{{"divergence", `"{region}", "{from}"`}, {"rewind", `"{region}"`}, {"rebuild", `"{region}"`}} {
			fmt.Fprintf(&b, "  %s: [%q, %q, %q, %q, %s]\n", act[0], w.instance, w.facts.Page, r.Name, act[0], act[1])
		}
		all = append(all, Region{
			Name: r.Name, DSN: r.DSNFor(regions.ViewerBot, regions.Rapbot), Address: fmt.Sprintf("127.0.0.1:%d", r.Port), SelfFence: w.Fleet.SelfFence(), Config: b.String(),
		})
	}
	return all
}

func passwordEnv(region string) string {
	return "RAPBOT_PG_" + strings.ToUpper(regions.SlotName(region))
}
