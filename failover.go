package rapbot

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Clues are what a failover is planned from besides the topology.
type Clues struct {
	History    []Sample    // of some minutes up to when the primary was last seen, and of what came after, oldest first
	Instance   *Witness    // what the lost primary's instance says, if it could be asked
	Divergence *Divergence // what its log holds past the most advanced replica, if it could be read
	Counted    *Loss       // that a plan was made with before; see StillCounted
	CountedAt  time.Time   // when that plan was made
	Drill      Drill       // of an exercise, a healthy primary may be given up
}

// Primary is the region that was last seen to be the primary, by the samples.
func (c Clues) Primary() string { return c.lastSample().Region }

// lastSample is the newest sample of any primary.
func (c Clues) lastSample() Sample {
	for _, s := range slices.Backward(c.History) {
		if s.Role == Primary {
			return s
		}
	}
	return Sample{}
}

// blindSpot is how long nobody may have looked at a dead server for it to count
// as dead all the while: long enough for rapbot to be started again, and too
// short for a server to come up, pass its boot gate, take writes and die.
const blindSpot = 10 * time.Second

// deadSince is when a region was first found dead, and so since when it has
// written nothing; zero when that is not known, or somebody sees it alive
// whatever rapbot is told there. The samples know it from before a restart of
// rapbot.
func (c Clues) deadSince(lost Region, seen time.Time, witnesses []Witness) time.Time {
	if !lost.Refused() || slices.ContainsFunc(witnesses, func(w Witness) bool { return w.Says == Alive }) {
		return time.Time{}
	}
	since := lost.RefusedSince
	for _, s := range slices.Backward(c.History) {
		if s.Region != lost.Name || !s.Refused() || s.At.After(since) {
			continue
		}
		if !s.At.After(seen) || since.Sub(s.At) > blindSpot {
			break // before it was alive, or nobody looked in between and it may have been
		}
		since = s.At
	}
	return since
}

// PlanFailover plans the change of primary when the primary is lost. It fails
// when there is nothing to plan: an unknown region, two primaries, a target
// that is the primary or was it, or a primary that answers and could be switched over
// from without losing anything. Everything else that is wrong is a failed
// check of a plan that can be shown.
func PlanFailover(t Topology, sites []Site, to string, limits Limits, clues Clues) (Plan, error) {
	target, ok := t.Region(to)
	if !ok {
		return Plan{}, Refuse(NotFound, fmt.Sprintf("There is no region %q.", to), "The regions are "+strings.Join(t.Names(), ", ")+".")
	}
	lost, err := lostPrimary(t, sites, target, limits, clues)
	if err != nil {
		return Plan{}, err
	}
	best := MostAdvanced(t, lost, target)
	p := Plan{Kind: Failover, From: lost.Name, To: to, Drill: clues.Drill, MadeAt: t.At}
	p.Witnesses = t.Witnesses(lost.Name, clues.Instance)
	loss := clues.loss(t, lost, best, p.Witnesses)
	p.Headline = headline(t, lost, loss, p.Witnesses, clues)
	p.Impact = Impact{Loss: &loss}
	site := siteOf(sites, lost.Name)
	p.Checks = failoverChecks(t, lost, target, best, sites, p.Witnesses)
	p.Steps = failoverSteps(lost, sites, to, others(t.Names(), to, lost.Name))
	p.Basis = append(basisOf(t, best), Fact{"loss", lossKind(loss)}, Fact{"fence", fenceKind(site)})
	return p, nil
}

