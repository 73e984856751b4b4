package postgres_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/rap-analyzer/rapbot"
	"github.com/rap-analyzer/rapbot/integrations/postgres"
	"github.com/rap-analyzer/rapbot/lab/regions"
)

// startLab starts real servers that end with the test.
func startLab(t *testing.T) *regions.Fleet {
	t.Helper()
	lab, err := regions.Start(within(t, time.Minute), regions.Options{})
	must(t, err)
	t.Cleanup(func() { must(t, lab.Close()) })
	return lab
}

// openFleet makes a fleet over the lab's servers, by rapbot's own login, and
// makes sure that it has logged no secret (R10).
func openFleet(t *testing.T, lab *regions.Fleet) *postgres.Fleet {
	t.Helper()
	core, logs := observer.New(zap.DebugLevel)
	f, err := postgres.Open(t.Context(), configsOf(lab), postgres.Options{Every: 100 * time.Millisecond, Log: zap.New(core)})
	must(t, err)
	t.Cleanup(func() {
		f.Close()
		for _, entry := range logs.All() {
			expectNoSecret(t, lab, fmt.Sprint(entry.Message, entry.ContextMap()))
		}
	})
	return f
}

func expectNoSecret(t *testing.T, lab *regions.Fleet, text string) {
	t.Helper()
	for _, s := range lab.Servers() {
		for _, role := range []regions.Role{regions.Rapbot, regions.App, regions.Admin} {
			if strings.Contains(text, passwordOf(s.DSN(role))) {
				t.Errorf("a password of %s: %s", role, text)
			}
		}
	}
}

// passwordOf is the password in one of the lab's addresses.
func passwordOf(dsn string) string {
	login, _, _ := strings.Cut(strings.TrimPrefix(dsn, "postgres://"), "@")
	_, password, _ := strings.Cut(login, ":")
	return password
}

func configsOf(lab *regions.Fleet) []postgres.RegionConfig {
	var configs []postgres.RegionConfig
	for _, s := range lab.Servers() {
		configs = append(configs, postgres.RegionConfig{Name: s.Name, Slot: s.Slot, DSN: s.DSN(regions.Rapbot), Instance: instance{s}, Volume: volume{s}})
	}
	return configs
}

// instance is a server of the lab as a rapbot.Instance.
type instance struct{ *regions.Server }

func (i instance) Running(context.Context) (bool, error) {
	state := i.State()
	return state == regions.Running || state == regions.Frozen, nil
}

// running keeps the fleet's memory fresh while the test goes on.
func running(t *testing.T, f *postgres.Fleet) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- f.Run(ctx) }()
	t.Cleanup(func() { cancel(); <-done })
}

func region(t *testing.T, topology rapbot.Topology, name string) rapbot.Region {
	t.Helper()
	r, ok := topology.Region(name)
	if !ok {
		t.Fatalf("no region %s in %+v", name, topology)
	}
	return r
}

func within(t *testing.T, d time.Duration) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), d)
	t.Cleanup(cancel)
	return ctx
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// eventually looks every few milliseconds until what it looks for is so.
func eventually(t *testing.T, what string, so func() bool) {
	t.Helper()
	look, end := time.NewTicker(5*time.Millisecond), time.After(20*time.Second)
	defer look.Stop()
	for !so() {
		select {
		case <-look.C:
		case <-end:
			t.Fatalf("never happened: %s", what)
		}
	}
}

func login(t *testing.T, s *regions.Server, role regions.Role) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(within(t, 5*time.Second), s.DSN(role))
	must(t, err)
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 100*time.Millisecond)
		defer cancel()
		_ = conn.Close(ctx)
	})
	return conn
}

func ask[T any](t *testing.T, conn *pgx.Conn, words string, args ...any) (answer T) {
	t.Helper()
	if err := conn.QueryRow(within(t, 10*time.Second), words, args...).Scan(&answer); err != nil {
		t.Fatalf("%s: %v", words, err)
	}
	return answer
}

func do(t *testing.T, conn *pgx.Conn, words string) {
	t.Helper()
	if _, err := conn.Exec(within(t, 20*time.Second), words); err != nil {
		t.Fatalf("%s: %v", words, err)
	}
}

// words is an error as a person reads it, empty when there is none.
func words(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

// nearly fails unless got lies within tolerance of want.
func nearly(t *testing.T, what string, got, want time.Time, tolerance time.Duration) {
	t.Helper()
	if d := got.Sub(want).Abs(); d > tolerance {
		t.Errorf("%s: %s, %s away from %s", what, got.Format(time.RFC3339Nano), d, want.Format(time.RFC3339Nano))
	}
}
