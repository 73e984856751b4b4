package rapbot

import (
	"fmt"
	"strings"
	"time"
)

// Methods of bringing a server back, gentlest first.
const (
	MethodStraight = "follow as it is"
	MethodRewind   = "pg_rewind"
	MethodRebuild  = "new base backup"
	MethodLater    = "decided when it is stopped"
)

// Facts that a rejoin is decided upon, besides the roles.
const (
	FactMethod  = "method"
	FactDiscard = "thrown away"
	FactSlot    = "slot" // one of the Slot constants
)

// What the primary's slot does for the server that comes back.
const (
	SlotKeeps   = "keeps what it needs"
	SlotLost    = "lost"
	SlotMissing = "missing"
)

// PlanRejoin plans how a server that fell behind or went its own way becomes a
// replica again. Divergence is what its log holds that the primary's history
// does not, nil while it cannot be read because the server runs. It fails when
// there is nothing to plan: an unknown region, no single primary, or a server
// that needs nothing.
func PlanRejoin(t Topology, sites []Site, region string, divergence *Divergence) (Plan, error) {
	back, ok := t.Region(region)
	if !ok {
		return Plan{}, Refuse(NotFound, fmt.Sprintf("There is no region %q.", region), "The regions are "+strings.Join(t.Names(), ", ")+".")
	}
	primary, err := rejoinTo(t, back)
	if err != nil {
		return Plan{}, err
	}
	p := Plan{Kind: Rejoin, From: back.Name, To: primary.Name, MadeAt: t.At}
	slot := slotFor(primary.Server, siteOf(sites, back.Name).Slot, divergence)
	by := ReturnOf(back.Name, primary.Name, primary.Server.SystemID, divergence, slot, Rewindable(back, primary))
	p.Headline = standingOf(back, primary)
	p.Impact = Impact{Discard: by.Discard}
	p.Checks = rejoinChecks(t, back, primary, sites, divergence)
	p.Steps = rejoinSteps(back.Name, primary, sites)
	p.Basis = []Fact{
		{primary.Name, string(primary.Role)},
		{FactTimeline, fmt.Sprint(primary.Server.Timeline)},
		{FactSystem, primary.Server.SystemID},
		{back.Name, string(back.Role)},
		{FactMethod, by.Method},
		{FactDiscard, by.Discard},
		{FactSlot, slot},
	}
	return p, nil
}

// slotFor is what a slot does for a server whose log ends as was read.
func slotFor(primary Server, name string, d *Divergence) string {
	for _, slot := range primary.Slots {
		switch {
		case slot.Name != name:
		case slot.Status == "lost", d != nil && d.EndsBefore(slot.From):
			return SlotLost
		default:
			return SlotKeeps
		}
	}
	return SlotMissing
}

// rejoinTo finds the primary that the region is to follow. With two that call
// themselves primary the later timeline is the one that was promoted, and the
// other one is what must be brought back.
func rejoinTo(t Topology, back Region) (Region, error) {
	primaries := t.withRole(Primary)
	var rest []Region
	for _, p := range primaries {
		if p.Name != back.Name {
			rest = append(rest, p)
		}
	}
	switch {
	case len(rest) == 0 && back.Role == Primary:
		return Region{}, Refuse(Precondition, back.Name+" is the primary.", "Name a region that should become a replica.")
	case len(rest) != 1:
		what := "There is no single primary that " + back.Name + " could follow."
		if c := t.Contradictions(); len(c) > 0 {
			what += " " + c[0]
		}
		return Region{}, Refuse(Precondition, what, "Run /rap status.")
	case back.Role == Primary && back.Server.Timeline >= rest[0].Server.Timeline:
		return Region{}, Refuse(Precondition, fmt.Sprintf("%s is a primary on timeline %d, %s on %d: %s is not the one to bring back.", back.Name, back.Server.Timeline, rest[0].Name, rest[0].Server.Timeline, back.Name), "Run /rap status.")
	case back.Role == Replica && back.Lag.Streaming && back.Server.Receiver.Timeline == rest[0].Server.Timeline && !back.Server.Frozen():
		return Region{}, Refuse(Precondition, fmt.Sprintf("%s streams from %s already, so there is nothing to rejoin.", back.Name, rest[0].Name), "See /rap status "+back.Name+".")
	}
	return rest[0], nil
}

// Return is how a server comes back, as far as that can be told, and what is
// thrown away by it.
type Return struct {
	Method  string // one of the Method constants
	Discard string // in words
}

