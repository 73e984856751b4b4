package main

import (
	"context"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/rap-analyzer/rapbot/lab/loopback"
	"github.com/rap-analyzer/rapbot/lab/regions"
	"github.com/rap-analyzer/rapbot/lab/wait"
)

var fleet *regions.Fleet

func TestMain(m *testing.M) {
	os.Exit(func() int {
		var err error
		if fleet, err = regions.Start(context.Background(), regions.Options{Names: []string{"us-east-1", "us-west-2"}}); err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		defer fleet.Close()
		return m.Run()
	}())
}

// world is a workload that runs against a region's database as the admin.
type world struct {
	url  string
	stop func() error
	env  map[string]string
}

var tables atomic.Int64 // made so far: each test has one of its own, however often it runs

func start(t *testing.T, region, zone string, more map[string]string) *world {
	t.Helper()
	config, err := pgx.ParseConfig(fleet.Region(region).DSN(regions.Admin))
	if err != nil {
		t.Fatal(err)
	}
	secret := filepath.Join(t.TempDir(), "password")
	if err := os.WriteFile(secret, []byte(config.Password+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	port, err := loopback.Reserve()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(port.Release)
	env := map[string]string{
		"DATABASE_HOST": config.Host, "DATABASE_PORT": fmt.Sprint(config.Port), "DATABASE_NAME": config.Database, "DATABASE_USER": config.User,
		"DATABASE_PASSWORD_FILE": secret, "DATABASE_TABLE": fmt.Sprint(strings.ToLower(t.Name()), tables.Add(1)), "REQUEST_EVERY": "1ms",
		"REGION": region, "ZONE": zone, "VERSION": "v1", "PORT": fmt.Sprint(port.Port), "ACKNOWLEDGED_FILE": filepath.Join(t.TempDir(), "acknowledged"),
	}
	maps.Copy(env, more)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- run(ctx, func(name string) string { return env[name] }) }()
	w := &world{url: "http://" + port.Addr(), env: env}
	w.stop = func() error {
		cancel()
		err := <-ended
		ended <- err
		return err
	}
	t.Cleanup(func() { _ = w.stop() })
	return w
}

func (w *world) get(path string) (int, string) {
	answer, err := http.Get(w.url + path)
	if err != nil {
		return 0, err.Error()
	}
	defer answer.Body.Close()
	text, _ := io.ReadAll(answer.Body)
	return answer.StatusCode, string(text)
}

func (w *world) requests(code string) (n float64) {
	_, text := w.get("/metrics")
	for line := range strings.Lines(text) {
		_, _ = fmt.Sscanf(line, `rap_analyzer_requests_total{code="`+code+`"} %g`, &n)
	}
	return n
}

func eventually(t *testing.T, what string, so func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	if err := wait.Until(ctx, 5*time.Millisecond, so); err != nil {
		t.Fatalf("never happened: %s", what)
	}
}

func rows(t *testing.T, table string) map[string]bool {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), fleet.Region("us-east-1").DSN(regions.Admin))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.Background())
	found, err := conn.Query(t.Context(), "SELECT writer || ' ' || number FROM "+table)
	if err != nil {
		t.Fatal(err)
	}
	all, err := pgx.CollectRows(found, pgx.RowTo[string])
	if err != nil {
		t.Fatal(err)
	}
	there := map[string]bool{}
	for _, row := range all {
		there[row] = true
	}
	return there
}

func acknowledged(t *testing.T, w *world) []string {
	t.Helper()
	text, err := os.ReadFile(w.env["ACKNOWLEDGED_FILE"])
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for line := range strings.Lines(string(text)) {
		fields := strings.Fields(line)
		if len(fields) != 3 {
			t.Fatalf("the line %q", line)
		}
		if _, err := time.Parse(time.RFC3339Nano, fields[2]); err != nil {
			t.Error(err)
		}
		all = append(all, fields[0]+" "+fields[1])
	}
	return all
}

