package postgres

import (
	"context"
	"fmt"
	"maps"
	"time"

	"github.com/jackc/pgx/v5"
	"golang.org/x/sync/errgroup"

	"github.com/rap-analyzer/rapbot"
)

// promote is the point of no return (P8), and the end of the write window.
type promote struct {
	*Fleet
	nothingToUndo
}

func (d promote) Observe(ctx context.Context, run rapbot.StepRun) (rapbot.Finding, error) {
	to, err := d.ask(ctx, run.Plan.To, run.Operation)
	switch {
	case err != nil:
		return rapbot.Finding{}, err
	case to.Replica:
		return awaited("%s is still a replica", run.Plan.To)
	case to.Timeline <= plannedTimeline(run.Plan):
		return awaited("%s is a primary on timeline %d, awaited is a later one than %d", run.Plan.To, to.Timeline, plannedTimeline(run.Plan))
	case !to.marked(markPromoted):
		return awaited("%s is a primary; its first row is not written yet", run.Plan.To)
	}
	back := d.opt.Clock.Now().Add(-to.Marks[markPromoted])
	promoted := d.notes.read(run.Operation).promoted
	if promoted.IsZero() {
		promoted = back // after a crash: it was not later than that
	}
	evidence := map[string]string{
		rapbot.EvNewTimeline: fmt.Sprint(to.Timeline),
		rapbot.EvWritesBack:  stamp(back),
		evPromotedAt:         stamp(promoted),
		evPromoted:           to.Flush.String(),
	}
	if run.Plan.Kind == rapbot.Failover {
		maps.Copy(evidence, d.forkEvidence(run))
	}
	return holds(evidence, "%s is the primary, on timeline %d", run.Plan.To, to.Timeline)
}

func (d promote) Act(ctx context.Context, run rapbot.StepRun) error {
	if err := d.allowed(ctx, run); err != nil {
		return err
	}
	// Both statements may come again after a crash: asking twice promotes once,
	// and a primary is not asked.
	err := d.on(ctx, run.Plan.To, func(ctx context.Context, conn *pgx.Conn) error {
		var asked bool
		return conn.QueryRow(ctx, "SELECT CASE WHEN pg_is_in_recovery() THEN pg_promote(false) ELSE false END").Scan(&asked)
	})
	if err != nil {
		return err
	}
	if err := d.awaitPrimary(ctx, run); err != nil {
		return err
	}
	_, err = d.mark(ctx, run.Plan.To, run.Operation, markPromoted, waitForDisk)
	return err
}

// askedAgain is after how long a target that still answers as a replica is
// told once more: it may have died of the first time and come back.
const askedAgain = 5 * time.Second

// awaitPrimary looks more often than pg_promote(true) would, which sleeps a
// tenth of a second between its looks.
func (d promote) awaitPrimary(ctx context.Context, run rapbot.StepRun) error {
	asked := time.Now()
	for {
		var replica bool
		err := d.on(ctx, run.Plan.To, func(ctx context.Context, conn *pgx.Conn) error {
			return conn.QueryRow(ctx, "SELECT pg_is_in_recovery()", pgx.QueryExecModeCacheStatement).Scan(&replica)
		})
		if err == nil && !replica {
			d.notes.write(run.Operation, func(n *note) { n.promoted = d.opt.Clock.Now() })
			return nil
		}
		if pause(ctx, glance) != nil || err == nil && time.Since(asked) > askedAgain {
			// Not failed: it may still come about, and nobody else may be promoted.
			return unavailable("%s was told to become the primary and has not been seen as one yet.", run.Plan.To)
		}
	}
}

// allowed re-observes, at this very moment, everything that promoting rests
// upon (R4, R5). All questions are asked at once: the window is open.
func (d promote) allowed(ctx context.Context, run rapbot.StepRun) error {
	if run.Plan.Kind == rapbot.Failover {
		return d.allowedInFailover(ctx, run)
	}
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return d.proven(ctx, run) })
	group.Go(func() error { return d.oldStopped(ctx, run) })
	group.Go(func() error { return d.oldSilent(ctx, run) })
	group.Go(func() error {
		if other := primaryAmong(d.askAll(ctx, d.names(run.Plan.From, run.Plan.To), run.Operation)); other != "" {
			return notNow("%s is a primary, so %s is not promoted.", other, run.Plan.To)
		}
		return nil
	})
	return group.Wait()
}

// proven makes sure that the target is the one that gave the proof, and still
// where it was then.
func (d promote) proven(ctx context.Context, run rapbot.StepRun) error {
	if _, err := markerOf(run); err != nil {
		return err
	}
	shutdown, kind := run.Evidence[rapbot.EvShutdown], run.Plan.Proof()
	if shutdown == "" && (kind != rapbot.ProofMarker || run.Evidence[rapbot.EvProof] != string(kind)) {
		return notNow("There is no proof that %s has everything.", run.Plan.To)
	}
	p, err := d.show(ctx, run)
	switch {
	case err != nil:
		return notNow("%s cannot be asked for its proof again: %s", run.Plan.To, what(err))
	case !p.replica:
		return d.promotedByUs(ctx, run)
	case p.gap != "":
		return notNow("%s has no proof any more: %s.", run.Plan.To, p.gap)
	case kind != rapbot.ProofMarker && p.end.String() != shutdown:
		return notNow("%s ends at %s, the proof was for %s.", run.Plan.To, p.end, shutdown)
	}
	return nil
}

// promotedByUs allows going on with a promotion that a crash has interrupted:
// the timeline is the one that comes after the plan's.
func (d promote) promotedByUs(ctx context.Context, run rapbot.StepRun) error {
	to, err := d.ask(ctx, run.Plan.To, run.Operation)
	switch {
	case err != nil:
		return err
	case to.Timeline <= plannedTimeline(run.Plan) || to.SystemID != run.Plan.Fact(rapbot.FactSystem):
		return notNow("%s is a primary on timeline %d already, and was not made one from timeline %d.", run.Plan.To, to.Timeline, plannedTimeline(run.Plan))
	}
	return nil
}

// oldStopped asks whoever runs the old primary. What cannot be told counts as
// running.
func (d promote) oldStopped(ctx context.Context, run rapbot.StepRun) error {
	instance, err := d.instance(run.Plan.From)
	if err != nil {
		return err
	}
	running, err := instance.Running(ctx)
	switch {
	case err != nil:
		return notNow("It cannot be told whether %s is stopped, so %s is not promoted: %s", run.Plan.From, run.Plan.To, what(err))
	case running:
		return notNow("%s runs, so %s is not promoted.", run.Plan.From, run.Plan.To)
	}
	return nil
}

// oldSilent asks the old primary itself. In a planned change one that is proven to
// be stopped is not waited for long; in a failover silence is all there may be.
func (d promote) oldSilent(ctx context.Context, run rapbot.StepRun) error {
	most := d.opt.Timeout
	if instance, err := d.instance(run.Plan.From); err == nil && proves(instance) && run.Plan.Kind != rapbot.Failover {
		most = listenTime
	}
	if _, err := d.askWithin(ctx, most, run.Plan.From, run.Operation); spoke(err) {
		return notNow("%s answers, so %s is not promoted.", run.Plan.From, run.Plan.To)
	}
	return nil
}