// ReturnOf decides by what the server's own log holds; nil while it cannot be
// read. Slot is one of the Slot constants: with none, nothing says that the
// primary still has what comes next; a rewind fetches that itself.
func ReturnOf(region, primary, system string, d *Divergence, slot string, rewindable bool) Return {
	slotLost := slot == SlotLost || slot == SlotMissing && d != nil && d.Straight()
	switch {
	case d == nil && slotLost:
		return Return{MethodRebuild, "its present data; what only " + region + " has is counted and copied first"}
	case d == nil:
		return Return{MethodLater, "what only " + region + " has, counted and copied first"}
	case d.SystemID != system:
		return Return{MethodRebuild, "all of its data, which are of another cluster"}
	case !d.Related:
		return Return{MethodRebuild, fmt.Sprintf("all of its data: its timeline %d is not part of %s's history", d.Timeline, primary)}
	case d.Straight() && !slotLost:
		return Return{MethodStraight, "nothing"}
	case d.Straight():
		return Return{MethodRebuild, "its present data, which " + primary + " has"}
	}
	method := MethodRewind
	if slotLost || !rewindable {
		method = MethodRebuild
	}
	return Return{method, fmt.Sprintf("%s (%s of WAL) that only %s has", Count(d.Commits, "commit", "commits"), Bytes(d.Bytes()), region)}
}

// Rewindable reports whether pg_rewind can work on the server that comes back.
// Checksums are the whole cluster's, so the primary speaks for one that has not
// been seen.
func Rewindable(back, primary Region) bool {
	if back.LastAnswer.IsZero() {
		return primary.Server.RewindReady
	}
	return back.Server.RewindReady
}

func standingOf(back, primary Region) string {
	switch {
	case back.Role == Primary:
		return fmt.Sprintf("%s is a second primary, on timeline %d, beside %s on %d.", back.Name, back.Server.Timeline, primary.Name, primary.Server.Timeline)
	case back.Role == Replica:
		return fmt.Sprintf("%s is a replica that does not follow %s: %s.", back.Name, primary.Name, back.Lag)
	}
	return fmt.Sprintf("%s does not run as a replica: %s.", back.Name, back.Fault)
}

func rejoinChecks(t Topology, back, primary Region, sites []Site, d *Divergence) []Check {
	site := siteOf(sites, back.Name)
	ps := primary.Server
	read := "it is read when it is stopped"
	if d != nil {
		read = fmt.Sprintf("it ends at %s on timeline %d, its history and %s's part at %s", d.End, d.Timeline, primary.Name, d.Fork)
	}
	checks := []Check{
		check("One primary to follow", true, fmt.Sprintf("%s, timeline %d", primary.Name, ps.Timeline), ""),
		check(primary.Name+" accepts writes", !ps.ReadOnly, writability(ps), "Find out who set default_transaction_read_only there, and why."),
		check("rapbot can stop and start "+back.Name, site.Instance, "by the commands in its configuration", "Set regions[].instance for "+back.Name+"."),
		check("rapbot can reach its data", site.Volume, read, "Set divergence, rewind and rebuild under regions[].instance for "+back.Name+"."),
		check("A slot can be made on "+primary.Name, ps.FreeSlots > 0 || slotStatus(ps, site.Slot) != "", fmt.Sprintf("%d slots free", ps.FreeSlots), "Raise max_replication_slots there."),
		check("A sender is free on "+primary.Name, ps.FreeSenders > 0, fmt.Sprintf("%d free", ps.FreeSenders), "Raise max_wal_senders there."),
		check("Privileges on "+primary.Name, len(ps.MissingGrants) == 0, grantsOf(primary), "Run docs/grants.sql as a superuser on the primary."),
		soft(primary.Name+" can be rewound to", Rewindable(back, primary), "data checksums or wal_log_hints are on", "neither data checksums nor wal_log_hints are on, so only a new base backup will do"),
	}
	for _, r := range t.withRole(Unknown) {
		if r.Name != back.Name {
			checks = append(checks, soft(r.Name+" answers", false, "", "no answer: "+r.Fault+"; it is left alone"))
		}
	}
	return checks
}

// rejoinSteps have their point of no return where data are changed: until
// then the server is as it was.
func rejoinSteps(back string, to Region, sites []Site) []Step {
	primary := to.Name
	steps := []Step{
		{Kind: StepAnchor, Region: primary, Title: "Put a mark on " + primary, Deadline: time.Minute},
		{Kind: StepHalt, Region: back, Title: "Stop " + back, Deadline: 2 * time.Minute, Undo: "start " + back + " again if it ran as a replica", Leave: true},
		{Kind: StepSalvage, Region: back, Title: "Count and copy what only " + back + " has", Deadline: 10 * time.Minute},
		{Kind: StepRebuild, Region: back, Title: "Make " + back + "'s data follow " + primary, Deadline: 12 * time.Hour, Commits: true},
		{Kind: StepRejoin, Region: back, Title: "Bring " + back + " back as a replica", Deadline: 10 * time.Minute},
	}
	steps = append(steps, pointApps(sites, primary, []string{back})...)
	steps = append(steps, pointDatabases(sites, primary, to.Server.Timeline, []string{back})...)
	return append(steps, Step{Kind: StepTidy, Region: primary, Title: "Clean up and verify", Deadline: 30 * time.Second, Optional: true})
}
