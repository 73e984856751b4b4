package postgres_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/rap-analyzer/rapbot"
	"github.com/rap-analyzer/rapbot/integrations/postgres"
	"github.com/rap-analyzer/rapbot/lab/regions"
)

// openGated makes a fleet whose first region has a boot gate and an instance.
func openGated(t *testing.T, lab *regions.Fleet, selfFence time.Duration, instance rapbot.Instance) *postgres.Fleet {
	t.Helper()
	configs := configsOf(lab)
	configs[0].SelfFence, configs[0].Instance = selfFence, instance
	f, err := postgres.Open(t.Context(), configs, postgres.Options{})
	must(t, err)
	t.Cleanup(f.Close)
	return f
}

func fencesAsSurelyAsCanBe(t *testing.T, lab *regions.Fleet, writer *regions.Writer) {
	d := losesIt(t, lab, writer)
	d.steps(rapbot.StepFence)
	dumb := told{err: &rapbot.Error{Code: rapbot.Unavailable, What: "No route to its host."}}
	long, short := time.Now().Add(-time.Hour), time.Now()
	for _, test := range []struct {
		name      string
		selfFence time.Duration
		instance  rapbot.Instance
		frozenAt  time.Time
		accepted  bool
		holds     string
		want      string
	}{
		{"stopped", 0, told{running: false}, short, false, rapbot.FenceConfirmed, "by the word of its instance"},
		{"said to run", time.Minute, told{running: true}, long, true, "", "its instance says that it runs"},
		{"the gate's time is over", time.Minute, dumb, long, false, rapbot.FenceAssumed, "assumed to be stopped"},
		{"no instance, and the gate's time is over", time.Minute, nil, long, false, rapbot.FenceAssumed, "within 1 min without them"},
		{"the gate's time runs", time.Minute, dumb, short, true, "", "stops by itself by " + rapbot.Site{SelfFence: time.Minute}.SelfFenced(short).UTC().Format("15:04:05 UTC")},
		{"nothing", 0, dumb, long, false, "", "Nothing shows that us-east-1 is stopped"},
		{"neither", 0, nil, long, false, "", "Nothing was promoted so far"},
		{"accepted", 0, dumb, long, true, rapbot.FenceUnconfirmed, "U7 has accepted that"},
	} {
		try := *d
		try.fleet = openGated(t, lab, test.selfFence, test.instance)
		try.evidence = d.run(d.of(rapbot.StepFence)).Evidence
		try.evidence[rapbot.EvFrozenAt] = test.frozenAt.UTC().Format(time.RFC3339Nano)
		if test.accepted {
			try.evidence[rapbot.EvAccepted(rapbot.StepFence)] = "U7"
		}
		finding, err := try.observe(rapbot.StepFence)
		if test.name == "nothing" {
			// An instance that gives no word is asked again for a while, before a person is.
			if err != nil || finding.Risk != "" || !strings.Contains(finding.Detail, "nothing shows yet") {
				t.Errorf("asks at once: %+v, %v", finding, err)
			}
			eventually(t, "a person is asked", func() bool {
				finding, err = try.observe(rapbot.StepFence)
				return err != nil || finding.Risk != ""
			})
		}
		if err != nil || finding.Evidence[rapbot.EvFence] != test.holds || finding.Holds != (test.holds != "") || !strings.Contains(finding.Detail+finding.Risk, test.want) {
			t.Errorf("%s: %+v, %v", test.name, finding, err)
		}
		if asks := finding.Risk != ""; asks != (test.name == "nothing" || test.name == "neither") {
			t.Errorf("%s asks: %q", test.name, finding.Risk)
		}
		if lines := strings.Count(finding.Evidence[rapbot.EvFencedBy], "\n") + 1; test.holds == rapbot.FenceUnconfirmed && lines != 4 {
			t.Errorf("%s: %q", test.name, finding.Evidence[rapbot.EvFencedBy])
		}
		if test.name != "said to run" {
			if err := try.act(rapbot.StepFence); err != nil {
				t.Errorf("%s: %v", test.name, err)
			}
		}
	}
	for _, test := range []struct {
		instance rapbot.Instance
		want     rapbot.Life
	}{{told{running: true}, rapbot.Alive}, {told{running: false}, rapbot.Dead}, {dumb, rapbot.Dark}} {
		if w := openWith(t, lab, "us-east-1", test.instance).InstanceWitness(t.Context(), "us-east-1"); w == nil || w.Says != test.want || w.Name != "its instance" {
			t.Errorf("%+v, want %s", w, test.want)
		}
	}
	if w := openWith(t, lab, "us-east-1", nil).InstanceWitness(t.Context(), "us-east-1"); w != nil {
		t.Errorf("without an instance: %+v", w)
	}
	d.rollBack(rapbot.StepFreeze)
	d.comesBack(lab, writer)
}

