package postgres_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/rap-analyzer/rapbot"
	"github.com/rap-analyzer/rapbot/lab/regions"
)

// A third region that is down the whole time costs the switchover nothing but
// its own two steps, which hold as soon as it is back (R9).
func leavesOutWhoIsDown(t *testing.T, lab *regions.Fleet, writer *regions.Writer) {
	f := openFleet(t, lab)
	running(t, f)
	bystander := lab.Region("eu-west-1")
	must(t, bystander.Kill())
	expectWrites(t, writer)
	d := plan(t, lab, f, "us-west-2")
	writer.ResetGap()
	d.steps(rapbot.StepFollow)
	expectWrites(t, writer)
	if gap := writer.Counters().LongestGapMS; gap > 2500 {
		t.Errorf("writers paused %d ms", gap)
	}
	if _, err := d.observe(rapbot.StepFollow); rapbot.ErrorCode(err) != rapbot.Unavailable || !strings.Contains(err.Error(), "connection refused") {
		t.Errorf("follow: %v", err)
	}
	must(t, d.step(d.of(rapbot.StepRejoin)))
	if err := d.act(rapbot.StepTidy); rapbot.ErrorCode(err) != rapbot.Unavailable || !strings.Contains(err.Error(), "eu-west-1: connection refused") {
		t.Errorf("clean-up: %v", err)
	}
	if finding, err := d.observe(rapbot.StepTidy); err != nil || finding.Holds || !strings.HasPrefix(finding.Detail, "eu-west-1: connection refused") {
		t.Errorf("clean-up: %+v, %v", finding, err)
	}
	must(t, bystander.Start(within(t, 10*time.Second)))
	must(t, d.step(d.of(rapbot.StepFollow)))
	must(t, d.step(d.of(rapbot.StepTidy)))
	expectSlots(t, f.Observe(t.Context()), lab)
}

// A replica whose primary_conninfo leads only to the old primary says where it
// leads, and nothing else of what stands there.
func saysWhereABystanderLooks(t *testing.T, lab *regions.Fleet, _ *regions.Writer) {
	f := openFleet(t, lab)
	east := lab.Region("us-east-1")
	admin := login(t, lab.Region("eu-west-1"), regions.Admin)
	was := ask[string](t, admin, "SHOW primary_conninfo")
	passfile := was[strings.Index(was, "passfile="):]
	passfile, _, _ = strings.Cut(passfile, " ")
	do(t, admin, fmt.Sprintf("ALTER SYSTEM SET primary_conninfo = 'user=replicator password=hunter2 host=127.0.0.1 port=%d application_name=euw1 sslmode=disable %s'",
		east.Port, strings.ReplaceAll(passfile, "'", "''")))
	do(t, admin, "ALTER SYSTEM SET default_transaction_read_only = on") // left behind by something earlier
	do(t, admin, "SELECT pg_reload_conf()")
	d := plan(t, lab, f, "us-west-2")
	d.steps(rapbot.StepFollow)
	must(t, d.act(rapbot.StepFollow))
	finding, err := d.observe(rapbot.StepFollow)
	want := fmt.Sprintf("eu-west-1 receives nothing; its primary_conninfo leads to host 127.0.0.1, port %d, and must lead to the new primary too", east.Port)
	if err != nil || finding.Holds || finding.Detail != want {
		t.Errorf("follow: %+v, %v", finding, err)
	}
	do(t, admin, "ALTER SYSTEM RESET primary_conninfo")
	do(t, admin, "SELECT pg_reload_conf()")
	for _, kind := range []rapbot.StepKind{rapbot.StepFollow, rapbot.StepRejoin, rapbot.StepTidy} {
		must(t, d.step(d.of(kind)))
	}
}
