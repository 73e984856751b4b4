package rapbot

import (
	"fmt"
	"strings"
	"time"
)

// longTransaction is when a transaction that the switchover will cut is worth
// a warning.
const longTransaction = 5 * time.Minute

// neededConnections is how many rapbot opens on one server at the same moment.
const neededConnections = 5

// switchoverChecks looks at everything that has been seen to spoil a
// switchover. Every check appears in every plan, so that people learn the
// list; a check that cannot be made fails.
func switchoverChecks(t Topology, primary, target Region, sites []Site, limits Limits) []Check {
	ts, ps := target.Server, primary.Server
	checks := []Check{
		check("Exactly one primary", true, primary.Name+", timeline "+fmt.Sprint(ps.Timeline), ""),
		check(primary.Name+" accepts writes", !ps.ReadOnly, writability(ps), "Find out who set default_transaction_read_only there, and why."),
		check(target.Name+" answers", target.Answered, answerOf(target), "Wait until it answers, or choose another region."),
	}
	if !target.Answered {
		return checks
	}
	slots := len(t.Regions) - 1
	checks = append(checks,
		check("Same cluster", ts.SystemID == ps.SystemID, "system "+ts.SystemID, "This server is not a copy of the primary; rebuild it from a base backup."),
		check(target.Name+" is streaming", target.Lag.Streaming && ts.Receiver.Timeline == ps.Timeline, streamOf(target, ps.Timeline), "Find out why its WAL receiver does not run: /rap status "+target.Name+"."),
		check("Lag within the limit", target.Lag.Known && target.Lag.Bytes <= limits.MaxLagBytes && target.Lag.Time <= limits.MaxLag,
			fmt.Sprintf("%s; the limit is %s and %s", target.Lag, Bytes(limits.MaxLagBytes), Duration(limits.MaxLag)), "Wait, and follow the lag with /rap status."),
		check("Replay runs", !ts.ReplayPaused && ts.ApplyDelay == 0, replayOf(ts), "Resume it with SELECT pg_wal_replay_resume(), or set recovery_min_apply_delay to 0."),
		versionCheck(primary, target),
		proofCheck(proofFor(ts, siteOf(sites, primary.Name)), primary, target),
		check("Slots and senders free on "+target.Name, ts.FreeSlots >= missingSlots(ts, sites, target.Name) && ts.FreeSenders >= slots,
			fmt.Sprintf("%d slots and %d senders free, %d replicas to feed", ts.FreeSlots, ts.FreeSenders, slots), "Raise max_replication_slots or max_wal_senders there."),
		check("Privileges", len(ps.MissingGrants)+len(ts.MissingGrants) == 0, grantsOf(primary, target), grantsFix(ts.Ability())),
		check("ALTER SYSTEM is allowed", !ps.AlterSystemOff && !ts.AlterSystemOff, alterSystemOf(primary, target), "Set allow_alter_system = on there and reload: writers are blocked by ALTER SYSTEM."),
		check("The shutdown of "+primary.Name+" waits for the replicas", !ps.HurriedShutdown, shutdownOf(ps), "Set wal_sender_shutdown_timeout = -1 there and reload."),
		check("rapbot can stop and start "+primary.Name, siteOf(sites, primary.Name).Instance, "by the commands in its configuration", "Set regions[].instance for "+primary.Name+"."),
		check("Slot of "+target.Name+" is whole", slotStatus(ps, siteOf(sites, target.Name).Slot) != "lost", "on "+primary.Name, "Rebuild the replica from a base backup."),
		soft("Connections free for rapbot", min(ps.FreeConnections, ts.FreeConnections) >= neededConnections, connectionsOf(primary, target), connectionsOf(primary, target)+connectionsAdvice(ts.Ability())),
		soft("Old primary could be rewound", ps.RewindReady, "data checksums or wal_log_hints are on", primary.Name+" has neither data checksums nor wal_log_hints: if it ever diverges it needs a new base backup"),
		soft("No long transaction", ps.LongestTx < longTransaction, "the oldest is "+Duration(ps.LongestTx)+" old", "the oldest is "+Duration(ps.LongestTx)+" old and will be cut off"),
		soft("No prepared transactions", ps.Prepared == 0, "none", fmt.Sprintf("%d wait for their second phase; they survive the switchover", ps.Prepared)),
		soft("No logical slots", logicalSlots(ps) == "", "none", logicalSlots(ps)+" will not exist on "+target.Name),
	)
	for _, r := range t.Regions {
		if r.Name == primary.Name || r.Name == target.Name {
			continue
		}
		checks = append(checks, soft(r.Name+" can follow", r.Role == Replica && r.Lag.Streaming, streamOf(r, ps.Timeline), followTrouble(r)))
	}
	return checks
}

