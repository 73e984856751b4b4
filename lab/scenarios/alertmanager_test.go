package scenarios

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/rap-analyzer/rapbot/lab/child"
	"github.com/rap-analyzer/rapbot/lab/loopback"
)

// TestRealAlertmanager lets a real Alertmanager notify rapbot: an alert fires,
// becomes a card, resolves, and the card keeps what fired.
func TestRealAlertmanager(t *testing.T) {
	s := open(t)
	api := s.startAlertmanager()
	began := time.Now()

	s.postAlert(api, began, time.Time{})
	card := s.sees("bob", "rap-alerts", "", 30*time.Second, "Firing: ReplicationLag", "420 s behind")
	if card.Ephemeral || card.ThreadTS != "" {
		t.Errorf("the card is not a message of the channel: %+v", card)
	}

	s.postAlert(api, began, time.Now())
	resolved := s.sees("bob", "rap-alerts", "", 30*time.Second, "Resolved: ReplicationLag", "was", "420 s behind")
	if resolved.TS != card.TS {
		t.Errorf("the card was not edited: it is [%s], the alert was [%s]", resolved.TS, card.TS)
	}
	s.sees("bob", "rap-alerts", card.TS, 15*time.Second, "Resolved: ReplicationLag") // in its thread, since an edit notifies nobody
}

// startAlertmanager starts Debian's Alertmanager, or the one on the PATH, with
// rapbot as its only receiver, and returns its address.
func (s *stage) startAlertmanager() string {
	s.Helper()
	path := ""
	for _, name := range []string{"prometheus-alertmanager", "alertmanager"} {
		if p, err := exec.LookPath(name); err == nil {
			path = p
			break
		}
	}
	if path == "" {
		s.Fatal("no Alertmanager: install it with apt-get install prometheus-alertmanager")
	}
	dir := s.TempDir()
	hook := s.Facts().Webhook
	config := fmt.Sprintf(`route: {receiver: rapbot, group_by: [alertname], group_wait: 100ms, group_interval: 1s}
receivers:
  - name: rapbot
    webhook_configs:
      - url: %s
        http_config: {authorization: {credentials: %s}}
`, hook.URL, hook.Token)
	file := filepath.Join(dir, "alertmanager.yml")
	if err := os.WriteFile(file, []byte(config), 0o600); err != nil {
		s.Fatal(err)
	}
	port, err := loopback.Reserve()
	if err != nil {
		s.Fatal(err)
	}
	s.Cleanup(port.Release)
	var log bytes.Buffer
	cmd := exec.Command(path, "--config.file="+file, "--storage.path="+filepath.Join(dir, "data"), "--web.listen-address="+port.Addr(), "--cluster.listen-address=")
	cmd.Stdout, cmd.Stderr = &log, &log
	running, err := child.Start(cmd)
	if err != nil {
		s.Fatal(err)
	}
	s.Cleanup(func() {
		_ = running.Signal(9)
		<-running.Done()
		if s.Failed() {
			s.Logf("Alertmanager said:\n%s", log.String())
		}
	})
	api := "http://" + port.Addr()
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(50 * time.Millisecond) {
		if resp, err := http.Get(api + "/-/ready"); err == nil {
			resp.Body.Close()
			if resp.StatusCode == http.StatusOK {
				return api
			}
		}
		if time.Now().After(deadline) || !running.Alive() {
			s.Fatal("Alertmanager does not get ready")
		}
	}
}

func (s *stage) postAlert(api string, began, ended time.Time) {
	s.Helper()
	alert := map[string]any{
		"labels":      map[string]string{"alertname": "ReplicationLag", "region": "eu-west-1", "severity": "critical"},
		"annotations": map[string]string{"summary": "eu-west-1 lags", "description": "420 s behind, the limit is 300 s"},
		"startsAt":    began.UTC().Format(time.RFC3339Nano),
	}
	if !ended.IsZero() {
		alert["endsAt"] = ended.UTC().Format(time.RFC3339Nano)
	}
	body, err := json.Marshal([]any{alert})
	if err != nil {
		s.Fatal(err)
	}
	resp, err := http.Post(api+"/api/v2/alerts", "application/json", bytes.NewReader(body))
	if err != nil {
		s.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		s.Fatalf("Alertmanager refused the alert: %s", resp.Status)
	}
}
