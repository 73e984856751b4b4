package rapbot

import (
	"fmt"
	"time"
)

// Sample is where one region stood at one moment. One a second and region is
// kept in the journal, so that what was known of a primary outlives both it
// and a restart of rapbot.
type Sample struct {
	At        time.Time     `json:"at"` // by rapbot's clock
	Region    string        `json:"region"`
	Role      Role          `json:"role"` // unknown when it was found dead; then the fields below are empty
	Timeline  uint32        `json:"timeline"`
	Position  LSN           `json:"position"` // a primary's flushed position, a replica's received one
	Replay    LSN           `json:"replay,omitzero"`
	Clock     time.Time     `json:"clock"`              // the server's own clock
	Took      time.Duration `json:"took,omitzero"`      // from the question to the answer; zero when that is not known
	Heartbeat time.Time     `json:"heartbeat,omitzero"` // newest heartbeat visible there, by the primary's clock
}

// Refused reports whether nothing listened there at that moment.
func (s Sample) Refused() bool { return s.Role == Unknown }

// Samples returns a sample of every region that answered, and of those that
// were found dead.
func (t Topology) Samples() []Sample {
	var out []Sample
	for _, r := range t.Regions {
		if r.Refused() {
			out = append(out, Sample{At: r.At, Region: r.Name, Role: Unknown})
		}
		if !r.Answered {
			continue
		}
		s := Sample{At: r.At, Region: r.Name, Role: r.Role, Timeline: r.Server.Timeline, Position: r.Server.Flush, Clock: r.Server.Clock, Took: r.Took, Heartbeat: r.Server.Heartbeat}
		if r.Role == Replica {
			s.Position, s.Replay = r.Server.Have, r.Server.Replay
		}
		out = append(out, s)
	}
	return out
}

// Loss bounds what a failover may lose of what was acknowledged.
type Loss struct {
	Counted bool          `json:"counted,omitempty"` // read from the dead primary's own log, and so exact
	Open    bool          `json:"open,omitempty"`    // the primary may still take writes: the figures grow until it is fenced
	Unknown bool          `json:"unknown,omitempty"` // too little was seen of the primary or of the replicas: the figures bound nothing
	Bytes   int64         `json:"bytes"`             // of WAL, at the most
	Known   int64         `json:"known"`             // of those, known to exist
	Time    time.Duration `json:"time"`              // writes acknowledged in the primary's last so many nanoseconds
	Commits int           `json:"commits"`           // transactions; when counted
	From    LSN           `json:"from"`              // the most advanced replica's position that the figures start from
	Seen    time.Time     `json:"seen,omitzero"`     // when the primary was last seen alive
	Dead    time.Time     `json:"dead,omitzero"`     // when it was first known not to be; zero when that is not known
	Rate    int64         `json:"rate,omitempty"`    // bytes a second that the unseen time is reckoned with
}

// WorseThan reports whether somebody who accepted the other bound has not
// accepted this one.
func (l Loss) WorseThan(accepted Loss) bool {
	switch {
	case l.None():
		return false
	case l.Open && !accepted.Open, l.Unknown && !accepted.Unknown:
		return true
	case accepted.Open || accepted.Unknown:
		return false
	case l.Counted && accepted.Counted:
		return l.Commits > accepted.Commits || l.Bytes > accepted.Bytes // the time is not counted, and nobody was shown it
	}
	return l.Bytes > accepted.Bytes || l.Time > accepted.Time
}

// lossFigures is the part of a loss that somebody accepts.
type lossFigures struct {
	Counted, Open, Unknown bool
	Bytes                  int64
	Time                   time.Duration
	Commits                int
}

func (l *Loss) figures() *lossFigures {
	if l == nil {
		return nil
	}
	return &lossFigures{l.Counted, l.Open, l.Unknown, l.Bytes, l.Time, l.Commits}
}

// None reports that nothing was lost, proven.
func (l Loss) None() bool { return l.Counted && l.Commits == 0 }

