package postgres

import (
	"context"

	"github.com/rap-analyzer/rapbot"
)

// rejoin brings the old primary back as a replica (P11). It needs no rewind:
// the proof has shown that its log ends where the new primary's branches off.
// Where the marker row was the only proof, that is likely and no more; then a
// server that does not join is left to mend.
type rejoin struct {
	*Fleet
	nothingToUndo
}

func (d rejoin) Observe(ctx context.Context, run rapbot.StepRun) (rapbot.Finding, error) {
	return d.joined(ctx, run)
}

func (d rejoin) Act(ctx context.Context, run rapbot.StepRun) error {
	name := run.Step.Region
	if err := d.newPrimaryStands(ctx, run); err != nil {
		return err
	}
	from, err := d.ask(ctx, name, run.Operation)
	switch {
	case err == nil && !from.Replica:
		// R4 is broken already, by somebody else; nothing here makes it worse.
		return notNow("%s runs as a primary beside %s. Stop it by hand.", name, run.Plan.To)
	case err == nil:
		return nil // it runs as a replica; whether it follows shows by itself
	}
	instance, err := d.instance(name)
	if err != nil {
		return err
	}
	return instance.StartReplica(ctx)
}
