package rapbot

import (
	"fmt"
	"slices"
	"time"
)

// Cause is something seen of the fleet that makes a replica fall behind, or
// that comes of it.
type Cause struct {
	Region string // that it is about
	What   string // a sentence: what is seen
	Now    string // a sentence: what to do about it; empty when that is plain
	Likely bool   // what is seen fits, and does not prove it
}

// What is worth telling of a lag.
const (
	lagWorthTelling = 16 << 20         // bytes
	walWorthTelling = 1 << 30          // bytes that a slot holds back
	streamSilence   = 10 * time.Second // the primary is heard of each second, by the heartbeat
	longQuery       = time.Minute      // that a replica may delay its replay for
)

// Causes are what explains a replication alert about one region, or about any
// when region is empty or no replica's: the worst first, and none when the
// fleet is as it should be.
func Causes(t Topology, sites []Site, region string) []Cause {
	out := primaryCauses(t)
	primary, one := t.Primary()
	scope := t.Regions
	if r, known := t.Region(region); known && r.Role != Primary {
		scope = []Region{r}
	}
	for _, r := range scope {
		switch {
		case r.Role == Unknown:
			out = append(out, darkCause(r))
		case r.Role == Replica && !r.Lag.Streaming:
			out = append(out, severedCause(r, primary, one, sites))
		case r.Role == Replica:
			out = append(out, laggingCauses(r, primary, one)...)
		}
	}
	if one {
		out = append(out, slotCauses(primary, scope, sites)...)
	}
	slices.SortStableFunc(out, func(a, b Cause) int { return btoi(a.Likely) - btoi(b.Likely) })
	return out
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}

// primaryCauses are about the fleet's head.
func primaryCauses(t Topology) []Cause {
	primaries, dark := t.withRole(Primary), t.withRole(Unknown)
	switch {
	case len(primaries) > 1:
		return []Cause{{Region: primaries[0].Name, What: fmt.Sprintf("Two primaries: %s both accept writes.", namesOf(primaries)), Now: "Stop the one that should not be, then bring it back with `/rap rejoin`."}}
	case len(primaries) == 0 && len(dark) == 0:
		return []Cause{{What: "No region is primary: nothing accepts writes, and nothing is replicated.", Now: "Find out whether a change of primary was cut off: `/rap history`."}}
	case len(primaries) == 0:
		var out []Cause
		for _, r := range dark {
			if !r.LastAnswer.IsZero() && !r.Server.InRecovery {
				out = append(out, Cause{Region: r.Name, What: fmt.Sprintf("%s, the primary when it last answered, gives no answer since %s: the others have nothing to replicate.", r.Name, clockOf(r.LastAnswer)), Now: "If it does not come back: `/rap failover <region> --force`, whose plan says what may be lost."})
			}
		}
		return out
	}
	return nil
}

func darkCause(r Region) Cause {
	c := Cause{Region: r.Name, What: fmt.Sprintf("%s gives rapbot no answer: %s.", r.Name, r.Fault), Now: "Look at its machine and at the network to it."}
	if !r.LastAnswer.IsZero() {
		c.What = fmt.Sprintf("%s gives rapbot no answer since %s: %s.", r.Name, clockOf(r.LastAnswer), r.Fault)
	}
	if r.Refused() {
		c.Now = "Its machine answers and nothing listens there: the server is down, so start it."
	}
	return c
}

// severedCause is why nothing reaches a replica. The first that fits explains
// the rest.
func severedCause(r, primary Region, one bool, sites []Site) Cause {
	s := r.Server
	since := ""
	if !r.Lag.Since.IsZero() {
		since = " since " + clockOf(r.Lag.Since)
	}
	name := siteOf(sites, r.Name).Slot
	slot, there := slotOf(primary.Server, name)
	switch {
	case s.Frozen():
		return Cause{Region: r.Name, What: r.Name + " is kept from receiving by rapbot, because the primary is being replaced.", Now: "See the operation: `/rap history`."}
	case one && s.SystemID != primary.Server.SystemID:
		return Cause{Region: r.Name, What: fmt.Sprintf("%s is no copy of %s: it belongs to another cluster (system %s).", r.Name, primary.Name, s.SystemID), Now: "Rebuild it from a base backup."}
	case one && there && slot.Status == "lost":
		why := ""
		if slot.Reason != "" {
			why = " (" + slot.Reason + ")"
		}
		return Cause{Region: r.Name, What: fmt.Sprintf("%s has given up the slot %s%s: WAL that %s still needs is gone.", primary.Name, name, why, r.Name), Now: "It needs a new base backup: `/rap rejoin " + r.Name + "`."}
	case one && there && slot.From.BytesPast(s.Have) > unfinished:
		return Cause{Region: r.Name, What: fmt.Sprintf("WAL is missing: %s has it up to %s, and the slot %s on %s keeps it from %s on%s.", r.Name, s.Have, name, primary.Name, slot.From, since), Now: "It needs a new base backup, unless an archive has the rest: `/rap rejoin " + r.Name + "`."}
	case one && !there && len(primary.Server.Slots)+len(primary.Server.Standbys) > 0 && name != "":
		return Cause{Region: r.Name, What: fmt.Sprintf("%s has no slot %s, without which %s receives nothing%s.", primary.Name, name, r.Name, since), Now: "Make it there: `SELECT rapbot.ensure_slot('" + name + "')`."}
	case one && s.Timeline > primary.Server.Timeline:
		return Cause{Region: r.Name, What: fmt.Sprintf("%s is on timeline %d, past the primary's %d: their histories have parted%s.", r.Name, s.Timeline, primary.Server.Timeline, since), Now: "`/rap rejoin " + r.Name + "`."}
	case one && primary.Server.FreeSenders <= 0:
		return Cause{Region: r.Name, What: fmt.Sprintf("%s has no WAL sender left for %s, which receives nothing%s.", primary.Name, r.Name, since), Now: "End what else streams from it, or raise max_wal_senders there."}
	case s.Receiver != nil:
		return Cause{Region: r.Name, What: fmt.Sprintf("The WAL receiver of %s is %q and gets nothing%s.", r.Name, s.Receiver.Status, since), Now: "Its server's log says what it waits for."}
	}
	return Cause{Region: r.Name, What: fmt.Sprintf("No WAL receiver runs on %s%s.", r.Name, since), Now: "Look for the reason in its server's log: the network to the primary, its password there, or primary_conninfo."}
}