// lostPrimary finds whose place is to be taken.
func lostPrimary(t Topology, sites []Site, target Region, limits Limits, clues Clues) (Region, error) {
	primaries := t.withRole(Primary)
	switch {
	case len(primaries) > 1:
		return Region{}, Refuse(Precondition, t.Contradictions()[0], "Stop the one that must not be a primary, then run /rap status.")
	case len(primaries) == 1 && primaries[0].Name == target.Name:
		return Region{}, Refuse(Precondition, target.Name+" is the primary already.", "Name a replica: "+strings.Join(others(t.Names(), target.Name), " or ")+".")
	case len(primaries) == 1:
		primary := primaries[0]
		planned, err := PlanSwitchover(t, sites, target.Name, limits)
		if err == nil && planned.Runnable() && !clues.Drill.Is {
			return Region{}, Refuse(Precondition, primary.Name+" is the primary and answers, so a failover could lose what a switchover would not.", "Type /rap failover "+target.Name+" without --force: it loses nothing.")
		}
		return primary, nil // it is fenced first; see failoverSteps
	}
	lost, found := t.Lost(clues.lastSample().Region)
	if !found {
		return Region{}, Refuse(Precondition, "No region is a primary, and it is not known which of them was: "+t.Contradictions()[0], "Run /rap status, and bring back the one that was the primary.")
	}
	if lost.Name == target.Name {
		return Region{}, Refuse(Precondition, target.Name+" is the primary that is lost.", "Name a replica: "+strings.Join(others(t.Names(), target.Name), " or ")+". If "+target.Name+" can be brought back, that loses nothing.")
	}
	return lost, nil
}

// MostAdvanced is the replica that has most of the log, on the latest timeline
// that any of them has. Replicas of another cluster than the lost primary's do
// not count; the target says which one it is when the primary was never seen.
func MostAdvanced(t Topology, lost, target Region) Region {
	system := lost.Server.SystemID
	if system == "" {
		system = target.Server.SystemID
	}
	var best Region
	for _, r := range t.withRole(Replica) {
		if r.Name == lost.Name || r.Server.SystemID != system {
			continue
		}
		a, b := r.Server, best.Server
		if best.Name == "" || a.Timeline > b.Timeline || a.Timeline == b.Timeline && a.Have > b.Have {
			best = r
		}
	}
	return best
}

// loss bounds what is lost. A primary that answers has nothing hidden: it is
// stopped first, and how far the replicas are behind it is all there is.
func (c Clues) loss(t Topology, lost, best Region, witnesses []Witness) Loss {
	if lost.Role == Primary {
		behind := lost.Server.Flush.BytesPast(best.Server.Replay)
		return Loss{Bytes: behind + slack, Known: behind, From: best.Server.Replay, Seen: lost.At, Open: true, Unknown: best.Name == ""}
	}
	last := c.lastSight(lost)
	dead := c.deadSince(lost, last.At, witnesses)
	if c.StillCounted(t, lost, best) {
		return *c.Counted
	}
	l := lossOf(last, c.History, best, dead, t.At)
	if d := c.Divergence; d != nil && d.fits(last, best) {
		l = l.counted(*d)
	}
	return l
}

// StillCounted reports whether a loss that was counted for an earlier plan is
// still what would be lost: the primary has been dead at every look since, nobody
// sees it alive, and no replica has less. What does not move needs no second
// reading.
func (c Clues) StillCounted(t Topology, lost, best Region) bool {
	k := c.Counted
	if k == nil || !k.Counted || best.Server.Replay < k.From {
		return false
	}
	dead := c.deadSince(lost, c.lastSight(lost).At, t.Witnesses(lost.Name, c.Instance))
	return !dead.IsZero() && !dead.After(c.CountedAt)
}

// lastSight is the newest that is known of the lost primary: a sample in the
// journal, or the last answer that rapbot still has in mind.
func (c Clues) lastSight(lost Region) Sample {
	var last Sample
	if !lost.Server.InRecovery && !lost.LastAnswer.IsZero() {
		last = Sample{At: lost.LastAnswer, Region: lost.Name, Role: Primary, Timeline: lost.Server.Timeline, Position: lost.Server.Flush, Clock: lost.Server.Clock}
	}
	for _, s := range c.History {
		if s.Region == lost.Name && s.Role == Primary && s.At.After(last.At) {
			last = s
		}
	}
	return last
}

