package postgres

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/rap-analyzer/rapbot"
)

// prepare makes ready what would otherwise take time while writers wait (P3):
// the slots that the target will feed the others from, and checkpoints, which
// make the shutdown several times shorter.
type prepare struct{ *Fleet }

// closeBehind is how near the target must be before writers are blocked.
const closeBehind = 1 << 20

// closeEnough is how near everybody else who streams must be: the shutdown of
// the old primary waits for each of them, and writers wait for the shutdown.
const closeEnough = 16 << 20

// checkpointTime bounds one checkpoint, which writes everything that is dirty.
const checkpointTime = 50 * time.Second

func (d prepare) Observe(ctx context.Context, run rapbot.StepRun) (rapbot.Finding, error) {
	from, to, err := d.askBoth(ctx, run.Plan.From, run.Plan.To, run.Operation)
	if err != nil {
		return rapbot.Finding{}, err
	}
	evidence := map[string]string{rapbot.EvSlotsMade: strings.Join(slotsMade(from), ",")}
	finding := rapbot.Finding{Evidence: evidence}
	behind := from.Flush.BytesPast(to.Replay)
	switch missing := missingSlots(to, d.slotsFor(run.Plan.To)); {
	case from.Replica || !to.Replica:
		finding.Detail = "the roles are not as planned"
	case len(missing) > 0:
		finding.Detail = fmt.Sprintf("%s has no slot %s yet", run.Plan.To, strings.Join(missing, " and "))
	case !from.marked(markPrepared):
		finding.Detail = "the checkpoints are not made yet"
	case to.ReadOnly:
		finding.Detail = run.Plan.To + " would be read-only as a primary"
	case behind >= closeBehind:
		finding.Detail = fmt.Sprintf("%s is %s behind, awaited is less than %s", run.Plan.To, rapbot.Bytes(behind), rapbot.Bytes(closeBehind))
	case d.laggard(from) != "":
		finding.Detail = d.laggard(from)
	default:
		evidence[evCheckpointed] = stamp(d.opt.Clock.Now().Add(-from.Marks[markPrepared]))
		return holds(evidence, "%s has every slot and is %s behind", run.Plan.To, rapbot.Bytes(behind))
	}
	return finding, nil
}

// laggard names a stream that the shutdown would have to wait for.
func (d prepare) laggard(primary standing) string {
	for name, behind := range primary.Unsent {
		if behind < closeEnough {
			continue
		}
		for _, r := range d.regions {
			if r.Slot == name {
				name = r.Name
			}
		}
		return fmt.Sprintf("%s lacks %s, and the shutdown would wait for it; awaited is less than %s", name, rapbot.Bytes(behind), rapbot.Bytes(closeEnough))
	}
	return ""
}

func (d prepare) Act(ctx context.Context, run rapbot.StepRun) error {
	from, to, err := d.askBoth(ctx, run.Plan.From, run.Plan.To, run.Operation)
	if err != nil {
		return err
	}
	switch {
	case from.Replica:
		return notNow("%s is not the primary.", run.Plan.From)
	case from.ReadOnly:
		// Whoever has done that does not want it taken back by a roll-back.
		return notNow("%s does not accept writes: default_transaction_read_only is on already.", run.Plan.From)
	case !to.Replica || !to.Receiver.Streaming() || to.Receiver.Timeline != from.Timeline || to.SystemID != from.SystemID:
		return notNow("%s does not stream from %s.", run.Plan.To, run.Plan.From)
	}
	if err := d.canBeStopped(ctx, run.Plan.From); err != nil {
		return err
	}
	if to.ReadOnly {
		if err := d.acceptWrites(ctx, run.Plan.To); err != nil {
			return err
		}
	}
	// Before the slots: a slot keeps the log from the last checkpoint on.
	for _, name := range []string{run.Plan.From, run.Plan.To} {
		if err := d.checkpoint(ctx, name); err != nil {
			return err
		}
	}
	for _, slot := range missingSlots(to, d.slotsFor(run.Plan.To)) {
		// R3: the record of a slot comes before the slot, in a place that
		// survives this process; what was there before has no record.
		if _, err := d.mark(ctx, run.Plan.From, run.Operation, markSlot+slot, waitForDisk); err != nil {
			return err
		}
		if err := d.makeSlots(ctx, run.Plan.To, to, []string{slot}); err != nil {
			return err
		}
	}
	_, err = d.mark(ctx, run.Plan.From, run.Operation, markPrepared, waitForDisk)
	return err
}

