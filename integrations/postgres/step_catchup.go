package postgres

import (
	"context"

	"github.com/rap-analyzer/rapbot"
)

// catchUp is the first proof (P5): a row committed after the last writer has
// gone, and seen on the target, shows that everything acknowledged is there.
//
// The row has a second use: its commit pushes the end of the log past a
// half-written record, on which a replica would wait a tenth of a second.
type catchUp struct {
	*Fleet
	nothingToUndo
}

func (d catchUp) Observe(ctx context.Context, run rapbot.StepRun) (rapbot.Finding, error) {
	to, err := d.ask(ctx, run.Plan.To, run.Operation)
	switch {
	case err != nil:
		return rapbot.Finding{}, err
	case !to.marked(markDrained):
		return awaited("%s has replayed up to %s; the last row of %s is not there yet", run.Plan.To, to.Replay, run.Plan.From)
	}
	end := d.notes.read(run.Operation).marker
	if end == 0 {
		// After a crash any end of the log that the old primary has now will do:
		// the row lies before it.
		from, err := d.ask(ctx, run.Plan.From, run.Operation)
		if err != nil {
			return rapbot.Finding{}, err
		}
		end = from.Flush
	}
	if to.Replay < end || end == 0 {
		return awaited("%s has replayed up to %s, awaited is %s", run.Plan.To, to.Replay, end)
	}
	return holds(map[string]string{rapbot.EvMarker: end.String(), evTargetReplay: to.Replay.String()},
		"%s has replayed the last row of %s, at %s", run.Plan.To, run.Plan.From, end)
}

func (d catchUp) Act(ctx context.Context, run rapbot.StepRun) error {
	from, to, err := d.askBoth(ctx, run.Plan.From, run.Plan.To, run.Operation)
	switch {
	case err != nil:
		return err
	case from.Replica:
		return notNow("%s is not the primary.", run.Plan.From)
	case !from.ReadOnly:
		return notNow("%s accepts writes, so no row is its last.", run.Plan.From)
	case !to.Replica:
		return notNow("%s is not a replica.", run.Plan.To)
	}
	end, err := d.mark(ctx, run.Plan.From, run.Operation, markDrained, waitForReplicas)
	if err != nil {
		return err
	}
	d.notes.write(run.Operation, func(n *note) { n.marker = end })
	return nil
}
