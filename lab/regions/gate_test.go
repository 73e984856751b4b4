package regions

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// TestGate takes one fleet through what the boot gate is for, until its first primary is replaced for good. A probe watches for a second one.
func TestGate(t *testing.T) {
	f, err := Start(within(t, time.Minute), Options{Dir: privateFolder(t), Log: t.Logf, SelfFence: 2 * time.Second, GateEvery: 200 * time.Millisecond})
	must(t, err)
	t.Cleanup(func() { must(t, f.Close()) })
	probe := f.StartProbe()
	for _, step := range []struct {
		name string
		run  func(*testing.T, *Fleet)
	}{
		{"frozen", aFrozenPeerStopsThePrimary},
		{"killed and frozen", aKilledPrimaryWaitsWhileAPeerIsFrozen},
		{"alone", aPrimaryThatLosesEverybodyStops},
		{"replaced", aReplacedPrimaryNeverListens},
		{"promoted", aPromotedReplicaIsMinded},
	} {
		if !t.Run(step.name, func(t *testing.T) { step.run(t, f) }) {
			t.FailNow() // what comes next would only say that the fleet is not as it was
		}
	}
	probe.Stop()
	if two := probe.TwoWritable(); len(two) > 0 {
		t.Errorf("two primaries at once: %+v", two[0])
	}
}

// freezeFor does to a replica what rapbot does before it replaces the primary, and gives the way back.
func freezeFor(t *testing.T, replica *Server) (unfreeze func()) {
	t.Helper()
	bot := login(t, replica.DSN(Rapbot))
	do(t, bot, "ALTER SYSTEM SET primary_slot_name = 'rapbot_frozen_test'")
	do(t, bot, "SELECT pg_reload_conf()")
	return func() {
		t.Helper()
		do(t, bot, "ALTER SYSTEM RESET primary_slot_name")
		do(t, bot, "SELECT pg_reload_conf()")
	}
}

func becomes(t *testing.T, server *Server, state State) {
	t.Helper()
	eventually(t, server.Name+" is "+string(state), func() bool { return server.State() == state && (state != Running || server.GateState() == gateOpen) })
}

func aFrozenPeerStopsThePrimary(t *testing.T, f *Fleet) {
	primary := f.Region("us-east-1")
	unfreeze := freezeFor(t, f.Region("eu-west-1"))
	becomes(t, primary, Held)
	if got := primary.GateState(); got != "held eu-west-1 is frozen: rapbot is replacing the primary" {
		t.Errorf("state %q", got)
	}
	if line := f.Status(t.Context())[0]; line.State != Held || !strings.HasPrefix(line.Gate, "eu-west-1 is frozen") || instanceState(primary) != Stopped {
		t.Errorf("%+v", line)
	}
	unfreeze()
	becomes(t, primary, Running)
	must(t, primary.StartPrimary(within(t, 20*time.Second)))
}

func aKilledPrimaryWaitsWhileAPeerIsFrozen(t *testing.T, f *Fleet) {
	primary := f.Region("us-east-1")
	must(t, primary.Kill())
	unfreeze := freezeFor(t, f.Region("us-west-2"))
	must(t, primary.Start(within(t, 20*time.Second)))
	short, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	if err := primary.StartPrimary(short); !errors.Is(err, ErrHeld) || !strings.Contains(err.Error(), "us-west-2 is frozen") {
		t.Errorf("got %v", err)
	}
	if state := primary.State(); state != Held {
		t.Errorf("after a start that was given up the state is %s", state)
	}
	unfreeze()
	must(t, primary.StartPrimary(within(t, 20*time.Second)))
}

func aPrimaryThatLosesEverybodyStops(t *testing.T, f *Fleet) {
	primary := f.Region("us-east-1")
	ctx := within(t, 40*time.Second)
	must(t, f.Region("us-west-2").Stop(ctx))
	must(t, f.Region("eu-west-1").Stop(ctx))
	becomes(t, primary, Held)
	must(t, f.Region("eu-west-1").Start(ctx))
	becomes(t, primary, Running)
	must(t, f.Region("us-west-2").Start(ctx))
}

// A replica is promoted while the primary is dead. What comes back is kept from everybody and its data are kept as the crash left them.
func aReplacedPrimaryNeverListens(t *testing.T, f *Fleet) {
	old := f.Region("us-east-1")
	ctx := within(t, 40*time.Second)
	must(t, old.Kill())
	target, bystander := inLine(t, f.Region("us-west-2"), f.Region("eu-west-1"))
	do(t, login(t, target.DSN(Rapbot)), "SELECT rapbot.ensure_slot('"+bystander.Slot+"')")
	do(t, login(t, target.DSN(Rapbot)), "SELECT pg_promote()")
	log, err := os.ReadFile(old.LogFile())
	must(t, err)
	before := controlFile(t, old)

	must(t, old.Start(ctx))
	if got := old.GateState(); !strings.HasPrefix(got, "held ") || !strings.Contains(got, "on timeline 2, ours is 1") {
		t.Errorf("state %q", got)
	}
	if _, err := pgx.Connect(ctx, old.DSN(Admin)); err == nil || !strings.Contains(err.Error(), "refused") {
		t.Errorf("it listens: %v", err)
	}
	if after := controlFile(t, old); after != before || !strings.Contains(after, "in production") {
		t.Errorf("the data were touched:\n%s", after)
	}
	after, err := os.ReadFile(old.LogFile())
	must(t, err)
	if more := string(after[len(log):]); strings.Contains(more, "LOG:") {
		t.Errorf("PostgreSQL was started:\n%s", more)
	}
	must(t, old.Stop(ctx))
	if state := old.State(); state != Stopped {
		t.Errorf("after a stop the state is %s", state)
	}
}

// inLine waits until both have replayed what they have, and puts the one first that has more: the other one could never follow one that has less.
func inLine(t *testing.T, a, b *Server) (target, bystander *Server) {
	t.Helper()
	var at [2]LSN
	eventually(t, "both replicas stand still", func() bool {
		before := at
		for i, server := range []*Server{a, b} {
			if o, err := server.Observe(t.Context()); err == nil {
				at[i] = o.LSN
			}
		}
		time.Sleep(200 * time.Millisecond)
		return at == before && at[0] > 0 && at[1] > 0
	})
	if at[1] > at[0] {
		return b, a
	}
	return a, b
}

func controlFile(t *testing.T, s *Server) string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), s.fleet.pg.Program("pg_controldata"), s.DataDir()).CombinedOutput()
	must(t, err)
	return string(out)
}

// The replica that was promoted is a primary like any other from then on.
func aPromotedReplicaIsMinded(t *testing.T, f *Fleet) {
	primary, replica := f.Region("us-west-2"), f.Region("eu-west-1")
	if o, err := primary.Observe(t.Context()); err != nil || o.Replica {
		primary, replica = replica, primary
	}
	eventually(t, replica.Name+" follows", func() bool {
		return slices.ContainsFunc(f.Status(t.Context()), func(l *RegionStatus) bool { return l.Name == replica.Name && follows(l, 2) })
	})
	unfreeze := freezeFor(t, replica)
	becomes(t, primary, Held)
	unfreeze()
	becomes(t, primary, Running)
}
