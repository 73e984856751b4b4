package postgres

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/rap-analyzer/rapbot"
)

// level gives the target all that any replica has (E3). Promoted without it,
// the target would lose what the other one has kept, and the other one could
// never follow.
//
// While the target streams from the other replica, the name of its slot still
// begins as that of a frozen one: no primary has such a slot, and every boot
// gate goes on reading there that the primary is being replaced.
type level struct{ *Fleet }

// levelPrefix begins the names of such slots, and of no frozen server's.
const levelPrefix = rapbot.FrozenSlot + "_level_"

// levelSlot is the slot through which a region streams from another replica.
func (f *Fleet) levelSlot(name string) string {
	return levelPrefix + f.region(name).Slot
}

func (d level) Observe(ctx context.Context, run rapbot.StepRun) (rapbot.Finding, error) {
	all := d.standings(ctx, d.lit(d.names(run.Plan.From)), run.Operation)
	to := of(all, run.Plan.To)
	if to.err != nil {
		return rapbot.Finding{}, to.err
	}
	if why := to.unrest(); why != "" {
		return awaited("%s", why)
	}
	lead, err := d.ahead(all, to)
	switch back := unfrozen(all); {
	case err != nil:
		return awaited("%s", what(err))
	case len(back) > 0:
		return awaited("%s is not frozen", strings.Join(back, " and "))
	case lead.Have > to.Have:
		return awaited("%s has %s that %s has not", lead.name, rapbot.Bytes(lead.Have.BytesPast(to.Have)), to.name)
	}
	return holds(nil, "%s has all that any replica has, up to %s", to.name, to.Replay)
}

// ahead is the replica with most of the log, the target itself when none has
// more. Code Precondition when one of them is on a later timeline: something
// was promoted that the target knows nothing of.
func (d level) ahead(all []seen, to seen) (seen, error) {
	lead := to
	for _, s := range all {
		switch {
		case s.err != nil || s.name == to.name:
		case !s.Replica:
			return seen{}, notNow("%s is a primary.", s.name)
		case s.SystemID != to.SystemID:
			return seen{}, notNow("%s belongs to another cluster.", s.name)
		case s.Timeline > to.Timeline:
			return seen{}, notNow("%s is on timeline %d, and %s on %d: it has what %s can never get.", s.name, s.Timeline, to.name, to.Timeline, to.name)
		case s.Timeline == to.Timeline && s.Have > lead.Have:
			lead = s
		}
	}
	return lead, nil
}

// unfrozen lists the replicas that came back after the others were frozen.
func unfrozen(all []seen) []string {
	var names []string
	for _, s := range all {
		if s.err == nil && s.Replica && !s.frozen() {
			names = append(names, s.name)
		}
	}
	return names
}

func (d level) Act(ctx context.Context, run rapbot.StepRun) error {
	if err := d.restore(ctx, run); err != nil { // of an attempt before a crash
		return err
	}
	if back := unfrozen(d.askAll(ctx, d.lit(d.names(run.Plan.From, run.Plan.To)), run.Operation)); len(back) > 0 {
		for _, name := range back {
			if err := d.freezeOne(ctx, run, name); err != nil {
				return err
			}
		}
		if err := d.awaitStandstill(ctx, run.Operation, back); err != nil {
			return err
		}
	}
	all := d.standings(ctx, d.lit(d.names(run.Plan.From)), run.Operation)
	to := of(all, run.Plan.To)
	if to.err != nil {
		return to.err
	}
	lead, err := d.ahead(all, to)
	switch {
	case err != nil:
		return err
	case to.Replica && !to.frozen():
		return notNow("%s is not frozen.", to.name)
	case to.unrest() != "":
		return unavailable("%s.", to.unrest())
	case lead.name == to.name:
		return nil
	}
	conninfo, err := d.conninfo(ctx, to.name, lead.name)
	if err != nil {
		return err
	}
	slot := d.levelSlot(to.name)
	if err := d.on(ctx, lead.name, callSlot("SELECT rapbot.ensure_slot($1)", slot)); err != nil {
		return err
	}
	// In this order: whatever part of it took effect, the target gets nothing from anybody else.
	if err := d.put(ctx, to.name, d.opt.Timeout, setConninfo(conninfo), setSlot(slot)); err != nil {
		return err
	}
	if err := d.awaitHave(ctx, run.Operation, to.name, lead); err != nil {
		return err
	}
	if err := d.restore(ctx, run); err != nil {
		return err
	}
	d.dropLevelSlots(ctx, run, []seen{lead})
	return d.awaitStandstill(ctx, run.Operation, []string{to.name})
}

