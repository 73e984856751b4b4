package postgres_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/rap-analyzer/rapbot"
	"github.com/rap-analyzer/rapbot/lab/regions"
)

// Every step acts again without harm and finds the same, also when another
// process than the one that acted looks: nothing rests upon memory (R3).
func doesEveryStepTwice(t *testing.T, lab *regions.Fleet, _ *regions.Writer) {
	f := openFleet(t, lab)
	d := plan(t, lab, f, "us-west-2")
	for _, step := range d.plan.Steps {
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
		for began := time.Now(); (err != nil || !again.Holds) && time.Since(began) < 5*time.Second; again, err = d.observe(step.Kind) {
			time.Sleep(5 * time.Millisecond) // a client that connects at that moment counts until it has been turned away
		}
		if err != nil || !again.Holds {
			t.Fatalf("%s, seen by another process, does not hold: %+v, %v", step.Kind, again, err)
		}
		for key, was := range first.Evidence {
			d.expectSameEvidence(key, was, again.Evidence[key])
		}
	}
}

// actAgain acts a second time. A step may refuse because what it needs is over,
// and must then have changed nothing.
func (d *drive) actAgain(kind rapbot.StepKind) {
	d.t.Helper()
	if err := d.act(kind); err != nil && rapbot.ErrorCode(err) != rapbot.Precondition {
		d.t.Errorf("%s a second time: %v", kind, err)
	}
}

// expectSameEvidence allows times to be coarser and positions to have moved on.
func (d *drive) expectSameEvidence(key, was, is string) {
	d.t.Helper()
	before, err := time.Parse(time.RFC3339Nano, was)
	if err == nil {
		after, _ := time.Parse(time.RFC3339Nano, is)
		nearly(d.t, key, after, before, 10*time.Second)
		return
	}
	if a, err := rapbot.ParseLSN(was); err == nil {
		if b, _ := rapbot.ParseLSN(is); b < a {
			d.t.Errorf("%s was %s and is %s", key, was, is)
		}
		return
	}
	if was != is && key != "final_replicas" && key != "bystanders" && !strings.HasPrefix(key, "slot_before ") {
		d.t.Errorf("%s was %q and is %q", key, was, is)
	}
}

// A promotion that a crash has interrupted is finished by the next process.
func finishesAPromotion(t *testing.T, lab *regions.Fleet, writer *regions.Writer) {
	d := plan(t, lab, openFleet(t, lab), "us-west-2")
	d.steps(rapbot.StepPromote)
	do(t, login(t, lab.Region("us-west-2"), regions.Admin), "SELECT pg_promote()")
	if finding, err := d.observe(rapbot.StepPromote); err != nil || finding.Holds {
		t.Errorf("without the first row: %+v, %v", finding, err)
	}
	d.fleet = openFleet(t, lab)
	d.stepsFrom(rapbot.StepPromote)
	d.expectEvidence()
	expectWrites(t, writer)

	d.evidence[rapbot.EvNewTimeline] = "99"
	if finding, err := d.observe(rapbot.StepFollow); err != nil || finding.Holds {
		t.Errorf("it follows a timeline that nobody is on: %+v, %v", finding, err)
	}
}

// What an earlier operation could not clean up is cleaned up by the next.
func tidiesWhatIsLeft(t *testing.T, lab *regions.Fleet, _ *regions.Writer) {
	f := openFleet(t, lab)
	d := plan(t, lab, f, "us-west-2")
	d.steps("")
	do(t, login(t, lab.Region("us-east-1"), regions.Rapbot), "SELECT rapbot.ensure_slot('euw1')")
	if finding, err := d.observe(rapbot.StepTidy); err != nil || finding.Holds || !strings.Contains(finding.Detail, "us-east-1 still has slot euw1") {
		t.Errorf("with a slot that nobody uses: %+v, %v", finding, err)
	}
	must(t, d.step(d.of(rapbot.StepTidy)))
	expectSlots(t, f.Observe(t.Context()), lab)
}

// Cut short at any moment, a step can be begun again by another process.
func isTakenUpAgain(t *testing.T, lab *regions.Fleet, writer *regions.Writer) {
	d := plan(t, lab, openFleet(t, lab), "us-west-2")
	for _, step := range d.plan.Steps {
		d.cutShort(step.Kind, lab, time.Millisecond, 4*time.Millisecond, 12*time.Millisecond, 40*time.Millisecond)
		if err := d.step(step); err != nil {
			t.Fatalf("%s: %v", step.Kind, err)
		}
	}
	expectWrites(t, writer)
	expectSlots(t, d.fleet.Observe(t.Context()), lab)
}

// cutShort begins a step again and again and cuts each attempt off, each by a
// process of its own.
func (d *drive) cutShort(kind rapbot.StepKind, lab *regions.Fleet, after ...time.Duration) {
	d.t.Helper()
	for _, cut := range after {
		d.fleet = openFleet(d.t, lab)
		d.fleet.Observe(d.t.Context()) // connected, so that the cut falls into the work
		ctx, cancel := context.WithTimeout(d.t.Context(), cut)
		err := d.fleet.Doers()[kind].Act(ctx, d.run(d.of(kind)))
		cancel()
		d.heard(rapbot.Finding{}, err)
	}
}
