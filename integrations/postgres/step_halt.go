package postgres

import (
	"context"

	"github.com/rap-analyzer/rapbot"
)

// halt stops a server that is to come back another way. Only what is stopped
// can be read, rewound or replaced.
type halt struct{ *Fleet }

func (d halt) Observe(ctx context.Context, run rapbot.StepRun) (rapbot.Finding, error) {
	name := run.Plan.From
	instance, err := d.instance(name)
	if err != nil {
		return rapbot.Finding{}, err
	}
	running, err := instance.Running(ctx)
	switch {
	case err != nil:
		return rapbot.Finding{}, err
	case running:
		return awaited("%s runs", name)
	}
	if _, err := d.ask(ctx, name, run.Operation); spoke(err) {
		return awaited("%s answers, though its instance is said to be stopped: what tells so looks at another server", name)
	}
	return holds(nil, "%s is stopped", name)
}

// Act stops a server that has turned out to be on the right way after all, or
// to be the primary, by no means.
func (d halt) Act(ctx context.Context, run rapbot.StepRun) error {
	name := run.Plan.From
	instance, err := d.instance(name)
	if err != nil {
		return err
	}
	from, to, err := d.askBoth(ctx, name, run.Plan.To, run.Operation)
	switch {
	case to.SystemID == "":
		return notNow("%s gives no answer, so %s is left as it is. %s", run.Plan.To, name, what(err))
	case to.Replica:
		return notNow("%s is not the primary any more.", run.Plan.To)
	case from.SystemID != "" && !from.Replica && from.Timeline >= to.Timeline:
		return notNow("%s is a primary on timeline %d, %s on %d: it is not the one to stop.", name, from.Timeline, run.Plan.To, to.Timeline)
	}
	return instance.Stop(ctx)
}

// Undo starts it again if it ran as a replica when the plan was made. What ran
// as a second primary stays down (R4).
func (d halt) Undo(ctx context.Context, run rapbot.StepRun) (rapbot.Finding, error) {
	name := run.Plan.From
	if run.Plan.Fact(name) != string(rapbot.Replica) {
		return holds(nil, "%s did not run as a replica", name)
	}
	instance, err := d.instance(name)
	if err != nil {
		return rapbot.Finding{}, err
	}
	if err := instance.StartReplica(ctx); err != nil {
		return rapbot.Finding{}, err
	}
	return holds(nil, "%s runs as a replica", name)
}
