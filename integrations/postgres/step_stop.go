package postgres

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/rap-analyzer/rapbot"
)

// stop shuts the old primary down (P6). That, and nothing before it, keeps two
// primaries apart (R4); and a clean shutdown ends the log with a record that
// the target can be asked for.
type stop struct{ *Fleet }

func (d stop) Observe(ctx context.Context, run rapbot.StepRun) (rapbot.Finding, error) {
	name := run.Plan.From
	instance, err := d.instance(name)
	if err != nil {
		return rapbot.Finding{}, err
	}
	if proves(instance) {
		return d.gone(ctx, run, instance)
	}
	// The cheap question first: the instance's may be a command over ssh.
	if _, err := d.ask(ctx, name, run.Operation); !nothingListens(err) {
		if err == nil {
			return awaited("%s still runs", name)
		}
		return awaited("%s is not seen to be down: %s", name, what(err))
	}
	running, err := instance.Running(ctx)
	switch {
	case err != nil:
		return rapbot.Finding{}, err
	case running:
		return awaited("%s refuses connections, but its server still runs", name)
	}
	return holds(map[string]string{evStoppedAt: stamp(d.opt.Clock.Now())}, "%s is stopped and refuses connections", name)
}

// gone asks first who can prove it, and then whether anything answers where the
// server was.
func (d stop) gone(ctx context.Context, run rapbot.StepRun, instance rapbot.Instance) (rapbot.Finding, error) {
	name := run.Plan.From
	if running, err := instance.Running(ctx); err != nil {
		return rapbot.Finding{}, err
	} else if running {
		return awaited("%s is not seen to be down: its server still runs", name)
	}
	if _, err := d.askWithin(ctx, listenTime, name, run.Operation); spoke(err) {
		return awaited("nothing of %s is left, and yet something answers in its place", name)
	}
	return holds(map[string]string{evStoppedAt: stamp(d.opt.Clock.Now())}, "%s is stopped: nothing of it is left", name)
}

// Act stops the server when the target has everything. A server that does not
// answer is in the middle of stopping, perhaps since before a crash.
func (d stop) Act(ctx context.Context, run rapbot.StepRun) error {
	instance, err := d.instance(run.Plan.From)
	if err != nil {
		return err
	}
	both := d.askAll(ctx, []string{run.Plan.From, run.Plan.To}, run.Operation)
	from, to := both[0], both[1]
	switch {
	case to.err != nil && from.err == nil:
		// While the old primary runs, everything can be taken back at no cost.
		return notNow("%s gives no answer any more. %s", run.Plan.To, what(to.err))
	case to.err != nil:
		return to.err
	case !to.Replica:
		return notNow("%s is not a replica.", run.Plan.To)
	case !to.marked(markDrained):
		return notNow("%s does not have the last row of %s, so stopping now could lose what is missing.", run.Plan.To, run.Plan.From)
	case from.err == nil && from.Replica:
		return notNow("%s is not the primary.", run.Plan.From)
	case from.err == nil && !from.ReadOnly:
		return notNow("%s accepts writes again.", run.Plan.From)
	case from.err == nil && !to.Receiver.Streaming():
		return notNow("%s receives nothing from %s any more, so it would miss the end of the log.", run.Plan.To, run.Plan.From)
	}
	return instance.Stop(ctx)
}

// onItsWay is how long a stop that was asked for may take until it shows.
const onItsWay = 500 * time.Millisecond

// Undo starts the old primary again, unless anything says that another server
// may have taken its place.
func (d stop) Undo(ctx context.Context, run rapbot.StepRun) (rapbot.Finding, error) {
	name := run.Plan.From
	from, err := d.ask(ctx, name, run.Operation)
	if err == nil && !from.Replica && pause(ctx, onItsWay) == nil {
		// A stop that was cut short may still be on its way: one look is not enough.
		from, err = d.ask(ctx, name, run.Operation)
	}
	if err == nil && !from.Replica {
		if other := d.anotherPrimary(ctx, name); other != "" {
			return rapbot.Finding{}, notNow("%s and %s are both primaries.", other, name)
		}
		return holds(nil, "%s runs as the primary", name)
	}
	if err == nil {
		return rapbot.Finding{}, notNow("%s runs as a replica.", name)
	}
	if err := d.nobodyPromoted(ctx, run); err != nil {
		return rapbot.Finding{}, err
	}
	instance, err := d.instance(name)
	if err != nil {
		return rapbot.Finding{}, err
	}
	if err := instance.StartPrimary(ctx); err != nil {
		return rapbot.Finding{}, err
	}
	for {
		from, err := d.ask(ctx, name, run.Operation)
		if err == nil && !from.Replica {
			return holds(nil, "%s runs as the primary again", name)
		}
		if err == nil {
			return rapbot.Finding{}, notNow("%s came up as a replica.", name)
		}
		if pause(ctx, glance) != nil {
			return rapbot.Finding{}, err
		}
	}
}

// nobodyPromoted makes sure that starting the old primary leaves one primary
// (R4). The target must say that it is a replica; where it says nothing, its
// instance must say that it is stopped: nothing has promoted it in the name of
// this operation, and a server that is down takes no writes.
func (d stop) nobodyPromoted(ctx context.Context, run rapbot.StepRun) error {
	others := d.askAll(ctx, d.names(run.Plan.From), run.Operation)
	if other := primaryAmong(others); other != "" {
		return notNow("%s is a primary, so %s is not started as another one.", other, run.Plan.From)
	}
	i := slices.IndexFunc(others, func(s seen) bool { return s.name == run.Plan.To })
	if i < 0 {
		return notNow("%s is not configured any more.", run.Plan.To)
	}
	target := others[i]
	if target.err == nil {
		return nil
	}
	if instance, err := d.instance(run.Plan.To); err == nil {
		if running, err := instance.Running(ctx); err == nil && !running {
			return nil
		}
	}
	return unavailable("Cannot tell whether %s has been promoted (%s), so %s is not started as a primary beside it.", run.Plan.To, what(target.err), run.Plan.From)
}

// nothingListens reports that a region refused the connection.
func nothingListens(err error) bool {
	var n noAnswer
	return errors.As(err, &n) && n.refused
}

// spoke reports that a server answered, if only with an error.
func spoke(err error) bool {
	var n noAnswer
	return err == nil || errors.As(err, &n) && n.answered
}

// what is an error's first beat.
func what(err error) string {
	var e *rapbot.Error
	if errors.As(err, &e) {
		return e.What
	}
	return "no answer"
}
