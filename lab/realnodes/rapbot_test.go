package realnodes

import (
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	core "k8s.io/api/core/v1"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/rap-analyzer/rapbot/lab/drive"
	"github.com/rap-analyzer/rapbot/lab/regions"
	"github.com/rap-analyzer/rapbot/lab/world"
)

// TestRapbotInAPod runs the image that the Dockerfile makes as a pod of the chart rapbot: its probes answer, it reaches the regions' PostgreSQL under its
// grants, and a person in Slack gets an answer from it.
func TestRapbotInAPod(t *testing.T) {
	lab := start(t)
	if lab.Bot == "" {
		t.Skip("needs -image, which make test-regions has")
	}
	f, err := lab.HandOver(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("PostgreSQL and the application: %v", firstInstallation(t, f))
	w, err := world.Up(t.Context(), world.Options{
		Dir: filepath.Join(lab.Dir, "world"), Regions: f.World(), NoBot: true, PageAddr: opsAddress + ":0", Log: t.Logf, // where pods reach it
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := w.Close(); err != nil {
			t.Error(err)
		}
	})
	s := &stage{T: t, Fleet: f, world: w, People: drive.People{World: w}}
	home := lab.Region(Names[1])
	s.giveSecrets(home)
	values := filepath.Join(lab.Dir, "rapbot-values.yaml")
	s.must(os.WriteFile(values, []byte(s.botValues()), 0o600))
	began := time.Now()
	s.must(put(s.within(3*time.Minute), home, botSpace, "rapbot", "rapbot", values))
	t.Logf("rapbot is ready %s after the installation of its chart", time.Since(began).Round(100*time.Millisecond))

	after, err := s.Newest("alice", drive.Operations)
	s.must(err)
	s.must(s.Say("alice", "/rap status --now"))
	m, err := s.See(s.within(time.Minute), "alice", drive.Operations, after, "us-east-1", "primary", "2 of 2 replicas streaming")
	s.must(err)
	t.Log(m.Text)
}

// botSpace is rapbot's own namespace.
const botSpace = "rapbot"

func (s *stage) giveSecrets(r *Region) {
	s.Helper()
	_, err := r.Client.CoreV1().Namespaces().Create(s.Context(), &core.Namespace{ObjectMeta: meta.ObjectMeta{Name: botSpace}}, meta.CreateOptions{})
	s.must(err)
	ca, err := os.ReadFile(s.caFile())
	s.must(err)
	for name, content := range map[string]map[string]string{
		"rapbot-secrets": {
			"RAPBOT_SLACK_BOT_TOKEN": s.world.Slack.BotToken(), "RAPBOT_SLACK_APP_TOKEN": s.world.Slack.AppToken(),
			"RAPBOT_WEBHOOK_TOKEN": "a token of the lab's", "RAPBOT_PG": s.passwords["postgresql-rapbot"],
		},
		"rapbot-ca": {"ca.crt": string(ca)},
	} {
		secret := &core.Secret{ObjectMeta: meta.ObjectMeta{Name: name}, StringData: content}
		_, err := r.Client.CoreV1().Secrets(botSpace).Create(s.Context(), secret, meta.CreateOptions{})
		s.must(err)
	}
}

func (s *stage) botValues() string {
	var b strings.Builder
	fmt.Fprintf(&b, `image: {tag: %s}
existingSecrets: [rapbot-secrets]
secretFiles: [rapbot-ca]
rbac: {namespace: %s}
resources: {requests: {cpu: 10m, memory: 64Mi}, limits: {memory: 256Mi}}
config:
  slack:
    bot_token: {env: RAPBOT_SLACK_BOT_TOKEN}
    app_token: {env: RAPBOT_SLACK_APP_TOKEN}
    api_url: %s
    channels: {operations: %s, alerts: %s}
  approvals: {groups: [%s]}
  alertmanager: {tokens: [{env: RAPBOT_WEBHOOK_TOKEN}]}
  regions:
`, BotTag, Namespace, s.world.Facts().Slack.API, world.ChannelOps, world.ChannelAlerts, world.ApproverGroup)
	for _, r := range s.Regions() {
		dsn := url.URL{
			Scheme: "postgres", User: url.User("rapbot"), Host: DatabaseName(r.Name) + ":5432", Path: "/rap",
			RawQuery: url.Values{"sslmode": {"verify-full"}, "sslrootcert": {"/etc/rapbot/ca.crt"}}.Encode(),
		}
		fmt.Fprintf(&b, "    - name: %s\n      slot: %s\n      postgres: {dsn: %q, password: {env: RAPBOT_PG}, replication_address: %q}\n      boot_gate: {self_fence: %s}\n",
			r.Name, regions.SlotName(r.Name), dsn.String(), DatabaseName(r.Name)+":5432", SelfFence)
	}
	return b.String()
}
