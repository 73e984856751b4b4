package postgres

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/rap-analyzer/rapbot"
)

// rebuild makes the data of a stopped server follow the primary's: as they
// are, rewound, or copied anew. It is the point of no return of a rejoin.
type rebuild struct {
	*Fleet
	nothingToUndo
}

// markRebuilt and the method stand on the primary once the data are made: it
// is the one place that is sure to be there after a crash of rapbot, and the
// data themselves do not tell how far a rewind has come.
const markRebuilt = "rebuilt by "

func (d rebuild) Observe(ctx context.Context, run rapbot.StepRun) (rapbot.Finding, error) {
	to, err := d.ask(ctx, run.Plan.To, run.Operation)
	if err != nil {
		return rapbot.Finding{}, err
	}
	for step := range to.Marks {
		if method, ok := strings.CutPrefix(step, markRebuilt); ok {
			return holds(map[string]string{rapbot.EvMethod: method}, "%s: %s", run.Plan.From, method)
		}
	}
	return awaited("the data of %s are as they were", run.Plan.From)
}

func (d rebuild) Act(ctx context.Context, run rapbot.StepRun) error {
	volume, err := d.volume(run.Plan.From)
	if err != nil {
		return err
	}
	if err := d.mayRebuild(ctx, run); err != nil {
		return err
	}
	read, err := volume.Divergence(ctx, run.Plan.To, 0)
	by := rapbot.Return{Method: rapbot.MethodRebuild} // what cannot be read, after an interrupted rewind say, is copied anew
	if err == nil {
		by = d.returnOf(run, read)
	} else if rapbot.ErrorCode(err) == rapbot.Precondition {
		return err
	}
	method, err := d.bring(ctx, run, volume, by.Method)
	if err != nil {
		return err
	}
	_, err = d.mark(ctx, run.Plan.To, run.Operation, markRebuilt+method, waitForDisk)
	return err
}

// bring does it by the method, and by a new copy where a rewind fails.
func (d rebuild) bring(ctx context.Context, run rapbot.StepRun, volume rapbot.Volume, method string) (string, error) {
	if method == rapbot.MethodStraight {
		return method, nil
	}
	if method == rapbot.MethodRewind {
		err := volume.Rewind(ctx, run.Plan.To)
		if err == nil || rapbot.ErrorCode(err) == rapbot.Precondition || ctx.Err() != nil {
			return method, err
		}
		d.log.Warn("rewind failed; a new copy is made: " + what(err))
	}
	progress := run.Progress
	if progress == nil {
		progress = func(int64, int64) {}
	}
	return rapbot.MethodRebuild, volume.Rebuild(ctx, run.Plan.To, progress)
}

// mayRebuild makes sure, at this moment, that there is a primary to follow and
// that the server whose data are changed is not running, nor held back by a
// gate that could start it meanwhile.
func (d rebuild) mayRebuild(ctx context.Context, run rapbot.StepRun) error {
	if err := d.newPrimaryStands(ctx, run); err != nil {
		return err
	}
	others := d.askAll(ctx, d.names(run.Plan.To), run.Operation)
	if i := slices.IndexFunc(others, func(s seen) bool { return s.err == nil && !s.Replica }); i >= 0 {
		return notNow("%s is a primary beside %s.", others[i].name, run.Plan.To)
	}
	instance, err := d.instance(run.Plan.From)
	if err != nil {
		return err
	}
	if err := instance.Stop(ctx); err != nil {
		return fmt.Errorf("stop %s: %w", run.Plan.From, err)
	}
	return nil
}
