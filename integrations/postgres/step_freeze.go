package postgres

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/rap-analyzer/rapbot"
)

// freeze keeps the replicas from receiving anything (E2): their positions
// stand still, and a primary that comes back feeds nobody. The name of the slot
// that it sets is also what the boot gate of the old primary reads on them, so
// freezing comes before looking whether the old primary is silent: whichever of
// the two looks second sees the other.
type freeze struct{ *Fleet }

// Keys of evidence that the later steps of a failover need.
const (
	evNotFrozen      = "not_frozen"             // regions that gave no answer, and what came instead
	evTargetSlots    = "target_slots_before"    // slots on the target before the operation
	evTargetConninfo = "target_conninfo_before" // its primary_conninfo, if that stands in postgresql.auto.conf
)

const noSlots = "none"

func (d freeze) Observe(ctx context.Context, run rapbot.StepRun) (rapbot.Finding, error) {
	known := d.notes.read(run.Operation)
	var names, frozen, silent, left []string
	for _, name := range d.names(run.Plan.From) {
		if name != run.Plan.To && (d.region(name).memory.dark() && !slices.Contains(known.frozen, name) || slices.Contains(known.silent, name)) {
			silent = append(silent, name+" gives no answer") // the target does not wait for it
			continue
		}
		names = append(names, name)
	}
	all := d.standings(ctx, names, run.Operation)
	for _, s := range all {
		switch {
		case s.err != nil && s.name == run.Plan.To:
			return rapbot.Finding{}, s.err
		case s.err != nil:
			silent = append(silent, strings.TrimSuffix(what(s.err), "."))
			continue
		case s.unrest() != "":
			left = append(left, s.unrest())
		}
		if s.frozen() {
			frozen = append(frozen, s.name)
		}
	}
	// What was frozen is told in any case, because undoing it must know.
	evidence := map[string]string{rapbot.EvFrozen: strings.Join(frozen, ","), evNotFrozen: strings.Join(silent, "; ")}
	for name, before := range known.before {
		evidence[evSlotBefore+name] = before.String()
	}
	if len(left) > 0 {
		return rapbot.Finding{Detail: strings.Join(left, "; "), Evidence: evidence}, nil
	}
	to := of(all, run.Plan.To)
	up, err := d.upstream(ctx, run.Plan.To, d.opt.Timeout)
	if err != nil {
		return rapbot.Finding{}, err
	}
	if up.conninfoAltered {
		evidence[evTargetConninfo] = up.conninfo // it holds no secret, or it is empty
	}
	evidence[evTargetSlots] = slotList(to.standing)
	evidence[rapbot.EvFrozenAt] = stamp(d.opt.Clock.Now())
	detail := fmt.Sprintf("%s receives nothing and stands at %s", to.name, to.Replay)
	for _, s := range all {
		if s.name != to.name && s.err == nil {
			detail += fmt.Sprintf(", %s at %s", s.name, s.Replay)
		}
	}
	if len(silent) > 0 {
		detail += "; not frozen: " + strings.Join(silent, "; ")
	}
	return holds(evidence, "%s", detail)
}

func slotList(s standing) string {
	var slots []string
	for name := range s.Slots {
		slots = append(slots, name)
	}
	slices.Sort(slots)
	if len(slots) == 0 {
		return noSlots
	}
	return strings.Join(slots, ",")
}

func (d freeze) Act(ctx context.Context, run rapbot.StepRun) error {
	if err := d.stillLost(ctx, run); err != nil {
		return err
	}
	names := d.names(run.Plan.From)
	// Those in sight first, so that nothing has been changed when one of them is no replica.
	if other := primaryAmong(d.askAll(ctx, d.lit(slices.Clone(names)), run.Operation)); other != "" {
		return notNow("%s is a primary.", other)
	}
	trouble := make([]error, len(names))
	var group sync.WaitGroup
	for i, name := range names {
		group.Go(func() { trouble[i] = d.freezeOne(ctx, run, name) })
	}
	group.Wait()
	var frozen, silent []string
	var refused error
	for i, name := range names {
		switch err := trouble[i]; {
		case err == nil:
			frozen = append(frozen, name)
			continue
		case name == run.Plan.To, rapbot.ErrorCode(err) == rapbot.Precondition:
			refused = err
		}
		silent = append(silent, name)
	}
	d.notes.write(run.Operation, func(n *note) { n.frozen, n.silent = frozen, silent })
	if refused != nil {
		return refused
	}
	return d.awaitStandstill(ctx, run.Operation, frozen)
}

