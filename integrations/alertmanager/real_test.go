package alertmanager

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/rap-analyzer/rapbot/alert"
	"github.com/rap-analyzer/rapbot/integrations/journal/memory"
	"github.com/rap-analyzer/rapbot/lab/child"
	"github.com/rap-analyzer/rapbot/lab/installed"
	"github.com/rap-analyzer/rapbot/lab/loopback"
)

// arrival is a delivery as it came in.
type arrival struct {
	alert.Delivery
	fresh bool
}

// TestRealAlertmanagers lets two real Alertmanagers that do not know of each
// other tell of the same alert, with client certificates and passwords: one
// delivery of each state is fresh, its twin is not.
func TestRealAlertmanagers(t *testing.T) {
	path, err := installed.Find("alertmanager")
	if err != nil {
		t.Fatal(err)
	}
	ca, book, arrived := newAuthority(t, "CA"), memory.New(), make(chan arrival, 100)
	d := newTLSDeskWith(t, ca, ca, Options{
		Users: []BasicAuth{{"am", "first-password-1234"}},
		Inbox: inboxFunc(func(ctx context.Context, d alert.Delivery) (bool, error) {
			fresh, err := book.Accept(ctx, d)
			arrived <- arrival{d, fresh}
			return fresh, err
		}),
	})
	var apis []string
	for range 2 {
		apis = append(apis, startAlertmanager(t, path, d, ca))
	}
	began := time.Now().UTC().Truncate(time.Second)
	for _, state := range []string{"firing", "resolved"} {
		alert := map[string]any{"labels": map[string]string{"alertname": "ReplicationLag", "region": "eu-west-1"}, "startsAt": began}
		if state == "resolved" {
			alert["endsAt"] = time.Now().UTC()
		}
		for _, api := range apis {
			postAlert(t, api, alert)
		}
		var two []arrival
		for len(two) < 2 {
			select {
			case a := <-arrived:
				two = append(two, a)
			case <-time.After(60 * time.Second):
				t.Fatalf("%s: %d of two deliveries arrived", state, len(two))
			}
		}
		if two[0].Status != state || two[0].Key != two[1].Key || !two[0].fresh || two[1].fresh {
			t.Errorf("%s: %+v", state, two)
		}
	}
	pending, err := book.Pending(t.Context(), 10)
	if err != nil || len(pending) != 2 {
		t.Errorf("%d deliveries wait, %v", len(pending), err)
	}
	var g alert.Group
	for _, d := range pending {
		g = g.Absorb(d)
	}
	if g = g.Absorb(pending[0]); !g.Resolved() || g.Held == nil {
		t.Errorf("what fired, told again by the late twin, reopens the group: %+v", g)
	}
}

// startAlertmanager starts one that tells the desk of everything, and returns
// its address.
func startAlertmanager(t *testing.T, path string, d *tlsDesk, ca *authority) string {
	t.Helper()
	dir := t.TempDir()
	cert, key := ca.issue(named("alertmanager.example"))
	for name, content := range map[string][]byte{
		"ca.crt": ca.pem(), "am.crt": cert, "am.key": key, "password": []byte("first-password-1234"),
		"am.yml": fmt.Appendf(nil, `route: {receiver: rapbot, group_by: [alertname], group_wait: 100ms, group_interval: 1s}
receivers:
  - name: rapbot
    webhook_configs:
      - url: %s
        http_config:
          basic_auth: {username: am, password_file: password}
          tls_config: {ca_file: ca.crt, cert_file: am.crt, key_file: am.key, server_name: rapbot.example}
`, d.url),
	} {
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	port, err := loopback.Reserve()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(port.Release)
	var log bytes.Buffer
	cmd := exec.Command(path, "--config.file="+filepath.Join(dir, "am.yml"), "--storage.path="+filepath.Join(dir, "data"), "--web.listen-address="+port.Addr(), "--cluster.listen-address=")
	cmd.Stdout, cmd.Stderr = &log, &log
	running, err := child.Start(cmd)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = running.Signal(9)
		<-running.Done()
		if t.Failed() {
			t.Logf("Alertmanager said:\n%s", log.String())
		}
	})
	api := "http://" + port.Addr()
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(50 * time.Millisecond) {
		if answer, err := http.Get(api + "/-/ready"); err == nil {
			answer.Body.Close()
			if answer.StatusCode == http.StatusOK {
				return api
			}
		}
		if time.Now().After(deadline) || !running.Alive() {
			t.Fatalf("Alertmanager does not get ready:\n%s", log.String())
		}
	}
}

func postAlert(t *testing.T, api string, alert map[string]any) {
	t.Helper()
	body, err := json.Marshal([]any{alert})
	if err != nil {
		t.Fatal(err)
	}
	answer, err := http.Post(api+"/api/v2/alerts", "application/json", bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		t.Fatalf("Alertmanager refused the alert: %s", answer.Status)
	}
}