// conninfo is the target's own connection string, led to another replica.
func (d level) conninfo(ctx context.Context, name, source string) (string, error) {
	host, port, err := d.replicationAddress(source)
	if err != nil {
		return "", err
	}
	up, err := d.upstream(ctx, name, d.opt.Timeout)
	if err != nil {
		return "", err
	}
	behind := fmt.Sprintf("%s has more than %s, which cannot get it from there: ", source, name)
	switch up.trouble {
	case "":
		return divert(up.conninfo, host, port), nil
	case "password":
		return "", notNow("%sthe primary_conninfo of %s holds a password, which would go through rapbot and into the server's log. Put it into a file and name that with passfile=, or fail over to %s.", behind, name, source)
	case "address":
		return "", notNow("%sthe primary_conninfo of %s is an address (postgres://…). Write it as keyword=value, or fail over to %s.", behind, name, source)
	}
	return "", notNow("%s%s has no primary_conninfo to begin with. Fail over to %s.", behind, name, source)
}

func (d level) awaitHave(ctx context.Context, operation, name string, lead seen) error {
	var have rapbot.LSN
	for {
		to, err := d.ask(ctx, name, operation)
		have = max(have, to.Have)
		if err == nil && have >= lead.Have {
			return nil
		}
		if pause(ctx, glance) != nil {
			return unavailable("%s does not get from %s what only that one has: it is at %s of %s.", name, lead.name, have, lead.Have)
		}
	}
}

// restore freezes the target as it was before, if anything of this step is in
// its settings, in force or only in the file. Afterwards nothing of it is.
func (d level) restore(ctx context.Context, run rapbot.StepRun) error {
	name := run.Plan.To
	if err := d.put(ctx, name, d.opt.Timeout); err != nil {
		return err
	}
	to, err := d.ask(ctx, name, run.Operation)
	if err != nil {
		return err
	}
	var statements []string
	if to.SlotName == d.levelSlot(name) {
		statements = append(statements, freezeSlot(run.Plan))
	}
	if to.Diverted {
		statements = append(statements, conninfoBefore(run, name))
	}
	if len(statements) == 0 {
		return nil
	}
	return d.put(ctx, name, d.opt.Timeout, statements...)
}

// slotTime is how long a sender may take to let go of its slot.
const slotTime = 2 * time.Second

// dropLevelSlots does what it can: a slot that is left is cleaned up at the end.
func (d level) dropLevelSlots(ctx context.Context, run rapbot.StepRun, on []seen) []string {
	ctx, cancel := context.WithTimeout(ctx, slotTime)
	defer cancel()
	slot := d.levelSlot(run.Plan.To)
	var left []string
	for _, s := range on {
		for there := s.err == nil; there; {
			err := d.on(ctx, s.name, callSlot("SELECT rapbot.drop_slot($1)", slot))
			now, askErr := d.ask(ctx, s.name, run.Operation)
			if _, there = now.Slots[slot]; errors.Join(err, askErr) != nil || there && pause(ctx, glance) != nil {
				left = append(left, s.name)
				break
			}
		}
	}
	return left
}

// Undo puts the target's settings back to those of a frozen replica.
func (d level) Undo(ctx context.Context, run rapbot.StepRun) (rapbot.Finding, error) {
	if err := d.restore(ctx, run); err != nil {
		return rapbot.Finding{}, err
	}
	var has []seen
	for _, s := range d.askAll(ctx, d.lit(d.names(run.Plan.From, run.Plan.To)), run.Operation) {
		if _, there := s.Slots[d.levelSlot(run.Plan.To)]; there {
			has = append(has, s)
		}
	}
	if left := d.dropLevelSlots(ctx, run, has); len(left) > 0 {
		return rapbot.Finding{}, unavailable("Slot %s is still on %s.", d.levelSlot(run.Plan.To), strings.Join(left, " and "))
	}
	return holds(nil, "the settings of %s are as they were", run.Plan.To)
}