// fits reports whether what was read is the log of the primary that was seen,
// and whole, and parts from the replica's where the replica still has all. A
// log that ends before the primary was seen to be is an old copy, or damaged.
func (d Divergence) fits(last Sample, best Region) bool {
	return d.Related && d.SystemID == best.Server.SystemID && d.Fork <= best.Server.Replay &&
		d.Timeline >= last.Timeline && (d.Timeline > last.Timeline || d.End+slack >= last.Position)
}

// headline is what has happened, for somebody who was woken by it.
func headline(t Topology, lost Region, l Loss, witnesses []Witness, clues Clues) string {
	text, _ := Agreement(lost.Name, witnesses)
	if strings.HasPrefix(text, lost.Name+" ") && !l.Seen.IsZero() { // one that was never seen may not have been it
		text = "The primary " + text
	}
	switch {
	case lost.Role == Primary && clues.Drill.Is:
		return "This is an exercise: " + lost.Name + " is the primary, answers, and is given up as if it were lost."
	case lost.Role == Primary:
		return lost.Name + " is the primary and answers, but a switchover from it is not possible now."
	case l.Seen.IsZero():
		return text
	}
	return fmt.Sprintf("%s Last seen alive at %s, %s before this plan.", text, clock(l.Seen), Duration(t.At.Sub(l.Seen)))
}

func lossKind(l Loss) string {
	kind := "bounded"
	if l.Unknown {
		kind = "not known"
	}
	if l.Open {
		kind += ", grows until it is fenced"
	}
	return kind
}

func fenceKind(s Site) string {
	var ways []string
	if s.Instance {
		ways = append(ways, "its instance is stopped")
	}
	if s.SelfFence > 0 {
		ways = append(ways, "its boot gate stops it within "+Duration(s.SelfFence))
	}
	if len(ways) == 0 {
		return "none"
	}
	return strings.Join(ways, "; else ")
}

// fenceMargin is what the boot gate may need, beyond its own patience, to stop
// a server.
const fenceMargin = 15 * time.Second

// SelfFenced is from when on a primary of this site is stopped by its boot
// gate, once the other regions have been frozen at that time.
func (s Site) SelfFenced(frozen time.Time) time.Time { return frozen.Add(s.SelfFence + fenceMargin) }

// failoverSteps order the freeze and the fence: a primary that is dark may
// come back at any moment, so the replicas are frozen before anything else; one
// that answers is stopped first, so that they still get what it has.
func failoverSteps(lost Region, sites []Site, to string, siblings []string) []Step {
	site := siteOf(sites, lost.Name)
	freeze := Step{Kind: StepFreeze, Region: to, Title: "Freeze the replicas", Deadline: 30 * time.Second, Undo: "let the replicas receive again"}
	fence := Step{Kind: StepFence, Region: lost.Name, Title: "Fence " + lost.Name, Deadline: time.Minute + site.SelfFence + fenceMargin}
	first, second := freeze, fence
	if lost.Role == Primary {
		first, second = fence, freeze
	}
	steps := []Step{
		first, second,
		{Kind: StepLevel, Region: to, Title: "Give " + to + " all that any replica has", Deadline: 2 * time.Minute, Undo: "put " + to + "'s settings back", Leave: true},
		{Kind: StepWeigh, Region: to, Title: "Weigh the loss again", Deadline: time.Minute},
		{Kind: StepSlots, Region: to, Title: "Prepare " + to + " to feed the others", Deadline: 30 * time.Second, Undo: "drop the slots made on " + to, Leave: true},
		{Kind: StepPromote, Region: to, Title: "Promote " + to, Deadline: 2 * time.Minute, Commits: true},
	}
	left := append([]string{to}, siblings...) // the lost region learns of it when it rejoins
	steps = append(steps, pointApps(sites, to, left)...)
	for _, b := range siblings {
		steps = append(steps, Step{Kind: StepFollow, Region: b, Title: "Let " + b + " follow " + to, Deadline: time.Minute, Optional: true})
	}
	steps = append(steps, pointDatabases(sites, to, lost.Server.Timeline+1, left)...)
	return append(steps, Step{Kind: StepTidy, Region: to, Title: "Clean up and verify", Deadline: 30 * time.Second, Optional: true})
}
