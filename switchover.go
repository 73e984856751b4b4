package rapbot

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Site is what configuration says of a region, as far as plans care.
type Site struct {
	Name     string
	Slot     string // the replication slot that this region streams from
	Instance bool   // rapbot has been told how to stop and start its server
	Volume   bool   // rapbot has been told how to reach its data while it is stopped

	// SelfFence is after how long without any other region a primary there stops
	// by itself; its boot gate sees to that. Zero means that it has none.
	SelfFence time.Duration

	Host    string // under which the other regions and the applications reach the server
	Port    int
	App     bool // rapbot may change the release of the application there
	Release bool // the server is of a release that rapbot may change
}

func (s Site) address() (host, port string) { return s.Host, strconv.Itoa(s.Port) }

// Limits bound what is allowed to move between a plan and its running.
type Limits struct {
	MaxLag      time.Duration
	MaxLagBytes int64
}

// PlanSwitchover plans a planned change of primary. It fails only when there
// is nothing to plan: an unknown region, no single primary, or the target
// being the primary already. Everything else that is wrong is a failed check
// of a plan that can be shown.
func PlanSwitchover(t Topology, sites []Site, to string, limits Limits) (Plan, error) {
	target, ok := t.Region(to)
	if !ok {
		return Plan{}, Refuse(NotFound, fmt.Sprintf("There is no region %q.", to), "The regions are "+strings.Join(t.Names(), ", ")+".")
	}
	primary, one := t.Primary()
	if !one {
		return Plan{}, noPrimary(t, to)
	}
	if primary.Name == to {
		return Plan{}, Refuse(Precondition, to+" is the primary already.", "Name a replica: "+strings.Join(others(t.Names(), to), " or ")+".")
	}
	bystanders := others(t.Names(), to, primary.Name)
	p := Plan{Kind: Switchover, From: primary.Name, To: to, MadeAt: t.At}
	proof := proofFor(target.Server, siteOf(sites, primary.Name))
	p.Checks = switchoverChecks(t, primary, target, sites, limits)
	p.Steps = switchoverSteps(primary, to, bystanders, proof, sites)
	p.Basis = append(basisOf(t, primary), Fact{FactProof, string(proof)})
	p.Impact = Impact{WritePause: time.Second}
	return p, nil
}

// noPrimary refuses with what is seen and from where, because somebody is
// about to decide whether the primary is dead.
func noPrimary(t Topology, to string) error {
	what := "A switchover needs exactly one primary."
	if c := t.Contradictions(); len(c) > 0 {
		what = c[0] + " " + what
	}
	now := "Bring the primary back if you can, and follow it with /rap status."
	var seen []StepLine
	if lost, found := t.Lost(""); found && len(t.withRole(Primary)) == 0 {
		witnesses := t.Witnesses(lost.Name, nil)
		what, _ = Agreement(lost.Name, witnesses)
		what += " A switchover needs a primary that answers."
		for _, w := range witnesses {
			seen = append(seen, w.Line(t.At))
		}
		if target, ok := t.Region(to); ok && target.Role == Replica {
			now = fmt.Sprintf("Bring %s back if you can; that loses nothing. If it is lost, type `/rap failover %s --force`. That only asks: the plan says what would be lost, and somebody else must accept it.", lost.Name, to)
		}
	}
	refusal := Refuse(Precondition, what, now)
	refusal.Seen = seen
	return refusal
}

func switchoverSteps(primary Region, to string, bystanders []string, proof Proof, sites []Site) []Step {
	from := primary.Name
	everywhere := append([]string{to, from}, bystanders...)
	steps := []Step{
		{Kind: StepPrepare, Region: to, Title: "Prepare " + to + " to feed the others", Deadline: time.Minute, Undo: "drop the slots made on " + to, Leave: true},
		{Kind: StepBlock, Region: from, Title: "Block writers on " + from, Deadline: 15 * time.Second, Undo: "let " + from + " accept writes again"},
		{Kind: StepCatchUp, Region: to, Title: "Wait until " + to + " has replayed everything", Deadline: 20 * time.Second},
		{Kind: StepStop, Region: from, Title: "Stop " + from, Deadline: 2 * time.Minute, Undo: "start " + from + " again as the primary"},
		{Kind: StepProve, Region: to, Title: proveTitle(proof, from, to), Deadline: 20 * time.Second},
		{Kind: StepPromote, Region: to, Title: "Promote " + to, Deadline: time.Minute, Commits: true},
	}
	steps = append(steps, pointApps(sites, to, everywhere)...)
	// The old primary first: it has to be started, and brings the redundancy back. The others find the new primary by themselves,
	// and one of them that is down must not keep the old primary waiting.
	steps = append(steps, Step{Kind: StepRejoin, Region: from, Title: "Bring " + from + " back as a replica", Deadline: 2 * time.Minute, Optional: true})
	for _, b := range bystanders {
		steps = append(steps, Step{Kind: StepFollow, Region: b, Title: "Let " + b + " follow " + to, Deadline: time.Minute, Optional: true})
	}
	steps = append(steps, pointDatabases(sites, to, primary.Server.Timeline+1, everywhere)...)
	return append(steps, Step{Kind: StepTidy, Region: to, Title: "Clean up and verify", Deadline: 30 * time.Second, Optional: true})
}

// The facts of a plan's basis besides the regions'.
const (
	FactTimeline = "timeline"
	FactSystem   = "system"
)

// Fact returns the value of a fact of the plan's basis.
func (p Plan) Fact(name string) string {
	for _, f := range p.Basis {
		if f.Name == name {
			return f.Value
		}
	}
	return ""
}

// basisOf lists what an approval rests upon: the lineage, and each region's
// role and version. Of one that gives no answer the version does not count,
// since a rapbot that has just started does not know it.
func basisOf(t Topology, primary Region) []Fact {
	var facts []Fact
	for _, r := range t.Regions {
		facts = append(facts, Fact{r.Name, string(r.Role)})
	}
	for _, r := range t.Regions {
		version := "no answer"
		if r.Answered {
			version = VersionName(r.Server.Version)
		}
		facts = append(facts, Fact{"PostgreSQL of " + r.Name, version})
	}
	return append(facts, Fact{FactTimeline, fmt.Sprint(primary.Server.Timeline)}, Fact{FactSystem, primary.Server.SystemID})
}

func others(names []string, except ...string) []string {
	var out []string
	for _, n := range names {
		keep := true
		for _, e := range except {
			keep = keep && n != e
		}
		if keep {
			out = append(out, n)
		}
	}
	return out
}

func siteOf(sites []Site, name string) Site {
	for _, s := range sites {
		if s.Name == name {
			return s
		}
	}
	return Site{Name: name}
}
