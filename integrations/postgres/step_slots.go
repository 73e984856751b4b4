package postgres

import (
	"context"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"

	"github.com/rap-analyzer/rapbot"
)

// slots makes the slots that the target will feed the others from, while it is
// still a replica: whoever follows it must not wait for one.
type slots struct{ *Fleet }

func (d slots) Observe(ctx context.Context, run rapbot.StepRun) (rapbot.Finding, error) {
	to, err := d.ask(ctx, run.Plan.To, run.Operation)
	if err != nil {
		return rapbot.Finding{}, err
	}
	if missing := missingSlots(to, d.slotsFor(run.Plan.To)); len(missing) > 0 {
		return awaited("%s has no slot %s yet", run.Plan.To, strings.Join(missing, " and "))
	}
	if to.ReadOnly {
		return awaited("%s would be read-only as a primary", run.Plan.To)
	}
	return holds(map[string]string{rapbot.EvSlotsMade: strings.Join(d.made(run, to), ",")}, "%s has every slot", run.Plan.To)
}

// made lists the slots that were not there when the replicas were frozen. When
// that is not known none is called ours.
func (d slots) made(run rapbot.StepRun, to standing) []string {
	list, known := run.Evidence[evTargetSlots]
	if !known {
		return nil
	}
	before := strings.Split(list, ",")
	return slices.DeleteFunc(d.slotsFor(run.Plan.To), func(slot string) bool {
		_, there := to.Slots[slot]
		return !there || slices.Contains(before, slot)
	})
}

func (d slots) Act(ctx context.Context, run rapbot.StepRun) error {
	to, err := d.ask(ctx, run.Plan.To, run.Operation)
	switch {
	case err != nil:
		return err
	case !to.Replica:
		return notNow("%s is not a replica.", run.Plan.To)
	case run.Evidence[evTargetSlots] == "":
		return notNow("There is no evidence of which slots %s had before.", run.Plan.To)
	}
	if to.ReadOnly {
		if err := d.acceptWrites(ctx, run.Plan.To); err != nil {
			return err
		}
	}
	return d.makeSlots(ctx, run.Plan.To, to, missingSlots(to, d.slotsFor(run.Plan.To)))
}

// makeSlots makes slots on a server, in place of those that are of no more
// use. All at once, because each waits for the disk several times.
func (f *Fleet) makeSlots(ctx context.Context, name string, s standing, needed []string) error {
	group, ctx := errgroup.WithContext(ctx)
	for _, slot := range needed {
		group.Go(func() error {
			if s.Slots[slot].Lost {
				if err := f.on(ctx, name, callSlot("SELECT rapbot.drop_slot($1)", slot)); err != nil {
					return err
				}
			}
			return f.on(ctx, name, callSlot("SELECT rapbot.ensure_slot($1)", slot))
		})
	}
	return group.Wait()
}

// Undo drops the slots that this operation made, and no other.
func (d slots) Undo(ctx context.Context, run rapbot.StepRun) (rapbot.Finding, error) {
	to, err := d.ask(ctx, run.Plan.To, run.Operation)
	if err != nil {
		return rapbot.Finding{}, err
	}
	made := d.made(run, to)
	if len(made) == 0 {
		return holds(nil, "no slots had been made")
	}
	return d.dropSlots(ctx, run, to, made)
}