// laggingCauses are why a replica that receives is behind.
func laggingCauses(r, primary Region, one bool) []Cause {
	s := r.Server
	var out []Cause
	add := func(likely bool, now, format string, args ...any) {
		out = append(out, Cause{Region: r.Name, What: fmt.Sprintf(format, args...), Now: now, Likely: likely})
	}
	silent := max(0, s.Clock.Sub(s.Receiver.LastMessage))
	unreplayed := s.Have.BytesPast(s.Replay)
	switch {
	case s.ReplayPaused:
		add(false, "When nobody needs it to stand still, run there `SELECT pg_wal_replay_resume()`.", "Replay is paused on %s: it receives and applies nothing.", r.Name)
	case s.ApplyDelay > 0:
		add(false, "", "%s applies everything %s late on purpose (recovery_min_apply_delay).", r.Name, Duration(s.ApplyDelay))
	case one && s.Receiver.Timeline != primary.Server.Timeline:
		add(false, "`/rap rejoin "+r.Name+"`, if it does not follow by itself.", "%s streams timeline %d, and %s is on %d.", r.Name, s.Receiver.Timeline, primary.Name, primary.Server.Timeline)
	case silent > streamSilence && !s.Receiver.LastMessage.IsZero():
		add(false, "Look at the network between them, and whether its WAL receiver hangs.", "%s believes that it streams and has heard nothing of %s for %s.", r.Name, s.Receiver.Sender, Duration(silent))
	case r.Lag.Known && r.Lag.Bytes > lagWorthTelling && unreplayed > r.Lag.Bytes/2 && s.LongestTx > longQuery:
		add(true, "End the query, or wait for it: max_standby_streaming_delay bounds that.", "%s has received %s that it has not replayed, and a query has been running there for %s: they are likely in conflict.", r.Name, Bytes(unreplayed), Duration(s.LongestTx))
	case r.Lag.Known && r.Lag.Bytes > lagWorthTelling && unreplayed > r.Lag.Bytes/2:
		add(true, "Look at its disk and processor; one process replays what many wrote.", "%s has received %s that it has not replayed: it replays more slowly than %s writes.", r.Name, Bytes(unreplayed), primary.Name)
	case r.Lag.Known && r.Lag.Bytes > lagWorthTelling:
		add(true, "Look for a bulk load or an index being built on the primary, and at the network between them.", "%s is still to be sent %s: %s writes faster than it gets there.", r.Name, Bytes(r.Lag.Bytes-unreplayed), primary.Name)
	case !r.Lag.Known || r.Lag.Time > streamSilence:
		add(true, "`/rap status "+r.Name+"` shows all that is known of it.", "%s streams, and is %s: nothing that rapbot can see explains it.", r.Name, r.Lag)
	}
	return out
}

// slotCauses are what an absent replica does to the primary's disk.
func slotCauses(primary Region, scope []Region, sites []Site) []Cause {
	var out []Cause
	for _, slot := range primary.Server.Slots {
		owner := ""
		for _, site := range sites {
			if site.Slot == slot.Name {
				owner = site.Name
			}
		}
		if owner != "" && !slices.ContainsFunc(scope, func(r Region) bool { return r.Name == owner }) {
			continue
		}
		idle := ""
		if !slot.Active {
			idle = ", which nobody uses,"
		}
		switch {
		case slot.Status == "unreserved":
			out = append(out, Cause{Region: primary.Name, What: fmt.Sprintf("The slot %s on %s%s is about to be given up: the next checkpoint may remove WAL that it needs.", slot.Name, primary.Name, idle), Now: "Let its replica catch up now, or raise max_slot_wal_keep_size."})
		case slot.Retained >= walWorthTelling || slot.Status == "extended":
			out = append(out, Cause{Region: primary.Name, What: fmt.Sprintf("The slot %s%s holds back %s of WAL on the disk of %s.", slot.Name, idle, Bytes(slot.Retained), primary.Name), Now: "It grows until its replica catches up; see that the disk does not fill."})
		case owner == "" && !slot.Active && !slot.Logical && slot.Retained > lagWorthTelling:
			out = append(out, Cause{Region: primary.Name, What: fmt.Sprintf("The slot %s on %s belongs to no region and holds back %s of WAL.", slot.Name, primary.Name, Bytes(slot.Retained)), Now: "Drop it, if nobody knows it."})
		}
	}
	return out
}

func slotOf(s Server, name string) (Slot, bool) {
	for _, slot := range s.Slots {
		if slot.Name == name {
			return slot, true
		}
	}
	return Slot{}, false
}

func clockOf(t time.Time) string { return t.UTC().Format("15:04:05 UTC") }