func TestAcknowledgedRowsAreThere(t *testing.T) {
	w := start(t, "us-east-1", "primary", nil)
	eventually(t, "50 requests succeed", func() bool { return w.requests("200") >= 50 })
	if code, _ := w.get("/readyz"); code != http.StatusOK {
		t.Errorf("readyz says %d", code)
	}
	if err := w.stop(); err != nil {
		t.Error(err)
	}
	noted, there := acknowledged(t, w), rows(t, w.env["DATABASE_TABLE"])
	if len(noted) < 50 || len(noted) != len(there) {
		t.Errorf("%d rows noted, %d there", len(noted), len(there))
	}
	for i, row := range noted {
		if !there[row] {
			t.Errorf("row %s is not there", row)
		}
		if want := fmt.Sprint(" ", i+1); !strings.HasSuffix(row, want) {
			t.Errorf("row %s does not end with%s", row, want)
		}
	}
}

func TestConnectsForEver(t *testing.T) {
	w := start(t, "us-east-1", "primary", nil)
	eventually(t, "it is ready", func() bool { code, _ := w.get("/readyz"); return code == http.StatusOK })
	if err := fleet.Region("us-east-1").Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	eventually(t, "it is not ready", func() bool { code, _ := w.get("/readyz"); return code == http.StatusServiceUnavailable })
	if code, _ := w.get("/healthz"); code != http.StatusOK {
		t.Errorf("healthz says %d", code)
	}
	if w.requests("503") == 0 {
		t.Error("no failed request is counted")
	}
	if err := fleet.Region("us-east-1").StartPrimary(t.Context()); err != nil {
		t.Fatal(err)
	}
	eventually(t, "it is ready again", func() bool { code, _ := w.get("/readyz"); return code == http.StatusOK })
	if err := w.stop(); err != nil {
		t.Error(err)
	}
	there := rows(t, w.env["DATABASE_TABLE"])
	for _, row := range acknowledged(t, w) {
		if !there[row] {
			t.Errorf("row %s is not there", row)
		}
	}
}

func TestReplicaZoneReads(t *testing.T) {
	primary := start(t, "us-east-1", "primary", nil)
	eventually(t, "the table is there", func() bool { return primary.requests("200") > 0 })
	w := start(t, "us-west-2", "replica", map[string]string{"DATABASE_TABLE": primary.env["DATABASE_TABLE"]})
	eventually(t, "it reads", func() bool { return w.requests("200") >= 20 })
	if noted := acknowledged(t, w); len(noted) > 0 {
		t.Errorf("it has written %v", noted)
	}
}

func TestVersionWithErrors(t *testing.T) {
	w := start(t, "us-east-1", "primary", map[string]string{"VERSION": "v2-errors"})
	eventually(t, "200 requests are made", func() bool { return w.requests("200") >= 160 })
	good, bad := w.requests("200"), w.requests("500")
	if share := bad / (good + bad); share < 0.18 || share > 0.22 {
		t.Errorf("%g of the requests failed", share)
	}
	if code, _ := w.get("/readyz"); code != http.StatusOK {
		t.Errorf("readyz says %d", code)
	}
}

func TestSettings(t *testing.T) {
	env := map[string]string{"DATABASE_HOST": "127.1.2.3", "DATABASE_NAME": "o'rap", "DATABASE_USER": "app", "DATABASE_PASSWORD": `p' \`, "POD_IP": "127.9.8.7"}
	s, err := readSettings(func(name string) string { return env[name] })
	if err != nil {
		t.Fatal(err)
	}
	config, err := s.config()
	if err != nil {
		t.Fatal(err)
	}
	if config.Database != "o'rap" || config.Password != `p' \` || s.address != "127.9.8.7:8080" || config.Port != 5432 {
		t.Errorf("%s %s %s %d", config.Database, config.Password, s.address, config.Port)
	}
	for _, name := range []string{"DATABASE_HOST", "DATABASE_NAME", "DATABASE_USER"} {
		if _, err := readSettings(func(asked string) string {
			if asked == name {
				return ""
			}
			return env[asked]
		}); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("without %s: %v", name, err)
		}
	}
}
