package postgres

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/rap-analyzer/rapbot"
)

// tidy leaves nothing of the operation behind and verifies the whole (P12).
type tidy struct {
	*Fleet
	nothingToUndo
}

func (d tidy) Observe(ctx context.Context, run rapbot.StepRun) (rapbot.Finding, error) {
	var left, replicas []string
	var primary standing
	all := d.askAll(ctx, d.expected(run), run.Operation)
	for _, s := range all {
		if s.name == run.Plan.To {
			primary = s.standing
		}
	}
	for _, s := range all {
		switch {
		case s.err != nil && d.excused(run, s):
			replicas = append(replicas, s.name+" gives no answer")
			continue
		case s.err != nil:
			left = append(left, strings.TrimSuffix(what(s.err), "."))
			continue
		case s.ReadOnly:
			left = append(left, s.name+" is still set to read-only")
		}
		if run.Plan.Kind == rapbot.Failover {
			left = append(left, s.leftOfFailover()...)
		}
		if s.name == run.Plan.To {
			left = append(left, notPrimary(s)...)
			continue
		}
		left = append(left, d.notFollowing(s, primary)...)
		replicas = append(replicas, fmt.Sprintf("%s %s behind", s.name, rapbot.Bytes(primary.Flush.BytesPast(s.Replay))))
	}
	if len(left) > 0 {
		return awaited("%s", strings.Join(left, "; "))
	}
	return holds(map[string]string{
		evFinalPrimary:  run.Plan.To,
		evFinalPosition: primary.Flush.String(),
		evFinalReplicas: strings.Join(replicas, ", "),
	}, "%s is the only primary, on timeline %d; %s", run.Plan.To, primary.Timeline, strings.Join(replicas, ", "))
}

// expected lists the regions that are verified. The primary that a failover
// has replaced is not: it is dark, and comes back by a rejoin.
func (d tidy) expected(run rapbot.StepRun) []string {
	if run.Plan.Kind == rapbot.Failover {
		return d.names(run.Plan.From)
	}
	return d.names()
}

// excused reports that a region is in nobody's way though it gives no answer:
// its own step has told that it does not follow.
func (d tidy) excused(run rapbot.StepRun, s seen) bool {
	return run.Plan.Kind == rapbot.Failover && s.name != run.Plan.To && !spoke(s.err)
}

func notPrimary(s seen) []string {
	switch {
	case s.Replica:
		return []string{s.name + " is not the primary"}
	case s.CheckpointTimeline != s.Timeline:
		return []string{fmt.Sprintf("%s has no checkpoint on timeline %d yet", s.name, s.Timeline)}
	}
	return nil
}

func (d tidy) notFollowing(s seen, primary standing) []string {
	switch {
	case !s.Replica:
		return []string{s.name + " is a second primary"}
	case !s.Receiver.Streaming() || s.Receiver.Timeline != primary.Timeline:
		return []string{fmt.Sprintf("%s does not stream timeline %d", s.name, primary.Timeline)}
	}
	if stale := d.stale(s.standing); len(stale) > 0 {
		return []string{fmt.Sprintf("%s still has slot %s, which nobody uses", s.name, strings.Join(stale, " and "))}
	}
	return nil
}

// stale lists the slots on a replica that were made for regions and that
// nobody uses: they would hold back its log until the disk is full.
func (d tidy) stale(s standing) []string {
	var slots []string
	for _, r := range d.regions {
		if slot, there := s.Slots[r.Slot]; there && !slot.Active && s.Replica {
			slots = append(slots, r.Slot)
		}
	}
	return slots
}

// Act does what it can on each region and does not stop at one that is dark.
func (d tidy) Act(ctx context.Context, run rapbot.StepRun) error {
	if err := d.newPrimaryStands(ctx, run); err != nil {
		return err
	}
	var trouble []error
	for _, s := range d.askAll(ctx, d.expected(run), run.Operation) {
		if s.err == nil || !d.excused(run, s) {
			trouble = append(trouble, d.clean(ctx, run, s))
		}
	}
	trouble = slices.DeleteFunc(trouble, func(err error) bool { return err == nil })
	if len(trouble) == 0 {
		return nil
	}
	var words []string
	for _, err := range trouble {
		words = append(words, what(err))
	}
	return &rapbot.Error{Code: rapbot.Unavailable, What: strings.Join(words, " "), Err: errors.Join(trouble...)}
}

func (d tidy) clean(ctx context.Context, run rapbot.StepRun, s seen) error {
	if s.err != nil {
		return s.err
	}
	if s.name != run.Plan.To && !s.Replica {
		// R4: a second primary keeps whatever holds its writers back.
		return unavailable("%s is a second primary.", s.name)
	}
	// The setting may lie in a file that is not in force, so it is taken back
	// unseen; but once is enough, however often a dark region makes this run.
	if s.ReadOnly || !slices.Contains(d.notes.read(run.Operation).reset, s.name) {
		if err := d.acceptWrites(ctx, s.name); err != nil {
			return err
		}
		d.notes.write(run.Operation, func(n *note) { n.reset = append(n.reset, s.name) })
	}
	if run.Plan.Kind == rapbot.Failover {
		if err := d.cleanAfterFailover(ctx, run, s); err != nil {
			return err
		}
	}
	for _, slot := range d.stale(s.standing) {
		if err := d.on(ctx, s.name, callSlot("SELECT rapbot.drop_slot($1)", slot)); err != nil {
			return err
		}
	}
	if s.name == run.Plan.To && s.CheckpointTimeline != s.Timeline {
		// Until then pg_rewind would take the new primary's timeline for the old one.
		return d.checkpoint(ctx, s.name)
	}
	return nil
}
