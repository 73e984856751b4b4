package postgres_test

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rap-analyzer/rapbot"
	"github.com/rap-analyzer/rapbot/integrations/postgres"
	"github.com/rap-analyzer/rapbot/lab/regions"
)

// TestFailingOver loses the primary under load, and then the next one: the
// application writes all the while and a probe tries a write on every server.
func TestFailingOver(t *testing.T) {
	t.Parallel()
	lab := startLab(t)
	writer, err := lab.StartWriter(regions.WriterOptions{})
	must(t, err)
	probe := lab.StartProbe()
	f := openFleet(t, lab)
	running(t, f)
	first := losesThePrimary(t, lab, f, writer)
	if t.Failed() {
		return
	}
	second := losesTheNextOne(t, lab, writer)
	probe.Stop()
	writer.Stop()
	if two := probe.TwoWritable(); len(two) > 0 {
		t.Errorf("two primaries at once: %+v", two[0])
	}
	// Nobody writes any more, so the old primaries may tell how far they were.
	first.expectBoundHolds(lab)
	second.expectBoundHolds(lab)
}

// The target is the worse replica, and its settings stand where a RESET would
// lose them: the better one's rows are kept, and nothing is left behind.
func losesThePrimary(t *testing.T, lab *regions.Fleet, f *postgres.Fleet, writer *regions.Writer) *drive {
	east, west, eu := lab.Region("us-east-1"), lab.Region("us-west-2"), lab.Region("eu-west-1")
	alterUpstream(t, west)
	for _, s := range []*regions.Server{west, eu} {
		retrySeldom(t, s)
	}
	eventuallyHealthy(t, f)
	before := map[string]map[string]string{"us-west-2": stateOn(t, west), "eu-west-1": stateOn(t, eu)}
	history := remember(t, f, writer)
	stallSenders(t, east, "usw2")
	expectWrites(t, writer)
	kept := writer.Counters().Acknowledged
	admin := login(t, east, regions.Admin)
	end := ask[string](t, admin, "SELECT pg_current_wal_flush_lsn()::text")
	on := login(t, eu, regions.Rapbot)
	eventually(t, "the better replica has it", func() bool { return ask[bool](t, on, "SELECT pg_last_wal_receive_lsn() >= $1::text::pg_lsn", end) })
	stallSenders(t, east, "euw1")
	expectWrites(t, writer)
	acks, killed := writer.Acks(), time.Now()
	must(t, east.Kill())
	eventually(t, "it is seen to be down", func() bool { return region(t, f.Observe(t.Context()), "us-east-1").Refused() })

	d := failover(t, lab, f, "us-west-2", history)
	d.steps(rapbot.StepFollow)
	t.Logf("with a fast-forward, from approval to the first write: %s of %v; %s", d.tookTo(rapbot.StepPromote), d.took, d.plan.Impact.Loss)
	d.stepsFrom(rapbot.StepFollow)
	expectWrites(t, writer)
	d.expectFailoverEvidence()
	if topology := f.Observe(t.Context()); strings.Join(topology.Contradictions(), " ") != "us-east-1 gives no answer." {
		t.Errorf("afterwards: %v", topology.Contradictions())
	}
	for name, was := range before {
		expectSameSettings(t, was, stateOn(t, lab.Region(name)))
	}
	expectOnlySlots(t, f, "us-west-2", "euw1", "use1")
	expectOnlySlots(t, f, "eu-west-1")

	result, err := writer.Check(within(t, 20*time.Second))
	must(t, err)
	if len(result.Lost) == 0 {
		t.Error("no row is lost, though the last ones reached nobody")
	}
	d.expectLostIn(result.Lost, acks, killed)
	for _, ack := range acks[:kept] {
		if slices.Contains(result.Lost, ack.ID) {
			t.Errorf("row %d is lost, which the better replica had", ack.ID)
		}
	}
	return d
}

// The new primary dies at once, with the first one still down: the one region
// that is left takes over, each step is done twice, by other processes too.
func losesTheNextOne(t *testing.T, lab *regions.Fleet, writer *regions.Writer) *drive {
	f := openFleet(t, lab)
	eu := lab.Region("eu-west-1")
	before := stateOn(t, eu)
	history := remember(t, f, writer)
	must(t, lab.Region("us-west-2").Kill())
	d := failover(t, lab, f, "eu-west-1", history)
	for _, step := range d.plan.Steps {
		if step.Kind == rapbot.StepFollow {
			d.deadline = time.Second
			if err := d.step(step); err == nil {
				t.Error("a region that is down follows")
			}
			d.deadline = 30 * time.Second
			continue
		}
		if err := d.step(step); err != nil {
			t.Fatalf("%s: %v", step.Kind, err)
		}
		first, err := d.observe(step.Kind)
		if err != nil || !first.Holds {
			t.Fatalf("%s holds no more: %+v, %v", step.Kind, first, err)
		}
		d.actAgain(step.Kind)
		d.fleet = openFleet(t, lab)
		d.actAgain(step.Kind)
		again, err := d.observe(step.Kind)
		if err != nil || !again.Holds {
			t.Fatalf("%s, seen by another process, does not hold: %+v, %v", step.Kind, again, err)
		}
		for key, was := range first.Evidence {
			d.expectSameEvidence(key, was, again.Evidence[key])
		}
	}
	t.Logf("with a region down, from approval to the first write: %s of %v; %s", d.tookTo(rapbot.StepPromote), d.took, d.plan.Impact.Loss)
	expectWrites(t, writer)
	d.expectFailoverEvidence()
	if !strings.Contains(d.evidence["not_frozen"], "us-east-1") || d.evidence[rapbot.EvOldTimeline] != "2" || d.evidence[rapbot.EvNewTimeline] != "3" {
		t.Errorf("evidence: %v", d.evidence)
	}
	expectSameSettings(t, before, stateOn(t, eu))
	return d
}