func check(name string, ok bool, detail, fix string) Check {
	if ok {
		return Check{Name: name, Verdict: Pass, Detail: detail}
	}
	return Check{Name: name, Verdict: Fail, Detail: detail, Fix: fix}
}

func soft(name string, ok bool, detail, warning string) Check {
	if ok {
		return Check{Name: name, Verdict: Pass, Detail: detail}
	}
	return Check{Name: name, Verdict: Warn, Detail: warning}
}

func answerOf(r Region) string {
	if r.Answered {
		return "PostgreSQL " + VersionName(r.Server.Version)
	}
	return "no answer: " + r.Fault
}

func writability(s Server) string {
	if s.ReadOnly {
		return "it is read-only"
	}
	return "it is not read-only"
}

func streamOf(r Region, timeline uint32) string {
	switch {
	case !r.Answered:
		return "no answer: " + r.Fault
	case !r.Lag.Streaming:
		return "it receives nothing"
	case r.Server.Receiver.Timeline != timeline:
		return fmt.Sprintf("it receives timeline %d, the primary is on %d", r.Server.Receiver.Timeline, timeline)
	}
	return fmt.Sprintf("timeline %d, %s", timeline, r.Lag)
}

func followTrouble(r Region) string {
	if !r.Answered {
		return "it gives no answer; it stays behind until it is back"
	}
	return "it is not streaming; it stays behind until that is mended"
}

func replayOf(s Server) string {
	switch {
	case s.ReplayPaused:
		return "replay is paused"
	case s.ApplyDelay > 0:
		return "delayed by " + Duration(s.ApplyDelay)
	}
	return "not paused, not delayed"
}

func grantsOf(regions ...Region) string {
	var missing []string
	for _, r := range regions {
		if len(r.Server.MissingGrants) > 0 {
			missing = append(missing, r.Name+" lacks "+strings.Join(r.Server.MissingGrants, ", "))
		}
	}
	switch {
	case len(missing) > 0:
		return strings.Join(missing, "; ")
	case !regions[0].Server.Ability().GrantsOnParameters:
		return "rapbot logs in as a superuser, which ALTER SYSTEM needs before PostgreSQL 15"
	}
	return "all that are needed"
}

func grantsFix(a Ability) string {
	if a.GrantsOnParameters {
		return "Run docs/grants.sql as a superuser on the primary."
	}
	return "Run docs/grants13.sql as a superuser on the primary: it makes rapbot a superuser, because nobody else can be given ALTER SYSTEM before PostgreSQL 15."
}

func alterSystemOf(regions ...Region) string {
	var off []string
	for _, r := range regions {
		if r.Server.AlterSystemOff {
			off = append(off, r.Name)
		}
	}
	if len(off) == 0 {
		return "on both servers"
	}
	return "allow_alter_system is off on " + strings.Join(off, " and ")
}

func shutdownOf(s Server) string {
	if s.HurriedShutdown {
		return "wal_sender_shutdown_timeout lets it end before they have everything"
	}
	return "until they have everything"
}

func connectionsOf(primary, target Region) string {
	return fmt.Sprintf("%d on %s, %d on %s", primary.Server.FreeConnections, primary.Name, target.Server.FreeConnections, target.Name)
}

func connectionsAdvice(a Ability) string {
	if a.ReservedConnections {
		return "; reserved_connections would keep some for rapbot"
	}
	return "; raise max_connections, or let a pool bound the application"
}

func slotStatus(s Server, name string) string {
	for _, slot := range s.Slots {
		if slot.Name == name {
			return slot.Status
		}
	}
	return ""
}

// missingSlots counts the slots that the prepare step will have to make.
func missingSlots(s Server, sites []Site, target string) int {
	n := 0
	for _, site := range sites {
		if site.Name != target && slotStatus(s, site.Slot) == "" {
			n++
		}
	}
	return n
}

func logicalSlots(s Server) string {
	var names []string
	for _, slot := range s.Slots {
		if slot.Logical {
			names = append(names, slot.Name)
		}
	}
	return strings.Join(names, ", ")
}
