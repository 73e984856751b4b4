package monitor

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/rap-analyzer/rapbot/charts"
	"github.com/rap-analyzer/rapbot/lab/installed"
	"github.com/rap-analyzer/rapbot/lab/loopback"
	"github.com/rap-analyzer/rapbot/lab/regions"
)

// Options say what is watched and who is told.
type Options struct {
	Dir           string // for configuration, data and logs
	Alertmanagers int    // 1 when 0
	Gossip        bool   // they know of each other, until CutGossip; else each of them tells rapbot everything
	Shorten       bool   // the rules
}

// Monitor is the chain. Prepare makes one, Start starts it.
type Monitor struct {
	opt           Options
	prometheus    loopback.Reservation
	alertmanagers []loopback.Reservation
	members       []member // of their gossip; none without it
	exporters     map[string]loopback.Reservation
	programs      map[string]*program
}

// Prepare reserves the ports, so that others can be told of them, and finds the programs.
func Prepare(opt Options) (m *Monitor, err error) {
	opt.Alertmanagers = max(1, opt.Alertmanagers)
	if err := os.MkdirAll(opt.Dir, 0o755); err != nil {
		return nil, err
	}
	m = &Monitor{opt: opt, exporters: map[string]loopback.Reservation{}, programs: map[string]*program{}}
	defer func() {
		if err != nil {
			m.Close()
		}
	}()
	for _, p := range []string{"prometheus", "alertmanager", "postgres_exporter"} {
		if _, err := installed.Find(p); err != nil {
			return nil, err
		}
	}
	if m.prometheus, err = loopback.Reserve(); err != nil {
		return nil, err
	}
	for range opt.Alertmanagers {
		port, err := loopback.Reserve()
		if err != nil {
			return nil, err
		}
		m.alertmanagers = append(m.alertmanagers, port)
		if !opt.Gossip {
			continue
		}
		each, err := newMember()
		if err != nil {
			return nil, err
		}
		m.members = append(m.members, each)
	}
	return m, nil
}

// PrometheusURL is where Prometheus is, or will be.
func (m *Monitor) PrometheusURL() string { return "http://" + m.prometheus.Addr() }

// AlertmanagerURLs are where the Alertmanagers are, or will be.
func (m *Monitor) AlertmanagerURLs() []string {
	var urls []string
	for _, port := range m.alertmanagers {
		urls = append(urls, "http://"+port.Addr())
	}
	return urls
}

// Start watches a fleet and has rapbot's webhook told. It returns when everything answers.
func (m *Monitor) Start(ctx context.Context, fleet *regions.Fleet, webhook, token string) error {
	password := rand.Text()
	primary, err := fleet.Primary(ctx)
	if err != nil {
		return fmt.Errorf("monitor: %w", err)
	}
	if err := makeLogin(ctx, primary.DSN(regions.Admin), password); err != nil {
		return fmt.Errorf("monitor: make its login: %w", err)
	}
	if err := m.write("queries.yaml", charts.ExporterQueries); err != nil {
		return err
	}
	for _, server := range fleet.Servers() {
		if err := m.startExporter(server, password); err != nil {
			return err
		}
	}
	for i := range m.alertmanagers {
		if err := m.startAlertmanager(i, webhook, token); err != nil {
			return err
		}
	}
	if err := m.startPrometheus(fleet); err != nil {
		return err
	}
	for _, p := range m.programs {
		if err := p.awaitReady(ctx); err != nil {
			return err
		}
	}
	return m.startRules(ctx, fleet)
}

// Close ends everything, by its own id.
func (m *Monitor) Close() {
	for _, p := range m.programs {
		p.end()
	}
	for _, port := range m.exporters {
		port.Release()
	}
	for _, port := range append(m.alertmanagers, m.prometheus) {
		if port.Port != 0 {
			port.Release()
		}
	}
	for _, each := range m.members {
		each.wire.close()
		each.own.Release()
	}
	m.programs, m.exporters, m.alertmanagers, m.members, m.prometheus = nil, nil, nil, nil, loopback.Reservation{}
}

// Kill ends one program as kill -9 does: prometheus, alertmanager-0 and so on, exporter-us-east-1 and so on.
func (m *Monitor) Kill(name string) error {
	p, known := m.programs[name]
	if !known {
		return fmt.Errorf("monitor: there is no %s", name)
	}
	p.end()
	return nil
}

// Said is the end of every program's log, for a test that failed.
func (m *Monitor) Said() string {
	var b strings.Builder
	for name, p := range m.programs {
		fmt.Fprintf(&b, "%s:\n%s\n", name, p.lastWords(15))
	}
	return b.String()
}

// makeLogin makes the role that the exporters log in as, with the least rights: the statistics and nothing else.
func makeLogin(ctx context.Context, dsn, password string) error {
	conn, err := pgx.Connect(ctx, dsn)
	if err != nil {
		return errors.New("no connection to the primary")
	}
	defer conn.Close(ctx)
	for _, statement := range []string{
		fmt.Sprintf("CREATE ROLE monitor LOGIN PASSWORD '%s'", password), "GRANT pg_monitor TO monitor", "GRANT CONNECT ON DATABASE " + regions.Database + " TO monitor",
	} {
		if _, err := conn.Exec(ctx, statement); err != nil {
			return err
		}
	}
	return nil
}

func (m *Monitor) path(name string) string { return filepath.Join(m.opt.Dir, name) }

func (m *Monitor) write(name, text string) error {
	return os.WriteFile(m.path(name), []byte(text), 0o600)
}