// alterUpstream lets a replica's upstream stand in postgresql.auto.conf only.
func alterUpstream(t *testing.T, s *regions.Server) {
	t.Helper()
	admin := login(t, s, regions.Admin)
	conninfo := ask[string](t, admin, "SHOW primary_conninfo")
	do(t, admin, "ALTER SYSTEM SET primary_slot_name = '"+s.Slot+"'")
	do(t, admin, "ALTER SYSTEM SET primary_conninfo = '"+strings.ReplaceAll(conninfo, "'", "''")+" channel_binding=prefer'")
	do(t, admin, "SELECT pg_reload_conf()")
}

// retrySeldom sets what is PostgreSQL's default: nothing that people wait for
// may rest upon a replica trying again soon.
func retrySeldom(t *testing.T, s *regions.Server) {
	t.Helper()
	admin := login(t, s, regions.Admin)
	do(t, admin, "ALTER SYSTEM SET wal_retrieve_retry_interval = '5s'")
	do(t, admin, "SELECT pg_reload_conf()")
}

// remember samples the fleet while the application writes.
func remember(t *testing.T, f *postgres.Fleet, writer *regions.Writer) []rapbot.Sample {
	t.Helper()
	var history []rapbot.Sample
	for range 8 {
		expectWrites(t, writer)
		history = append(history, f.Observe(t.Context()).Samples()...)
	}
	return history
}

// stallSenders stops the processes that send WAL to these replicas: what is
// acknowledged from now on is with nobody else. They end with their server.
func stallSenders(t *testing.T, s *regions.Server, to ...string) {
	t.Helper()
	admin := login(t, s, regions.Admin)
	for _, name := range to {
		pid := ask[int](t, admin, "SELECT pid FROM pg_stat_replication WHERE application_name = $1", name)
		must(t, syscall.Kill(pid, syscall.SIGSTOP))
	}
}

// tookTo sums up what the steps took, to the end of the last one that counts.
func (d *drive) tookTo(last rapbot.StepKind) time.Duration {
	var sum time.Duration
	for _, step := range d.plan.Steps {
		sum += d.took[step.Kind]
		if step.Kind == last {
			break
		}
	}
	return sum.Round(100 * time.Microsecond)
}

func (d *drive) expectFailoverEvidence() {
	d.t.Helper()
	for _, key := range []string{
		rapbot.EvFrozen, rapbot.EvFrozenAt, rapbot.EvFence, rapbot.EvFencedBy, rapbot.EvSlotsMade, rapbot.EvFork, rapbot.EvOldTimeline, rapbot.EvNewTimeline,
		rapbot.EvWritesBack, "loss_bound", "weighed_lsn", "final_primary",
	} {
		if d.evidence[key] == "" {
			d.t.Errorf("no evidence %s in %v", key, d.evidence)
		}
	}
	if d.evidence[rapbot.EvFork] != d.evidence["weighed_lsn"] || d.evidence[rapbot.EvFence] != rapbot.FenceConfirmed {
		d.t.Errorf("evidence: %v", d.evidence)
	}
}

// expectLostIn fails unless every row that is lost was acknowledged in the
// time that the plan calls at risk.
func (d *drive) expectLostIn(lost []int64, acks []regions.Ack, killed time.Time) {
	d.t.Helper()
	oldest := time.Duration(0)
	for _, ack := range acks {
		if slices.Contains(lost, ack.ID) {
			oldest = max(oldest, killed.Sub(ack.At))
		}
	}
	d.t.Logf("%d rows lost, the oldest acknowledged %s before the end; the bound is %s", len(lost), oldest, d.plan.Impact.Loss)
	if oldest > d.plan.Impact.Loss.Time {
		d.t.Errorf("a row is lost that was acknowledged %s before the end, and the bound is %s", oldest, d.plan.Impact.Loss.Time)
	}
}

// expectBoundHolds lets the old primary tell how long its log is, and compares
// what lies past the fork with what was approved.
func (d *drive) expectBoundHolds(lab *regions.Fleet) {
	d.t.Helper()
	old := lab.Region(d.plan.From)
	must(d.t, old.StartUngated(within(d.t, 20*time.Second)))
	end, err := rapbot.ParseLSN(ask[string](d.t, login(d.t, old, regions.Rapbot), "SELECT pg_current_wal_flush_lsn()::text"))
	must(d.t, err)
	fork, err := rapbot.ParseLSN(d.evidence[rapbot.EvFork])
	must(d.t, err)
	bound, err := strconv.ParseInt(d.evidence["loss_bound"], 10, 64)
	must(d.t, err)
	lost := end.BytesPast(fork)
	d.t.Logf("%s wrote %d bytes past the fork at %s; the bound was %d", d.plan.From, lost, fork, bound)
	if lost > bound || lost > d.plan.Impact.Loss.Bytes {
		d.t.Errorf("%d bytes are lost, and the bound was %d", lost, bound)
	}
}

func expectOnlySlots(t *testing.T, f *postgres.Fleet, name string, want ...string) {
	t.Helper()
	var got []string
	for _, slot := range region(t, f.Observe(t.Context()), name).Server.Slots {
		got = append(got, slot.Name)
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("%s has slots %v, want %v", name, got, want)
	}
}
