package rapbot

import (
	"fmt"
	"strings"
	"time"
)

// Role is what a region's server is, as observed.
type Role string

// The roles. Unknown is what a region that gives no answer has: its last role
// is history, not an observation.
const (
	Primary Role = "primary"
	Replica Role = "replica"
	Unknown Role = "unknown"
)

// Region is one region within a Topology.
type Region struct {
	Name string `json:"name"`
	Role Role   `json:"role"`
	Lag  Lag    `json:"lag,omitzero"` // replicas only
	Sighting
}

// Lag is how far a replica is behind the primary. It is a number only while
// the replica is known to receive WAL and the primary answers.
type Lag struct {
	Known     bool          `json:"known"`
	Bytes     int64         `json:"bytes"` // the primary's flushed position less the replica's replayed one
	Time      time.Duration `json:"time"`  // nanoseconds: age, by the primary's clock, of the newest heartbeat the replica has; 0 when Bytes is 0
	Streaming bool          `json:"streaming"`
	Since     time.Time     `json:"since,omitzero"` // not streaming: when WAL was last known to flow; zero means not seen yet
}

// Topology is the fleet as observed at one time, in configured order.
type Topology struct {
	At      time.Time `json:"at"`
	Regions []Region  `json:"regions"`
}

// Assess names the roles and computes the lags. It decides nothing: what
// cannot be seen stays unknown.
func Assess(sightings []Sighting, at time.Time) Topology {
	t := Topology{At: at}
	for _, s := range sightings {
		t.Regions = append(t.Regions, Region{Name: s.Region, Role: roleOf(s), Sighting: s})
	}
	primary, one := t.Primary()
	for i := range t.Regions {
		if t.Regions[i].Role == Replica {
			t.Regions[i].Lag = lagOf(t.Regions[i].Sighting, primary, one)
		}
	}
	return t
}

func roleOf(s Sighting) Role {
	switch {
	case !s.Answered:
		return Unknown
	case s.Server.InRecovery:
		return Replica
	default:
		return Primary
	}
}

// lagOf never gives a number without a receiver: with the receiver dead the
// received and replayed positions are equal and would read as zero.
func lagOf(replica Sighting, primary Region, known bool) Lag {
	lag := Lag{Streaming: replica.Server.Receiver.Streaming()}
	if !lag.Streaming {
		lag.Since = replica.Server.Heartbeat
		return lag
	}
	if !known {
		return lag
	}
	lag.Known = true
	lag.Bytes = primary.Server.Flush.BytesPast(replica.Server.Replay)
	if lag.Bytes > 0 && !replica.Server.Heartbeat.IsZero() {
		lag.Time = max(0, primary.Server.Clock.Sub(replica.Server.Heartbeat))
	}
	return lag
}

// Region returns the region of that name.
func (t Topology) Region(name string) (Region, bool) {
	for _, r := range t.Regions {
		if r.Name == name {
			return r, true
		}
	}
	return Region{}, false
}

// Primary returns the primary when exactly one region is seen to be one.
func (t Topology) Primary() (Region, bool) {
	p := t.withRole(Primary)
	if len(p) != 1 {
		return Region{}, false
	}
	return p[0], true
}

// Asked reports whether every region has been asked at least once.
func (t Topology) Asked() bool {
	for _, r := range t.Regions {
		if r.At.IsZero() {
			return false
		}
	}
	return len(t.Regions) > 0
}

// Complete reports whether every region answered.
func (t Topology) Complete() bool { return len(t.withRole(Unknown)) == 0 }

// Names lists the regions in configured order.
func (t Topology) Names() []string {
	var names []string
	for _, r := range t.Regions {
		names = append(names, r.Name)
	}
	return names
}

func (t Topology) withRole(role Role) []Region {
	var out []Region
	for _, r := range t.Regions {
		if r.Role == role {
			out = append(out, r)
		}
	}
	return out
}

func namesOf(regions []Region) string {
	var names []string
	for _, r := range regions {
		names = append(names, r.Name)
	}
	return strings.Join(names, " and ")
}

// Contradictions says, in sentences, everything about the fleet that should
// not be so. The worst comes first; none means one primary and every other
// region streaming from it.
func (t Topology) Contradictions() []string {
	var out []string
	primaries, dark := t.withRole(Primary), t.withRole(Unknown)
	switch {
	case len(primaries) > 1:
		out = append(out, fmt.Sprintf("Two primaries: %s both accept writes.", namesOf(primaries)))
	case len(primaries) == 0 && len(dark) == 0:
		out = append(out, "No primary: every region is a replica, nothing accepts writes.")
	case len(primaries) == 0:
		out = append(out, fmt.Sprintf("No primary in sight: %s may be one but cannot be asked.", namesOf(dark)))
	}
	for _, r := range dark {
		out = append(out, fmt.Sprintf("%s gives no answer.", r.Name))
	}
	primary, one := t.Primary()
	for _, r := range t.withRole(Replica) {
		switch {
		case one && r.Server.SystemID != primary.Server.SystemID:
			out = append(out, fmt.Sprintf("%s belongs to another cluster (system %s, the primary is %s).", r.Name, r.Server.SystemID, primary.Server.SystemID))
		case !r.Lag.Streaming:
			out = append(out, fmt.Sprintf("%s is not streaming.", r.Name))
		case one && r.Server.Receiver.Timeline != primary.Server.Timeline:
			out = append(out, fmt.Sprintf("%s streams timeline %d, the primary is on %d.", r.Name, r.Server.Receiver.Timeline, primary.Server.Timeline))
		}
		if r.Server.ReplayPaused {
			out = append(out, fmt.Sprintf("Replay is paused on %s.", r.Name))
		}
	}
	return out
}
