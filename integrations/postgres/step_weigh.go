package postgres

import (
	"context"
	"fmt"
	"strconv"

	"github.com/rap-analyzer/rapbot"
)

// weigh compares what is lost, now that everything stands still, with what was
// approved (E1, R2). A bound that turns out smaller is no reason to ask again.
type weigh struct {
	*Fleet
	nothingToUndo
}

// Keys of evidence of what a failover loses at the most.
const (
	evLossBound = "loss_bound" // bytes of WAL
	evWeighedAt = "weighed_lsn"
)

func (d weigh) Observe(ctx context.Context, run rapbot.StepRun) (rapbot.Finding, error) {
	loss, to, err := d.weigh(ctx, run)
	switch {
	case rapbot.ErrorCode(err) == rapbot.Stale:
		return awaited("%s", what(err)) // acting refuses
	case err != nil:
		return rapbot.Finding{}, err
	}
	return holds(map[string]string{
		evLossBound: strconv.FormatInt(loss.Bytes, 10),
		evWeighedAt: to.Replay.String(),
	}, "%s stands at %s; lost is %s", to.name, to.Replay, loss)
}

func (d weigh) Act(ctx context.Context, run rapbot.StepRun) error {
	_, _, err := d.weigh(ctx, run)
	return err
}

// weigh is the loss as it is now. Code Stale when it is not the approved one
// or better.
func (d weigh) weigh(ctx context.Context, run rapbot.StepRun) (rapbot.Loss, seen, error) {
	if run.Plan.Impact.Loss == nil {
		return rapbot.Loss{}, seen{}, stale("The plan says nothing of what may be lost.")
	}
	accepted := *run.Plan.Impact.Loss
	to := d.standings(ctx, []string{run.Plan.To}, run.Operation)[0]
	switch {
	case to.err != nil:
		return accepted, to, to.err
	case to.unrest() != "":
		return accepted, to, unavailable("%s.", to.unrest())
	case to.SystemID != run.Plan.Fact(rapbot.FactSystem):
		return accepted, to, stale("%s is system %s, and the plan was made on %s.", to.name, to.SystemID, run.Plan.Fact(rapbot.FactSystem))
	case to.Timeline != plannedTimeline(run.Plan):
		return accepted, to, stale("%s is on timeline %d, and the plan was made on %d.", to.name, to.Timeline, plannedTimeline(run.Plan))
	}
	now := accepted
	now.From = to.Replay
	missing := accepted.From.BytesPast(to.Replay)
	now.Bytes += missing
	now.Known += missing
	now.Counted = accepted.Counted && missing == 0 // what is missing now was not part of the count
	if !accepted.Counted {
		now.Bytes = max(0, now.Bytes-to.Replay.BytesPast(accepted.From))
		now.Known = max(0, now.Known-to.Replay.BytesPast(accepted.From))
	}
	if now.WorseThan(accepted) {
		return now, to, stale("Up to %s may be lost, and %s was approved: %s stands at %s, and the approval rests upon %s.",
			rapbot.Bytes(now.Bytes), rapbot.Bytes(accepted.Bytes), to.name, to.Replay, accepted.From)
	}
	return now, to, nil
}

// stale is an approval that does not cover what is true now.
func stale(format string, args ...any) error {
	return &rapbot.Error{
		Code: rapbot.Stale, What: fmt.Sprintf(format, args...), Changed: "Nothing was promoted.",
		Now: "Read the new plan on its card and decide on that.",
	}
}
