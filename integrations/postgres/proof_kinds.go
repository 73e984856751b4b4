package postgres

import (
	"context"
	"fmt"

	"github.com/rap-analyzer/rapbot"
)

// shown is what the target has shown by the plan's kind of proof.
type shown struct {
	replica bool
	end     rapbot.LSN // up to here nothing is missing
	gap     string     // what of the proof is missing; empty when nothing is
	words   string     // the proof, when nothing is missing
}

// show asks for the plan's kind of proof.
func (f *Fleet) show(ctx context.Context, run rapbot.StepRun) (shown, error) {
	marker, err := markerOf(run)
	if err != nil {
		return shown{}, err
	}
	if run.Plan.Proof() == rapbot.ProofLog {
		p, err := f.proofOf(ctx, run.Plan.To, marker)
		return shown{p.replica, p.end, p.gap(run.Plan), fmt.Sprintf("%s ends with the shutdown checkpoint of %s, at %s on timeline %d",
			run.Plan.To, run.Plan.From, p.end, p.timeline)}, err
	}
	to, err := f.ask(ctx, run.Plan.To, run.Operation)
	if err != nil {
		return shown{}, err
	}
	s := shown{replica: to.Replica, end: to.Have, gap: markerGap(run.Plan, to, marker)}
	s.words = fmt.Sprintf("%s has replayed the last row of %s, at %s; nothing more is proven", run.Plan.To, run.Plan.From, marker)
	if s.gap != "" || run.Plan.Proof() == rapbot.ProofMarker {
		return s, nil
	}
	s.end, s.gap, err = f.endOfStopped(ctx, run, marker, to.Replay)
	s.words = fmt.Sprintf("%s was shut down cleanly and its log ends at %s, which %s has replayed", run.Plan.From, s.end, run.Plan.To)
	return s, err
}

// markerGap says what is missing of the proof by the marker row, which the
// other kinds rest upon.
func markerGap(plan rapbot.Plan, to standing, marker rapbot.LSN) string {
	switch {
	case to.SystemID != plan.Fact(rapbot.FactSystem):
		return "it belongs to another cluster"
	case !to.marked(markDrained):
		return fmt.Sprintf("the last row of %s is not there", plan.From)
	case to.Replay < marker:
		return fmt.Sprintf("it has replayed up to %s, and the last row lies before %s", to.Replay, marker)
	}
	return ""
}

// endOfStopped compares where the log of the stopped primary ends, by its own
// data, with how far the target has replayed.
func (f *Fleet) endOfStopped(ctx context.Context, run rapbot.StepRun, marker, replay rapbot.LSN) (end rapbot.LSN, gap string, err error) {
	r := f.region(run.Plan.From)
	if r == nil || r.Volume == nil {
		return 0, "", notNow("rapbot has not been told how to read the data of the stopped %s.", run.Plan.From)
	}
	stopped, err := r.Volume.Divergence(ctx, run.Plan.To, replay)
	if err != nil {
		return 0, "", err
	}
	return stopped.End, stoppedGap(run.Plan, stopped, marker, replay), nil
}

// stoppedGap says why the data of the stopped primary prove nothing. An end
// before the marker would be that of some other server's data, or of a copy.
func stoppedGap(plan rapbot.Plan, stopped rapbot.Divergence, marker, replay rapbot.LSN) string {
	switch {
	case stopped.SystemID != plan.Fact(rapbot.FactSystem):
		return fmt.Sprintf("the data said to be of %s belong to another cluster", plan.From)
	case stopped.Timeline != plannedTimeline(plan):
		return fmt.Sprintf("the data of %s are of timeline %d, the plan was made on %d", plan.From, stopped.Timeline, plannedTimeline(plan))
	case !stopped.Clean:
		return plan.From + " was not shut down cleanly"
	case stopped.End <= marker:
		return fmt.Sprintf("the log in the data said to be of %s ends at %s, before its last row at %s", plan.From, stopped.End, marker)
	case stopped.End > replay:
		return fmt.Sprintf("the log of %s goes on to %s, it has replayed up to %s", plan.From, stopped.End, replay)
	}
	return ""
}
