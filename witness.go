package rapbot

import (
	"fmt"
	"strings"
	"time"
)

// Life is what somebody can tell of a server from where they look.
type Life string

// What can be told. Silence is not death: a server that cannot be reached may
// be taking writes from those who can.
const (
	Alive Life = "alive"
	Dead  Life = "dead"
	Dark  Life = "cannot tell"
)

// Witness is one independent look at a primary that rapbot cannot use.
type Witness struct {
	Name string    `json:"name"` // who looks: rapbot, a replica, the instance's own command
	Says Life      `json:"says"`
	Sees string    `json:"sees"`        // in words
	At   time.Time `json:"at,omitzero"` // when the primary was last seen alive from there
}

// recentMessage is how old the last message of a stream may be for its sender
// to count as alive: rapbot's heartbeat alone makes one a second.
const recentMessage = 5 * time.Second

// Witnesses are what rapbot and the replicas see of one region. What its
// instance says is asked for separately and may be nil.
func (t Topology) Witnesses(of string, instance *Witness) []Witness {
	var out []Witness
	r, _ := t.Region(of)
	if r.Answered {
		out = append(out, Witness{Name: "rapbot", Says: Alive, Sees: "it answers as a " + string(r.Role), At: r.At})
	} else {
		out = append(out, Witness{Name: "rapbot", Says: lifeOf(r.Sighting), Sees: r.Fault, At: r.LastAnswer})
	}
	for _, replica := range t.withRole(Replica) {
		if replica.Name != of {
			out = append(out, replica.witness())
		}
	}
	for _, other := range t.withRole(Unknown) {
		if other.Name != of {
			out = append(out, Witness{Name: other.Name, Says: Dark, Sees: "it gives no answer itself: " + other.Fault})
		}
	}
	if instance != nil {
		out = append(out, *instance)
	}
	return out
}

func lifeOf(s Sighting) Life {
	if s.Refused() {
		return Dead
	}
	return Dark
}

// witness is what a replica's end of the stream shows of its primary. That
// there is no stream proves no death: a cut network ends one too.
func (r Region) witness() Witness {
	w := Witness{Name: r.Name, At: r.Lag.Since}
	receiver := r.Server.Receiver
	if !r.Lag.Streaming || receiver == nil {
		w.Says, w.Sees = Dark, "it receives nothing"
		return w
	}
	age := r.Server.Clock.Sub(receiver.LastMessage)
	w.At = r.At.Add(-max(0, age))
	if age <= recentMessage {
		w.Says, w.Sees = Alive, fmt.Sprintf("it receives WAL from %s, the last message is %s old", receiver.Sender, Duration(age))
		return w
	}
	w.Says, w.Sees = Dark, fmt.Sprintf("its stream is open, and silent for %s", Duration(age))
	return w
}

// Agreement sums the witnesses up in a sentence. Partition is true when somebody
// still sees the primary alive.
func Agreement(of string, witnesses []Witness) (sentence string, partition bool) {
	count := map[Life]int{}
	names := map[Life][]string{}
	for _, w := range witnesses {
		count[w.Says]++
		names[w.Says] = append(names[w.Says], w.Name)
	}
	switch {
	case count[Alive] > 0 && names[Alive][0] == "rapbot":
		return of + " answers.", false
	case count[Alive] > 0:
		see := "see"
		if count[Alive] == 1 {
			see = "sees"
		}
		return fmt.Sprintf("This is a partition: %s still %s %s alive, and rapbot does not.", joined(names[Alive]), see, of), true
	case count[Dead] > 1:
		return fmt.Sprintf("%s is down, and takes no writes: %s agree.", of, joined(names[Dead])), false
	case count[Dead] == 1:
		return fmt.Sprintf("%s seems to be down, but only %s can tell.", of, names[Dead][0]), false
	}
	return of + " is dark: nobody can tell whether it still takes writes.", false
}

// Line is a witness at a glance: who, what they say, why, and how old the last
// sign of life was at that moment.
func (w Witness) Line(at time.Time) StepLine {
	line := StepLine{Title: w.Name + ": " + string(w.Says), Detail: w.Sees}
	if rest, whole := strings.CutPrefix(w.Sees, "The "); whole {
		line.Detail = "the " + rest // a sentence of its own elsewhere
	}
	line.Mark = map[Life]string{Alive: MarkDone, Dead: MarkFailed, Dark: MarkWarning}[w.Says]
	if !w.At.IsZero() && w.Says != Alive {
		line.Detail += ", last alive " + Duration(at.Sub(w.At)) + " before"
	}
	return line
}

// Lost returns the region that was the primary and gives no answer. The last
// sampled primary, if any, settles it when rapbot itself has not seen one since
// it started, or has seen several one after the other. Otherwise it is the only
// one that gives no answer: a sampled primary that is a replica by now was
// replaced, and not by another replica.
func (t Topology) Lost(sampled string) (Region, bool) {
	dark := t.withRole(Unknown)
	var was []Region
	for _, r := range dark {
		if !r.LastAnswer.IsZero() && !r.Server.InRecovery {
			was = append(was, r)
		}
	}
	if len(was) == 1 {
		return was[0], true
	}
	for _, r := range dark {
		if r.Name == sampled {
			return r, true
		}
	}
	if len(was) == 0 && len(dark) == 1 {
		return dark[0], true
	}
	return Region{}, false
}

func joined(names []string) string {
	switch n := len(names); n {
	case 0:
		return ""
	case 1:
		return names[0]
	default:
		return strings.Join(names[:n-1], ", ") + " and " + names[n-1]
	}
}

func clock(t time.Time) string { return t.UTC().Format("15:04:05 UTC") }