// canBeStopped tries out, before writers have to wait for it, what later tells
// that the old primary is stopped. A command that cannot tell, or that looks at
// some other server, would be found out with the write window open, or never.
func (d prepare) canBeStopped(ctx context.Context, name string) error {
	instance, err := d.instance(name)
	if err != nil {
		return err
	}
	running, err := instance.Running(ctx)
	switch {
	case err != nil:
		return notNow("It could not be proven that %s is stopped. %s", name, what(err))
	case !running:
		return notNow("%s answers, but its instance is said to be stopped: what tells so looks at another server.", name)
	}
	return nil
}

// Undo drops the slots that this operation made, and no other.
func (d prepare) Undo(ctx context.Context, run rapbot.StepRun) (rapbot.Finding, error) {
	from, err := d.ask(ctx, run.Plan.From, run.Operation)
	if err != nil {
		return rapbot.Finding{}, err
	}
	made := slotsMade(from)
	if len(made) == 0 {
		return holds(nil, "no slots had been made")
	}
	to, err := d.ask(ctx, run.Plan.To, run.Operation)
	if err != nil {
		return rapbot.Finding{}, err
	}
	return d.dropSlots(ctx, run, to, made)
}

// dropSlots drops slots that an operation has made on its target, where to is
// how the target stands.
func (f *Fleet) dropSlots(ctx context.Context, run rapbot.StepRun, to standing, made []string) (rapbot.Finding, error) {
	var used []string
	for _, slot := range made {
		found, there := to.Slots[slot]
		switch {
		case found.Active:
			used = append(used, slot) // somebody streams from it: dropping it would cut them off
		case there:
			if err := f.on(ctx, run.Plan.To, callSlot("SELECT rapbot.drop_slot($1)", slot)); err != nil {
				return rapbot.Finding{}, err
			}
		}
	}
	to, err := f.ask(ctx, run.Plan.To, run.Operation)
	if err != nil {
		return rapbot.Finding{}, err
	}
	for _, slot := range made {
		if _, there := to.Slots[slot]; there && !slices.Contains(used, slot) {
			return rapbot.Finding{}, unavailable("Slot %s is still on %s.", slot, run.Plan.To)
		}
	}
	if len(used) > 0 {
		return holds(nil, "kept on %s because it is in use: slot %s", run.Plan.To, strings.Join(used, ", "))
	}
	return holds(nil, "gone from %s: slot %s", run.Plan.To, strings.Join(made, ", "))
}

func (f *Fleet) checkpoint(ctx context.Context, name string) error {
	return f.onWithin(ctx, checkpointTime, name, func(ctx context.Context, conn *pgx.Conn) error {
		_, err := conn.Exec(ctx, "CHECKPOINT")
		return err
	})
}

func callSlot(call, slot string) func(context.Context, *pgx.Conn) error {
	return func(ctx context.Context, conn *pgx.Conn) error {
		_, err := conn.Exec(ctx, call, slot)
		return err
	}
}

// missingSlots lists the slots that are not there, or that are of no more use.
func missingSlots(s standing, needed []string) []string {
	return slices.DeleteFunc(slices.Clone(needed), func(name string) bool {
		slot, there := s.Slots[name]
		return there && (slot.Active || !slot.Lost)
	})
}

// slotsMade lists the slots that the operation has recorded as its own.
func slotsMade(s standing) []string {
	var made []string
	for step := range s.Marks {
		if slot, ok := strings.CutPrefix(step, markSlot); ok {
			made = append(made, slot)
		}
	}
	slices.Sort(made)
	return made
}
