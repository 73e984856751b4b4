package postgres

import (
	"context"
	"fmt"

	"golang.org/x/sync/errgroup"

	"github.com/rap-analyzer/rapbot"
)

// allowedInFailover re-observes, at this very moment and all at once, what the
// promotion of a failover rests upon (R4). There is no proof that nothing is
// missing and none is claimed: what may be lost was weighed and approved.
func (d promote) allowedInFailover(ctx context.Context, run rapbot.StepRun) error {
	if run.Evidence[rapbot.EvFence] == "" {
		return notNow("There is no evidence of how %s was fenced.", run.Plan.From)
	}
	group, ctx := errgroup.WithContext(ctx)
	if run.Evidence[rapbot.EvFence] == rapbot.FenceConfirmed {
		group.Go(func() error {
			ctx, cancel := context.WithTimeout(ctx, wordTime)
			defer cancel()
			return d.oldStopped(ctx, run)
		})
	}
	group.Go(func() error { return d.oldSilent(ctx, run) })
	group.Go(func() error {
		// Whoever is silent here is asked all the same, and waited for no longer than the old primary.
		others := d.standings(ctx, d.names(run.Plan.From), run.Operation)
		return d.replicasStandStill(ctx, run, others)
	})
	return group.Wait()
}

// replicasStandStill makes sure that the target's log ends where it is said to,
// and that every other replica in sight can follow from there.
func (d promote) replicasStandStill(ctx context.Context, run rapbot.StepRun, all []seen) error {
	to := of(all, run.Plan.To)
	for _, s := range all {
		if s.name != to.name && s.err == nil && !s.Replica {
			return notNow("%s is a primary, so %s is not promoted.", s.name, to.name)
		}
	}
	switch {
	case to.err != nil:
		return notNow("%s cannot be asked how it stands: %s", to.name, what(to.err))
	case !to.Replica:
		return d.promotedByUs(ctx, run)
	case to.unrest() != "":
		return notNow("%s.", to.unrest())
	case to.SystemID != run.Plan.Fact(rapbot.FactSystem):
		return notNow("%s belongs to another cluster.", to.name)
	case to.Timeline != plannedTimeline(run.Plan):
		return notNow("%s is on timeline %d, the plan was made on %d.", to.name, to.Timeline, plannedTimeline(run.Plan))
	}
	for _, s := range all {
		switch {
		case s.name == to.name || s.err != nil:
		case !s.frozen():
			return notNow("%s is not frozen, so it may get what %s has not.", s.name, to.name)
		case s.Timeline > to.Timeline:
			return notNow("%s is on timeline %d and %s on %d, so it could never follow.", s.name, s.Timeline, to.name, to.Timeline)
		case s.Timeline == to.Timeline && s.Have > to.Have:
			return notNow("%s has more of the log, up to %s, than %s, which ends at %s.", s.name, s.Have, to.name, to.Have)
		}
	}
	d.notes.write(run.Operation, func(n *note) { n.fork = to.Replay })
	return nil
}

// forkEvidence is where the new primary's history leaves the old one's. After
// a crash it is where the loss was weighed: nothing has moved since.
func (d promote) forkEvidence(run rapbot.StepRun) map[string]string {
	fork := run.Evidence[evWeighedAt]
	if at := d.notes.read(run.Operation).fork; at != 0 {
		fork = at.String()
	}
	return map[string]string{rapbot.EvFork: fork, rapbot.EvOldTimeline: fmt.Sprint(plannedTimeline(run.Plan))}
}