// A primary that answers must be stopped: no timer and no person makes up for
// that. It is stopped cleanly here, and the replicas get all that it has.
func stopsWhatAnswers(t *testing.T, lab *regions.Fleet, writer *regions.Writer) {
	d := losesIt(t, lab, writer)
	must(t, lab.Region("us-east-1").StartPrimary(within(t, 20*time.Second)))
	// One that has come back is not given up: there is nothing to fail over from any more.
	if err := d.act(rapbot.StepFreeze); rapbot.ErrorCode(err) != rapbot.Stale || !strings.Contains(err.Error(), "us-east-1 is back") {
		t.Errorf("freezes beside a primary that is back: %v", err)
	}
	if _, err := d.observe(rapbot.StepFence); rapbot.ErrorCode(err) != rapbot.Stale {
		t.Errorf("fences a primary that is back: %v", err)
	}
	// One that answered when the plan was made is given up on purpose.
	d.plan.Basis = with(d.plan.Basis, "us-east-1", string(rapbot.Primary))
	d.evidence[rapbot.EvFrozen], d.evidence[rapbot.EvAccepted(rapbot.StepFence)] = "us-west-2,eu-west-1", "U7"
	d.evidence[rapbot.EvFrozenAt] = time.Now().Add(-time.Hour).UTC().Format(time.RFC3339Nano)
	for want, instance := range map[string]rapbot.Instance{
		"has not been told how to stop it": nil, "looks at another server": told{running: false},
	} {
		d.fleet = openGated(t, lab, time.Second, instance)
		if finding, err := d.observe(rapbot.StepFence); err != nil || finding.Holds || finding.Risk != "" || !strings.Contains(finding.Detail, "us-east-1 answers") {
			t.Errorf("it answers: %+v, %v", finding, err)
		}
		expectRefusal(t, "fence", d.act(rapbot.StepFence), want)
	}
	d.fleet = openFleet(t, lab)
	must(t, d.step(d.of(rapbot.StepFence)))
	if d.evidence[rapbot.EvFence] != rapbot.FenceConfirmed || !strings.Contains(d.evidence[rapbot.EvFencedBy], "it ran, and was stopped") {
		t.Errorf("evidence: %v", d.evidence)
	}
	d.comesBack(lab, writer)
}

// The approval is for the loss that was shown: more is asked about again, and
// of a bound that was open from the start nothing is more.
func refusesAWorseLoss(t *testing.T, lab *regions.Fleet, writer *regions.Writer) {
	d := losesIt(t, lab, writer)
	d.steps(rapbot.StepWeigh)
	loss := *d.plan.Impact.Loss
	loss.Unknown, loss.Open, loss.Bytes = false, false, 1<<20 // as of a primary that was sampled
	basis := d.plan.Basis
	for _, test := range []struct {
		name   string
		change func(*rapbot.Loss)
		facts  []rapbot.Fact
		want   string
	}{
		{"as approved", func(*rapbot.Loss) {}, basis, ""},
		{"better", func(l *rapbot.Loss) { l.From -= 4096 }, basis, ""},
		{"worse", func(l *rapbot.Loss) { l.From += 8192 }, basis, fmt.Sprintf("Up to %s may be lost, and %s was approved", rapbot.Bytes(loss.Bytes+8192), rapbot.Bytes(loss.Bytes))},
		{"worse than counted", func(l *rapbot.Loss) { l.From += 8192; l.Counted = true }, basis, "was approved"},
		{"worse, and it was open", func(l *rapbot.Loss) { l.From += 8192; l.Open = true }, basis, ""},
		{"another timeline", func(*rapbot.Loss) {}, with(basis, rapbot.FactTimeline, "9"), "the plan was made on 9"},
		{"another cluster", func(*rapbot.Loss) {}, with(basis, rapbot.FactSystem, "9"), "the plan was made on 9"},
	} {
		changed := loss
		changed.From, changed.Open = rapbot.LSN(0), false
		changed.From, _ = rapbot.ParseLSN(d.replay())
		test.change(&changed)
		d.plan.Impact.Loss, d.plan.Basis = &changed, test.facts
		finding, err := d.observe(rapbot.StepWeigh)
		if err != nil || finding.Holds != (test.want == "") || !strings.Contains(finding.Detail, test.want) {
			t.Errorf("%s: %+v, %v", test.name, finding, err)
		}
		err = d.act(rapbot.StepWeigh)
		if (err == nil) != (test.want == "") || err != nil && rapbot.ErrorCode(err) != rapbot.Stale {
			t.Errorf("%s: %v", test.name, err)
		}
	}
	d.plan.Impact.Loss, d.plan.Basis = &loss, basis
	d.rollBack(rapbot.StepLevel)
	d.comesBack(lab, writer)
}

// replay is where the target stands.
func (d *drive) replay() string {
	return region(d.t, d.fleet.Observe(d.t.Context()), d.plan.To).Server.Replay.String()
}
