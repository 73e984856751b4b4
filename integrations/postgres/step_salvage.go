package postgres

import (
	"context"
	"fmt"

	"github.com/rap-analyzer/rapbot"
)

// salvage counts what only this server has, and has it copied, before
// anything of it is thrown away.
type salvage struct {
	*Fleet
	nothingToUndo
}

func (d salvage) Observe(ctx context.Context, run rapbot.StepRun) (rapbot.Finding, error) {
	name := run.Plan.From
	divergence, err := d.divergence(ctx, run)
	if err != nil {
		return rapbot.Finding{}, err
	}
	evidence := map[string]string{
		rapbot.EvLost: fmt.Sprint(divergence.Commits), rapbot.EvLossBytes: fmt.Sprint(divergence.Bytes()), rapbot.EvSaved: divergence.Saved,
		rapbot.EvFork: divergence.Fork.String(), rapbot.EvOldTimeline: fmt.Sprint(divergence.Timeline),
	}
	by := d.returnOf(run, divergence)
	if planned := run.Plan.Fact(rapbot.FactMethod); planned != rapbot.MethodLater && run.Plan.Fact(rapbot.FactDiscard) != by.Discard {
		// R2: more would be thrown away than what was approved, or something else.
		return rapbot.Finding{}, &rapbot.Error{Code: rapbot.Stale, What: fmt.Sprintf("Approved to be thrown away: %s. It would be: %s.", run.Plan.Fact(rapbot.FactDiscard), by.Discard)}
	}
	return holds(evidence, "%s has %s that %s lacks; %s", name, rapbot.Count(divergence.Commits, "commit", "commits"), run.Plan.To, by.Method)
}

// Act has nothing to do: reading is what counts and copies.
func (d salvage) Act(context.Context, rapbot.StepRun) error { return nil }

// divergence reads the log of the server that comes back.
func (f *Fleet) divergence(ctx context.Context, run rapbot.StepRun) (rapbot.Divergence, error) {
	volume, err := f.volume(run.Plan.From)
	if err != nil {
		return rapbot.Divergence{}, err
	}
	return volume.Divergence(ctx, run.Plan.To, 0)
}

// volume is a region's data while its server is stopped. Code Precondition
// when nothing is configured.
func (f *Fleet) volume(name string) (rapbot.Volume, error) {
	if r := f.region(name); r != nil && r.Volume != nil {
		return r.Volume, nil
	}
	return nil, notNow("rapbot has not been told how to reach the data of %s.", name)
}

// returnOf decides as the plan did, on what is true now: a slot that was made
// since does not bring back what it has not kept.
func (f *Fleet) returnOf(run rapbot.StepRun, d rapbot.Divergence) rapbot.Return {
	slot := run.Plan.Fact(rapbot.FactSlot)
	if from, err := rapbot.ParseLSN(run.Evidence[evSlotFrom]); err == nil && d.EndsBefore(from) {
		slot = rapbot.SlotLost
	}
	t := f.Topology()
	back, _ := t.Region(run.Plan.From)
	primary, _ := t.Region(run.Plan.To)
	return rapbot.ReturnOf(run.Plan.From, run.Plan.To, run.Plan.Fact(rapbot.FactSystem), &d, slot, rapbot.Rewindable(back, primary))
}
