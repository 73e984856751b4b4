package postgres_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"testing"
	"time"

	"github.com/rap-analyzer/rapbot"
	"github.com/rap-analyzer/rapbot/integrations/postgres"
	"github.com/rap-analyzer/rapbot/lab/regions"
)

// drive carries the steps of a plan out as the bot's runner does:
// observe, act unless it holds, observe until it holds.
type drive struct {
	t        *testing.T
	fleet    *postgres.Fleet
	plan     rapbot.Plan
	id       string
	evidence map[string]string
	deadline time.Duration // shorter than the plan's, so that a test of failure is short
	took     map[rapbot.StepKind]time.Duration
	said     []string // details and errors, all of which people may see
}

// plan makes a drive from what is observed now.
func plan(t *testing.T, lab *regions.Fleet, f *postgres.Fleet, to string) *drive {
	t.Helper()
	p, err := rapbot.PlanSwitchover(f.Observe(t.Context()), sitesOf(lab), to, limits)
	must(t, err)
	return newDrive(t, lab, f, p)
}

// failover makes a drive from what is observed now and has been before.
func failover(t *testing.T, lab *regions.Fleet, f *postgres.Fleet, to string, history []rapbot.Sample) *drive {
	t.Helper()
	p, err := rapbot.PlanFailover(f.Observe(t.Context()), sitesOf(lab), to, limits, rapbot.Clues{History: history})
	must(t, err)
	return newDrive(t, lab, f, p)
}

var limits = rapbot.Limits{MaxLag: time.Minute, MaxLagBytes: 64 << 20}

func sitesOf(lab *regions.Fleet) []rapbot.Site {
	var sites []rapbot.Site
	for _, s := range lab.Servers() {
		sites = append(sites, rapbot.Site{Name: s.Name, Slot: s.Slot, Instance: true, Volume: true})
	}
	return sites
}

func newDrive(t *testing.T, lab *regions.Fleet, f *postgres.Fleet, p rapbot.Plan) *drive {
	t.Helper()
	if failed := p.ChecksWith(rapbot.Fail); len(failed) > 0 {
		t.Fatalf("the plan cannot run: %+v", failed)
	}
	d := &drive{
		t: t, fleet: f, plan: p, id: fmt.Sprintf("%s %d", t.Name(), time.Now().UnixNano()), evidence: map[string]string{},
		deadline: 30 * time.Second, took: map[rapbot.StepKind]time.Duration{},
	}
	t.Cleanup(func() {
		for _, text := range d.said {
			expectNoSecret(t, lab, text)
		}
	})
	return d
}

func (d *drive) run(step rapbot.Step) rapbot.StepRun {
	return rapbot.StepRun{Operation: d.id, Plan: d.plan, Step: step, Evidence: maps.Clone(d.evidence)}
}

// step carries one step out and keeps its evidence.
func (d *drive) step(step rapbot.Step) error {
	doer := d.fleet.Doers()[step.Kind]
	ctx, cancel := context.WithTimeout(d.t.Context(), d.deadline)
	defer cancel()
	began, acted := time.Now(), false
	var last error
	for wait := 2 * time.Millisecond; ; wait = min(250*time.Millisecond, wait*3/2) {
		finding, err := doer.Observe(ctx, d.run(step))
		d.heard(finding, err)
		switch {
		case err == nil && finding.Holds:
			maps.Copy(d.evidence, finding.Evidence)
			d.took[step.Kind] += time.Since(began)
			return nil
		case err != nil && last != nil && ctx.Err() != nil:
			// The deadline cut this look off; the one before it says more.
		case err != nil:
			last = err
		case acted:
			last = fmt.Errorf("%s: %s", step.Kind, finding.Detail)
		default:
			last = doer.Act(ctx, d.run(step))
			d.heard(rapbot.Finding{}, last)
			if rapbot.ErrorCode(last) == rapbot.Precondition {
				return last
			}
			if acted = last == nil; acted {
				continue
			}
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%s did not come about: %w", step.Kind, last)
		case <-time.After(wait):
		}
	}
}

func (d *drive) heard(finding rapbot.Finding, err error) {
	d.said = append(d.said, finding.Detail, fmt.Sprint(finding.Evidence), fmt.Sprint(err), fmt.Sprintf("%+v", errors.Unwrap(err)))
}

// observe asks whether a step holds, once.
func (d *drive) observe(kind rapbot.StepKind) (rapbot.Finding, error) {
	finding, err := d.fleet.Doers()[kind].Observe(within(d.t, 10*time.Second), d.run(d.of(kind)))
	d.heard(finding, err)
	return finding, err
}

// act acts once.
func (d *drive) act(kind rapbot.StepKind) error {
	err := d.fleet.Doers()[kind].Act(within(d.t, 10*time.Second), d.run(d.of(kind)))
	d.heard(rapbot.Finding{}, err)
	return err
}

// undo undoes one step, once.
func (d *drive) undo(kind rapbot.StepKind) (rapbot.Finding, error) {
	finding, err := d.fleet.Doers()[kind].Undo(within(d.t, 20*time.Second), d.run(d.of(kind)))
	d.heard(finding, err)
	return finding, err
}

// steps carries out the steps before the one of a kind; all when it is empty.
func (d *drive) steps(before rapbot.StepKind) {
	d.t.Helper()
	for _, step := range d.plan.Steps {
		if step.Kind == before {
			return
		}
		if err := d.step(step); err != nil {
			d.t.Fatalf("%s on %s: %v", step.Kind, step.Region, err)
		}
	}
}

// stepsFrom carries out the steps from the first of a kind on.
func (d *drive) stepsFrom(first rapbot.StepKind) {
	d.t.Helper()
	begun := false
	for _, step := range d.plan.Steps {
		if begun = begun || step.Kind == first; !begun {
			continue
		}
		if err := d.step(step); err != nil {
			d.t.Fatalf("%s on %s: %v", step.Kind, step.Region, err)
		}
	}
}

// of is the plan's step of a kind.
func (d *drive) of(kind rapbot.StepKind) rapbot.Step {
	for _, step := range d.plan.Steps {
		if step.Kind == kind {
			return step
		}
	}
	d.t.Fatalf("no step %s", kind)
	return rapbot.Step{}
}

// rollBack undoes every step up to the one of a kind, backwards.
func (d *drive) rollBack(from rapbot.StepKind) {
	d.t.Helper()
	undo := false
	for i := len(d.plan.Steps) - 1; i >= 0; i-- {
		step := d.plan.Steps[i]
		undo = undo || step.Kind == from
		if !undo || step.Undo == "" {
			continue
		}
		finding, err := d.undo(step.Kind)
		if err != nil || !finding.Holds {
			d.t.Fatalf("undo %s: %+v, %v", step.Kind, finding, err)
		}
		d.t.Logf("undone %s: %s", step.Kind, finding.Detail)
	}
}

// gap is how long nothing accepted writes, by the evidence.
func (d *drive) gap() time.Duration { return rapbot.Operation{Evidence: d.evidence}.Gap() }
