// Package alertmanager runs a real Alertmanager on loopback, for the tests of
// what speaks to it.
package alertmanager

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"

	"github.com/rap-analyzer/rapbot/lab/child"
	"github.com/rap-analyzer/rapbot/lab/installed"
	"github.com/rap-analyzer/rapbot/lab/loopback"
)

// Server is one running Alertmanager.
type Server struct {
	URL   string // of its page and its API
	child *child.Child
	own   loopback.Reservation // zero when the caller has reserved the address
	log   bytes.Buffer
}

// Options say what it does with alerts.
type Options struct {
	Dir     string // for its configuration and data
	Addr    string // reserved by the caller; empty for a port of its own
	Webhook string // its only receiver; empty for one that notifies nobody
	Token   string // bearer token of Webhook
}

// Start starts it and returns when it is ready. Alerts are grouped by name, and
// told within a tenth of a second, changes within a second.
func Start(ctx context.Context, o Options) (*Server, error) {
	path, err := installed.Find("alertmanager")
	if err != nil {
		return nil, err
	}
	file := filepath.Join(o.Dir, "alertmanager.yml")
	if err := os.WriteFile(file, []byte(o.config()), 0o600); err != nil {
		return nil, err
	}
	s := &Server{}
	if o.Addr == "" {
		if s.own, err = loopback.Reserve(); err != nil {
			return nil, err
		}
		o.Addr = s.own.Addr()
	}
	s.URL = "http://" + o.Addr
	cmd := exec.Command(path, "--config.file="+file, "--storage.path="+filepath.Join(o.Dir, "data"), "--web.listen-address="+o.Addr, "--cluster.listen-address=")
	cmd.Stdout, cmd.Stderr = &s.log, &s.log
	if s.child, err = child.Start(cmd); err != nil {
		s.release()
		return nil, err
	}
	if err := s.ready(ctx); err != nil {
		s.End()
		return nil, fmt.Errorf("%w: %s", err, child.LastLines(s.log.String(), 4))
	}
	return s, nil
}

func (o Options) config() string {
	if o.Webhook == "" {
		return "route: {receiver: nobody}\nreceivers: [{name: nobody}]\n"
	}
	return fmt.Sprintf(`route: {receiver: rapbot, group_by: [alertname], group_wait: 100ms, group_interval: 1s}
receivers:
  - name: rapbot
    webhook_configs:
      - url: %s
        http_config: {authorization: {credentials: %s}}
`, o.Webhook, o.Token)
}

func (s *Server) ready(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	for {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, s.URL+"/-/ready", nil)
		if err != nil {
			return err
		}
		if answer, err := http.DefaultClient.Do(request); err == nil {
			answer.Body.Close()
			if answer.StatusCode == http.StatusOK {
				return nil
			}
		}
		select {
		case <-s.child.Done():
			return errors.New("Alertmanager has ended: " + s.child.State())
		case <-ctx.Done():
			return errors.New("Alertmanager does not get ready")
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// End kills it and returns what it has said.
func (s *Server) End() (log string) {
	_ = s.child.Signal(syscall.SIGKILL) // an error says that it has ended already
	<-s.child.Done()
	s.release()
	return s.log.String()
}

func (s *Server) release() {
	if s.own.Port != 0 {
		s.own.Release()
	}
}

// Alert is what Prometheus would send.
type Alert struct {
	Labels      map[string]string `json:"labels"`
	Annotations map[string]string `json:"annotations,omitempty"`
	StartsAt    time.Time         `json:"startsAt,omitzero"`
	EndsAt      time.Time         `json:"endsAt,omitzero"`
}

// Send has alerts fire, or end when EndsAt has passed.
func (s *Server) Send(ctx context.Context, alerts ...Alert) error {
	body, err := json.Marshal(alerts)
	if err != nil {
		return err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, s.URL+"/api/v2/alerts", bytes.NewReader(body))
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/json")
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return errors.New("Alertmanager refused the alerts: " + answer.Status)
	}
	return nil
}

// State is what Alertmanager does with the alert of this name: active,
// suppressed or unprocessed; empty when it knows none.
func (s *Server) State(ctx context.Context, alertname string) (string, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, s.URL+"/api/v2/alerts", nil)
	if err != nil {
		return "", err
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return "", err
	}
	defer answer.Body.Close()
	var all []struct {
		Labels map[string]string `json:"labels"`
		Status struct {
			State string `json:"state"`
		} `json:"status"`
	}
	if err := json.NewDecoder(answer.Body).Decode(&all); err != nil {
		return "", err
	}
	for _, a := range all {
		if a.Labels["alertname"] == alertname {
			return a.Status.State, nil
		}
	}
	return "", nil
}
