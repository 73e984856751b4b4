package monitor

import (
	"context"
	"fmt"
	"path"
	"strings"
	"syscall"
	"time"

	"github.com/rap-analyzer/rapbot/charts"
	"github.com/rap-analyzer/rapbot/lab/loopback"
	"github.com/rap-analyzer/rapbot/lab/regions"
	"github.com/rap-analyzer/rapbot/lab/wait"
)

func (m *Monitor) startExporter(server *regions.Server, password string) error {
	port, err := loopback.Reserve()
	if err != nil {
		return err
	}
	m.exporters[server.Name] = port
	source := fmt.Sprintf("postgres://monitor:%s@127.0.0.1:%d/%s?sslmode=disable&connect_timeout=2", password, server.Port, regions.Database)
	return m.start("exporter-"+server.Name, "postgres_exporter", "http://"+port.Addr()+"/", []string{"DATA_SOURCE_NAME=" + source},
		"--web.listen-address="+port.Addr(), "--extend.query-path="+m.path("queries.yaml"), "--disable-default-metrics", "--disable-settings-metrics")
}

func (m *Monitor) startAlertmanager(i int, webhook, token string) error {
	name, port := fmt.Sprintf("alertmanager-%d", i), m.alertmanagers[i]
	config := fmt.Sprintf(`route: {receiver: rapbot, group_by: [alertname, region], group_wait: 100ms, group_interval: 1s}
receivers:
  - name: rapbot
    webhook_configs:
      - url: %s
        http_config: {authorization: {credentials: %s}}
`, webhook, token)
	if err := m.write(name+".yaml", config); err != nil {
		return err
	}
	return m.start(name, "alertmanager", "http://"+port.Addr()+"/-/ready", nil, append(m.gossip(i),
		"--config.file="+m.path(name+".yaml"), "--storage.path="+m.path(name), "--web.listen-address="+port.Addr())...)
}

// startPrometheus starts it without rules; see startRules.
func (m *Monitor) startPrometheus(fleet *regions.Fleet) error {
	if err := m.configurePrometheus(fleet, nil); err != nil {
		return err
	}
	return m.start("prometheus", "prometheus", m.PrometheusURL()+"/-/ready", nil,
		"--config.file="+m.path("prometheus.yaml"), "--storage.tsdb.path="+m.path("prometheus"), "--web.listen-address="+m.prometheus.Addr())
}

func (m *Monitor) configurePrometheus(fleet *regions.Fleet, rules []string) error {
	var b strings.Builder
	fmt.Fprintf(&b, "global: {scrape_interval: 1s, scrape_timeout: 1s, evaluation_interval: 500ms}\nrule_files: [%s]\nalerting:\n  alertmanagers:\n", strings.Join(rules, ", "))
	for _, port := range m.alertmanagers {
		fmt.Fprintf(&b, "    - static_configs: [{targets: [%q]}]\n", port.Addr())
	}
	b.WriteString("scrape_configs:\n  - job_name: postgres\n    static_configs:\n")
	for _, server := range fleet.Servers() {
		fmt.Fprintf(&b, "      - {targets: [%q], labels: {region: %s}}\n", m.exporters[server.Name].Addr(), server.Name)
	}
	return m.write("prometheus.yaml", b.String())
}

// startRules gives Prometheus the rules when it has seen every server: of one that
// it has not seen yet, rules that wait no longer than two seconds would say that
// it is gone.
func (m *Monitor) startRules(ctx context.Context, fleet *regions.Fleet) error {
	files, err := m.writeRules()
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, readyTime)
	defer cancel()
	prometheus := m.programs["prometheus"]
	seen := func(question, answer string) error {
		if err := wait.Until(ctx, 50*time.Millisecond, func() bool {
			said, err := get(ctx, m.PrometheusURL()+question)
			return err == nil && strings.Contains(said, answer) || !prometheus.child.Alive()
		}); err != nil || !prometheus.child.Alive() {
			return fmt.Errorf("prometheus does not get as far as %s (%v): %s", answer, err, prometheus.lastWords(5))
		}
		return nil
	}
	if err := seen("/api/v1/query?query=count(rap_postgres_replica)", fmt.Sprintf(`,"%d"]`, len(fleet.Servers()))); err != nil {
		return err
	}
	if err := m.configurePrometheus(fleet, files); err != nil {
		return err
	}
	if err := prometheus.child.Signal(syscall.SIGHUP); err != nil {
		return err
	}
	return seen("/api/v1/rules", `"ReplicationLag"`)
}

// writeRules writes the rules that are shipped, or those made shorter, and names the files.
func (m *Monitor) writeRules() (files []string, err error) {
	const folder = "multi-region/rules"
	entries, err := charts.Rules.ReadDir(folder)
	if err != nil {
		return nil, err
	}
	for _, e := range entries {
		if strings.HasSuffix(e.Name(), "_test.yaml") {
			continue
		}
		text, err := charts.Rules.ReadFile(path.Join(folder, e.Name()))
		if err != nil {
			return nil, err
		}
		rules := string(text)
		if m.opt.Shorten {
			rules = Shorten(rules)
		}
		if err := m.write("rules-"+e.Name(), rules); err != nil {
			return nil, err
		}
		files = append(files, "rules-"+e.Name())
	}
	return files, nil
}
