package patroni

import (
	"bufio"
	"context"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/rap-analyzer/rapbot/lab/regions"
	"github.com/rap-analyzer/rapbot/lab/wait"
)

var real = flag.Bool("patroni", false, "start real Patroni clusters (two minutes)")

func needPatroni(t *testing.T) Versions {
	t.Helper()
	if !*real {
		t.Skip("starts real Patroni clusters, which take a minute to settle: run it with go test ./lab/peers/patroni -patroni")
	}
	v, err := Installed()
	if err != nil {
		t.Skip(err)
	}
	return v
}

// start starts a cluster that ends with the test, and makes sure that nothing is left of it then.
func start(t *testing.T) (*Cluster, context.Context) {
	t.Helper()
	v := needPatroni(t)
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	t.Cleanup(cancel)
	began := time.Now()
	c, err := Start(ctx, Options{Log: t.Logf})
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%s up in %s", v, time.Since(began).Round(time.Millisecond))
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
		if left := processesIn(c.dir); len(left) > 0 {
			t.Errorf("still run: %v", left)
		}
		if _, err := os.Stat(c.dir); !os.IsNotExist(err) {
			t.Errorf("%s is still there", c.dir)
		}
	})
	return c, ctx
}

// Under this variable the test binary is one that is about to be killed.
const victim = "RAPBOT_PATRONI_VICTIM"

func TestMain(m *testing.M) {
	if os.Getenv(victim) == "" {
		os.Exit(m.Run())
	}
	c, err := Start(context.Background(), Options{})
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	fmt.Println(c.dir)
	select {}
}

// Nothing outlives a process that is killed.
func TestKilledProcess(t *testing.T) {
	needPatroni(t)
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	doomed := exec.CommandContext(t.Context(), self)
	doomed.Env = append(os.Environ(), victim+"=1")
	out, err := doomed.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := doomed.Start(); err != nil {
		t.Fatal(err)
	}
	line, _ := bufio.NewReader(out).ReadString('\n')
	dir := strings.TrimSpace(line)
	running := processesIn(dir)
	_ = doomed.Process.Kill()
	_ = doomed.Wait()
	if !filepath.IsAbs(dir) || len(running) < 15 {
		t.Fatalf("it says %q, and in there run %v", line, running)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	if wait.Until(ctx, 10*time.Millisecond, func() bool { return len(processesIn(dir)) == 0 }) != nil {
		err := killIn(dir)
		t.Errorf("of %v some were still there (%v)", running, err)
	}
}

// The servers have the settings of the fleet that they are compared with.
func expectSameSettings(ctx context.Context, t *testing.T, c *Cluster) {
	t.Helper()
	conn, err := pgx.Connect(ctx, c.AdminDSNs()[0])
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(ctx)
	want := regions.Settings()
	want["data_checksums"] = "on"
	if len(want) < 20 {
		t.Errorf("only %d settings", len(want))
	}
	for name, value := range want {
		var got string
		if err := conn.QueryRow(ctx, "SHOW "+name).Scan(&got); err != nil || got != value {
			t.Errorf("%s is %q (%v), want %q", name, got, err, value)
		}
	}
}

// A switchover through Patroni's REST API, with the lab's writer writing all the while.
func TestSwitchover(t *testing.T) {
	c, ctx := start(t)
	expectSameSettings(ctx, t, c)
	w, err := regions.NewWriter(c.MultiHostDSN(), regions.Among(c.AdminDSNs()...), regions.WriterOptions{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.Stop)
	writesBegin := func() {
		before := w.Counters().Acknowledged
		if err := wait.Until(ctx, 5*time.Millisecond, func() bool { return w.Counters().Acknowledged > before }); err != nil {
			t.Fatal(err)
		}
	}
	writesBegin()
	first := w.AcksSince(time.Time{})[0].Port
	if err := c.Switchover(ctx, "usw2"); err != nil {
		t.Fatal(err)
	}
	if got, err := c.Primary(ctx); err != nil || got != "usw2" {
		t.Errorf("%s is primary (%v)", got, err)
	}
	err = wait.Until(ctx, 5*time.Millisecond, func() bool { acks := w.AcksSince(time.Time{}); return acks[len(acks)-1].Port != first })
	if err != nil {
		t.Fatalf("no write on the new primary: %v", err)
	}
	w.Stop()
	t.Logf("longest gap %d ms", w.Counters().LongestGapMS)
	check, err := w.Check(ctx)
	if err != nil || len(check.Lost) > 0 || check.Acknowledged == 0 {
		t.Errorf("%+v %v", check, err)
	}
}

// A dead machine: Patroni makes another node the primary by itself once the leader key has run out, and the dead one comes back as a replica.
func TestDeadPrimary(t *testing.T) {
	c, ctx := start(t)
	dead, err := c.KillPrimary(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if left := processesIn(c.find(dead).dir); len(left) > 0 {
		t.Errorf("of %s still run: %v", dead, left)
	}
	began := time.Now()
	err = c.await(ctx, "another leads", func(members []Member) bool {
		return slices.ContainsFunc(members, func(m Member) bool { return m.leads() && m.Name != dead })
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("another leads %s after the kill", time.Since(began).Round(time.Millisecond))
	if err := c.Revive(dead); err != nil {
		t.Fatal(err)
	}
	if err := c.AwaitWhole(ctx); err != nil {
		t.Fatal(err)
	}
}
