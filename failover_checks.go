package rapbot

import (
	"fmt"
	"strings"
)

// failoverChecks looks at everything that has been seen to spoil a failover,
// or to make it lose more than it must.
func failoverChecks(t Topology, lost, target, best Region, sites []Site, witnesses []Witness) []Check {
	site := siteOf(sites, lost.Name)
	checks := []Check{
		witnessCheck(lost, witnesses),
		check(target.Name+" answers", target.Answered, answerOf(target), "Wait until it answers, or choose another region."),
	}
	if !target.Answered {
		return checks
	}
	ts := target.Server
	checks = append(checks,
		check(target.Name+" is a replica", target.Role == Replica, string(target.Role), "Choose a replica."),
		clusterCheck(t, lost, target),
		check("Most advanced timeline", ts.Timeline == best.Server.Timeline, fmt.Sprintf("timeline %d, %s has %d", ts.Timeline, best.Name, best.Server.Timeline), "Choose "+best.Name+", or rejoin "+target.Name+" first."),
		levelCheck(target, best),
		check("Replay runs", !ts.ReplayPaused && ts.ApplyDelay == 0, replayOf(ts), "Resume it with SELECT pg_wal_replay_resume(), or set recovery_min_apply_delay to 0: a promotion replays everything first, however long that takes."),
		check("Versions", ts.Ability().Major >= OldestMajor(), "PostgreSQL "+VersionName(ts.Version), TooOld(ts.Ability().Major)+"."),
		check("Privileges", len(ts.MissingGrants) == 0, grantsOf(target), "Run docs/grants.sql as a superuser when there is a primary again."),
		check("Slots and senders free on "+target.Name, ts.FreeSlots >= missingSlots(ts, sites, target.Name) && ts.FreeSenders >= len(t.Regions)-1,
			fmt.Sprintf("%d slots and %d senders free, %d replicas to feed", ts.FreeSlots, ts.FreeSenders, len(t.Regions)-1), "Raise max_replication_slots or max_wal_senders there."),
		fenceCheck(lost, site),
		soft(lost.Name+" cannot come back as a primary by itself", site.SelfFence > 0, "its boot gate reads "+target.Name,
			"it has no boot gate: a region that comes back takes writes at once, beside the new primary. Keep it from starting"),
	)
	for _, r := range t.Regions {
		if r.Name == lost.Name || r.Name == target.Name {
			continue
		}
		checks = append(checks, soft(r.Name+" can follow", r.Role == Replica && r.Server.Timeline == best.Server.Timeline, siblingOf(r), siblingOf(r)+"; it stays behind until it is rejoined"))
	}
	return checks
}

// witnessCheck never fails: that is for a person to judge, and --force was
// typed. It says in words how sure one can be.
func witnessCheck(lost Region, witnesses []Witness) Check {
	verdict, partition := Agreement(lost.Name, witnesses)
	c := Check{Name: "Evidence", Verdict: Warn, Detail: strings.TrimSuffix(verdict, ".")}
	dead := 0
	for _, w := range witnesses {
		if w.Says == Dead {
			dead++
		}
	}
	switch {
	case partition:
		c.Detail += "; whoever reaches it can write there until it is fenced"
	case lost.Role == Primary:
		c.Detail += "; it is stopped before anything else"
	case dead >= 2:
		c.Verdict = Pass
	}
	return c
}

// clusterCheck compares the target with the lost primary, and with every other
// replica when the primary has not been seen.
func clusterCheck(t Topology, lost, target Region) Check {
	same, detail := true, "system "+target.Server.SystemID
	for _, r := range append(t.withRole(Replica), lost) {
		if id := r.Server.SystemID; id != target.Server.SystemID && id != "" && (r.Name == lost.Name || lost.Server.SystemID == "") {
			same, detail = false, detail+", "+r.Name+" is of system "+id
		}
	}
	return check("Same cluster", same, detail, "A server that is no copy of the primary must not take its place; rebuild it from a base backup.")
}

// levelCheck passes in either case: a target that is behind is brought up
// first, from the replica that has more.
func levelCheck(target, best Region) Check {
	behind := best.Server.Have.BytesPast(target.Server.Have)
	if behind == 0 {
		return Check{Name: "Most advanced replica", Verdict: Pass, Detail: target.Name + " has all that any replica has, up to " + target.Server.Have.String()}
	}
	return Check{Name: "Most advanced replica", Verdict: Pass, Detail: fmt.Sprintf("%s is %s behind %s, and gets that from it first", target.Name, Bytes(behind), best.Name)}
}

func fenceCheck(lost Region, site Site) Check {
	name := "Fencing " + lost.Name
	switch {
	case site.Instance && site.SelfFence > 0, site.Instance:
		return Check{Name: name, Verdict: Pass, Detail: fenceKind(site)}
	case lost.Role == Primary:
		return Check{Name: name, Verdict: Fail, Detail: "rapbot has not been told how to stop it, and it answers", Fix: "Set regions[].instance for " + lost.Name + ", or stop it by hand."}
	case site.SelfFence > 0:
		return Check{Name: name, Verdict: Warn, Detail: fenceKind(site) + ": that is assumed and cannot be seen from here"}
	}
	return Check{Name: name, Verdict: Warn, Detail: "there is no way to fence it; somebody must say so a second time before the promotion"}
}

func siblingOf(r Region) string {
	if !r.Answered {
		return "no answer: " + r.Fault
	}
	return fmt.Sprintf("timeline %d, up to %s", r.Server.Timeline, r.Server.Have)
}
