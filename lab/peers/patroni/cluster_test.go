package patroni

import (
	"context"
	"flag"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/rap-analyzer/rapbot/lab/regions"
	"github.com/rap-analyzer/rapbot/lab/wait"
)

var real = flag.Bool("patroni", false, "start real Patroni clusters (two minutes)")

func start(t *testing.T) (*Cluster, context.Context) {
	t.Helper()
	if !*real {
		t.Skip("starts real Patroni clusters, which take a minute to settle: run it with go test ./lab/peers/patroni -patroni")
	}
	v, err := Installed()
	if err != nil {
		t.Skip(err)
	}
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

// A switchover through Patroni's REST API, with the lab's writer writing all the while.
func TestSwitchover(t *testing.T) {
	c, ctx := start(t)
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
