package postgres

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/rap-analyzer/rapbot"
)

// anchor readies the primary for a server that comes back: a slot that keeps
// the log for it, a checkpoint on the present timeline, without which pg_rewind
// would take that timeline for the old one, and a row that the server must come
// to have.
type anchor struct {
	*Fleet
	nothingToUndo
}

// evSlotFrom is where the log begins that the slot keeps.
const evSlotFrom = "slot_from_lsn"

func (d anchor) Observe(ctx context.Context, run rapbot.StepRun) (rapbot.Finding, error) {
	to, err := d.ask(ctx, run.Plan.To, run.Operation)
	if err != nil {
		return rapbot.Finding{}, err
	}
	slot := d.slotOf(run.Plan.From)
	found, there := to.Slots[slot]
	switch {
	case to.Replica:
		return awaited("%s is not the primary", run.Plan.To)
	case !there || found.Lost:
		return awaited("%s has no slot %s that keeps the log", run.Plan.To, slot)
	case to.CheckpointTimeline != to.Timeline:
		return awaited("%s has no checkpoint on timeline %d yet", run.Plan.To, to.Timeline)
	case !to.marked(markPromoted):
		return awaited("the mark is not on %s yet", run.Plan.To)
	}
	return holds(map[string]string{rapbot.EvNewTimeline: fmt.Sprint(to.Timeline), evSlotFrom: found.From.String()},
		"%s keeps its log for %s from %s on", run.Plan.To, run.Plan.From, found.From)
}

func (d anchor) Act(ctx context.Context, run rapbot.StepRun) error {
	to, err := d.ask(ctx, run.Plan.To, run.Operation)
	switch {
	case err != nil:
		return err
	case to.Replica:
		return notNow("%s is not the primary.", run.Plan.To)
	}
	slot := d.slotOf(run.Plan.From)
	if to.Slots[slot].Lost {
		if err := d.on(ctx, run.Plan.To, callSlot("SELECT rapbot.drop_slot($1)", slot)); err != nil {
			return err
		}
	}
	if err := d.on(ctx, run.Plan.To, callSlot("SELECT rapbot.ensure_slot($1)", slot)); err != nil {
		return err
	}
	if to.CheckpointTimeline != to.Timeline {
		if err := d.checkpoint(ctx, run.Plan.To); err != nil {
			return err
		}
	}
	// Replicas that are away must not keep this from ending.
	return d.on(ctx, run.Plan.To, func(ctx context.Context, conn *pgx.Conn) error {
		_, err := mark(ctx, conn, run.Operation, markPromoted, waitForDisk)
		return err
	})
}

// slotOf is the slot that a region streams from.
func (f *Fleet) slotOf(name string) string {
	if r := f.region(name); r != nil {
		return r.Slot
	}
	return ""
}