// Figures the bound is reckoned with where nothing better is known.
const (
	leastRate = 1 << 20  // bytes a second, for a primary that was idle until its last seconds
	slack     = 64 << 10 // bytes, for the end of the log that no sample saw
	burst     = 2        // how much faster than the fastest sampled second the unseen time may have been
)

// lossOf bounds what is lost when the most advanced replica's log is all that
// remains.
//
// Three things are known: the primary's position at its last sample, what the
// replicas have, and when it was found dead. What it wrote between the sample
// and its death was seen by nobody: that time is reckoned at twice the fastest
// rate sampled, and with as many switches to the next segment of the log as were
// sampled in any such time. Writes at risk in time begin at the newest heartbeat that the
// replica has replayed, since everything acknowledged before it is there too.
//
// The primary's clock is compared with nothing but itself, so it may be wrong.
// dead is when it was found dead, zero when somebody may still be writing there.
func lossOf(last Sample, history []Sample, best Region, dead, now time.Time) Loss {
	pace := paceOf(history, last.Region)
	l := Loss{From: best.Server.Replay, Seen: last.At, Rate: max(leastRate, burst*pace.peak), Dead: dead, Open: dead.IsZero()}
	end := dead
	if l.Open {
		end = now
	}
	reached := max(last.Position, best.Server.Have)
	if r := best.Server.Receiver; r != nil {
		reached = max(reached, r.LatestEnd)
	}
	if !pace.told || best.Name == "" || best.Server.Heartbeat.IsZero() {
		l.Unknown = true
		return l
	}
	unseen := max(0, end.Sub(wasAt(last, history))) + flight(history, last.Region)
	l.Known = reached.BytesPast(best.Server.Replay)
	l.Bytes = l.Known + int64(max(unseen, window).Seconds()*float64(l.Rate)) + pace.padding(unseen) + slack
	l.Time = max(0, last.Clock.Sub(best.Server.Heartbeat)+unseen)
	return l
}

// longestLook is the longest that an answer is taken to have been on its way.
const longestLook = 5 * time.Second

// wasAt is when the server stood where the sample says, by rapbot's clock. The
// sample bears the time at which the answer arrived, and under load that may
// have taken a second or more. How much longer than the fastest one it took is
// told by the server's own clock, which was read together with the position.
func wasAt(s Sample, history []Sample) time.Time {
	took := s.At.Sub(s.Clock)
	fastest := took
	for _, h := range history {
		if h.Region == s.Region && !h.Refused() {
			fastest = min(fastest, h.At.Sub(h.Clock))
		}
	}
	return s.At.Add(-min(took-fastest, longestLook))
}

// flight bounds how long even the fastest answer was on its way, which no clock
// tells: no longer than the quickest look took altogether.
func flight(history []Sample, region string) (least time.Duration) {
	for _, h := range history {
		if h.Region == region && h.Took > 0 && (least == 0 || h.Took < least) {
			least = h.Took
		}
	}
	return min(least, longestLook)
}

// counted takes the figures from the dead primary's own log.
func (l Loss) counted(d Divergence) Loss {
	l.Counted, l.Open, l.Unknown, l.Commits = true, false, false, d.Commits
	l.Bytes, l.Known = d.Bytes(), d.Bytes()
	if d.Commits == 0 {
		l.Time = 0
	}
	return l
}

// String says in words what may be lost.
func (l Loss) String() string {
	switch {
	case l.None():
		return "nothing, counted in its own log"
	case l.Counted:
		return fmt.Sprintf("exactly %s (%s of WAL), counted in its own log", Count(l.Commits, "commit", "commits"), Bytes(l.Bytes))
	case l.Unknown && l.Open:
		return "nobody can tell how much, because too little was seen of it; it grows until the old primary is fenced"
	case l.Unknown:
		return "nobody can tell how much, because too little was seen of it"
	case l.Open:
		return fmt.Sprintf("at the most %s of WAL by now, written in its last %s; it grows until the old primary is fenced", Bytes(l.Bytes), Duration(l.Time))
	}
	return fmt.Sprintf("at the most %s of WAL, written in its last %s", Bytes(l.Bytes), Duration(l.Time))
}
