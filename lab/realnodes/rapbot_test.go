package realnodes

import (
	"crypto/rand"
	"crypto/tls"
	"fmt"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	core "k8s.io/api/core/v1"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"

	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/client-go/tools/clientcmd/api"

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
	s.must(os.WriteFile(values, []byte(s.botValues(s.secureSlack())), 0o600))
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
			"RAPBOT_WEBHOOK_TOKEN": rand.Text(), "RAPBOT_PG": s.passwords["postgresql-rapbot"],
			"SSL_CERT_FILE": "/etc/rapbot/ca.crt", // of the emulated Slack; the real one's authority is in the image
		},
		"rapbot-ca":         {"ca.crt": string(ca)},
		"rapbot-kubeconfig": {"kubeconfig": s.allContexts()},
	} {
		secret := &core.Secret{ObjectMeta: meta.ObjectMeta{Name: name}, StringData: content}
		_, err := r.Client.CoreV1().Secrets(botSpace).Create(s.Context(), secret, meta.CreateOptions{})
		s.must(err)
	}
}

// allContexts is a kubeconfig that leads to all regions.
func (s *stage) allContexts() string {
	s.Helper()
	all := api.NewConfig()
	for _, r := range s.Regions() {
		one, err := clientcmd.LoadFromFile(r.Kubeconfig)
		s.must(err)
		at := one.Contexts[r.Name]
		all.Contexts[r.Name] = &api.Context{Cluster: r.Name, AuthInfo: r.Name}
		all.Clusters[r.Name], all.AuthInfos[r.Name] = one.Clusters[at.Cluster], one.AuthInfos[at.AuthInfo]
	}
	text, err := clientcmd.Write(*all)
	s.must(err)
	return string(text)
}

// secureSlack is the address of the emulated Slack's API over TLS, without which rapbot sends its tokens to nobody but its own machine.
func (s *stage) secureSlack() string {
	s.Helper()
	certificate, err := tls.X509KeyPair([]byte(s.secure["tls.crt"]), []byte(s.secure["tls.key"]))
	s.must(err)
	to, err := url.Parse(s.world.Facts().Page)
	s.must(err)
	listener, err := tls.Listen("tcp", opsAddress+":0", &tls.Config{Certificates: []tls.Certificate{certificate}, MinVersion: tls.VersionTLS12})
	s.must(err)
	server := &http.Server{ReadHeaderTimeout: 10 * time.Second, Handler: &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		r.SetURL(to)
		r.SetXForwarded()
		r.Out.Host = r.In.Host
	}}}
	go func() { _ = server.Serve(listener) }() // until it is closed
	s.Cleanup(func() { _ = server.Close() })
	return "https://" + listener.Addr().String() + "/api/"
}

func (s *stage) botValues(slack string) string {
	var b strings.Builder
	fmt.Fprintf(&b, `image: {tag: %s}
existingSecrets: [rapbot-secrets]
secretFiles: [rapbot-ca]
kubeconfig: {existingSecret: rapbot-kubeconfig}
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
`, BotTag, Namespace, slack, world.ChannelOps, world.ChannelAlerts, world.ApproverGroup)
	for _, r := range s.Regions() {
		dsn := url.URL{
			Scheme: "postgres", User: url.User("rapbot"), Host: DatabaseName(r.Name) + ":5432", Path: "/rap",
			RawQuery: url.Values{"sslmode": {"verify-full"}, "sslrootcert": {"/etc/rapbot/ca.crt"}}.Encode(),
		}
		fmt.Fprintf(&b, "    - name: %s\n      slot: %s\n      postgres: {dsn: %q, password: {env: RAPBOT_PG}, replication_address: %q}\n      boot_gate: {self_fence: %s}\n      kubernetes: {context: %[1]s}\n",
			r.Name, regions.SlotName(r.Name), dsn.String(), DatabaseName(r.Name)+":5432", SelfFence)
	}
	return b.String()
}