// stillLost makes sure that a primary that was lost when the plan was made has
// not come back: then there is nothing to fail over from, and to go on would
// lose what it takes in until it is stopped (R2).
func (f *Fleet) stillLost(ctx context.Context, run rapbot.StepRun) error {
	if run.Plan.Fact(run.Plan.From) == string(rapbot.Primary) {
		return nil // it answered then, too, and is given up on purpose
	}
	if old := f.askAll(ctx, []string{run.Plan.From}, run.Operation)[0]; old.err == nil && !old.Replica {
		return isBack(run.Plan.From)
	}
	return nil
}

func isBack(name string) error {
	return &rapbot.Error{Code: rapbot.Stale, What: name + " is back, and is the primary."}
}

// freezeOne freezes one replica and notes what it streamed through.
func (f *Fleet) freezeOne(ctx context.Context, run rapbot.StepRun, name string) error {
	most := f.patienceFor(name)
	up, err := f.upstream(ctx, name, most)
	switch {
	case err != nil:
		return err
	case !up.replica:
		return &rapbot.Error{Code: rapbot.Precondition, What: name + " is a primary."}
	case !strings.HasPrefix(up.slot, rapbot.FrozenSlot):
		f.notes.write(run.Operation, func(n *note) {
			n.before = withRegion(n.before, name, slotBefore{known: true, name: up.slot, altered: up.slotAltered})
		})
	}
	return f.put(ctx, name, most, freezeSlot(run.Plan))
}

// awaitStandstill waits until nothing moves on these servers any more.
func (f *Fleet) awaitStandstill(ctx context.Context, operation string, names []string) (trouble error) {
	for {
		var left []string
		for _, s := range f.nudged(ctx, names, operation) {
			if why := s.unrest(); why != "" {
				left = append(left, why)
			}
		}
		switch {
		case len(left) == 0:
			return nil
		case ctx.Err() == nil || trouble == nil: // a look that the deadline cut off says less than the one before it
			trouble = unavailable("%s.", strings.Join(left, "; "))
		}
		if pause(ctx, glance) != nil {
			return trouble
		}
	}
}

// Undo lets every replica receive again. One that is dark cannot be told; it
// is named, unless it is known that it was not frozen.
func (d freeze) Undo(ctx context.Context, run rapbot.StepRun) (rapbot.Finding, error) {
	names := d.names(run.Plan.From)
	trouble := make([]error, len(names))
	var group sync.WaitGroup
	for i, name := range names {
		group.Go(func() { trouble[i] = d.unfreeze(ctx, run, name) })
	}
	group.Wait()
	list, told := run.Evidence[rapbot.EvFrozen]
	var words, skipped []string
	for i, name := range names {
		switch err := trouble[i]; {
		case err == nil:
		case told && !slices.Contains(strings.Split(list, ","), name) && !spoke(err):
			skipped = append(skipped, name)
		default:
			words = append(words, fmt.Sprintf("%s may still be frozen, and could not be told to receive again. %s", name, what(err)))
		}
	}
	if len(words) > 0 {
		return rapbot.Finding{}, &rapbot.Error{
			Code: rapbot.Unavailable, What: strings.Join(words, " "),
			Now: "When it is back, run ALTER SYSTEM RESET primary_slot_name and SELECT pg_reload_conf() there.", Err: errors.Join(trouble...),
		}
	}
	d.notes.write(run.Operation, func(n *note) { *n = note{} })
	if len(skipped) > 0 {
		return holds(nil, "the replicas may receive again; %s gives no answer, as when the others were frozen", strings.Join(skipped, " and "))
	}
	return holds(nil, "the replicas may receive again")
}
