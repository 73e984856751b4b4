package rapbot_test

import (
	"strings"
	"testing"
	"time"

	"github.com/rap-analyzer/rapbot"
)

var noon = time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)

func primaryAt(name string, flush rapbot.LSN) rapbot.Sighting {
	return rapbot.Sighting{Region: name, At: noon, Answered: true, LastAnswer: noon, Server: rapbot.Server{
		SystemID: "7", Version: 150018, Timeline: 1, Clock: noon, Flush: flush, Heartbeat: noon, RewindReady: true, FreeSenders: 9, FreeSlots: 9, FreeConnections: 50,
	}}
}

func replicaAt(name string, replay rapbot.LSN, heartbeat time.Time) rapbot.Sighting {
	return rapbot.Sighting{Region: name, At: noon, Answered: true, LastAnswer: noon, Server: rapbot.Server{
		SystemID: "7", Version: 150018, InRecovery: true, Timeline: 1, Clock: noon, Have: replay, Replay: replay, Heartbeat: heartbeat, RewindReady: true, FreeSenders: 9, FreeSlots: 9, FreeConnections: 50,
		Receiver: &rapbot.Receiver{Status: "streaming", Timeline: 1, Flushed: replay, LastMessage: noon},
	}}
}

func darkAt(name string) rapbot.Sighting {
	return rapbot.Sighting{Region: name, At: noon, Fault: "no answer in 2 s", LastAnswer: noon.Add(-time.Minute)}
}

func fleet(s ...rapbot.Sighting) rapbot.Topology { return rapbot.Assess(s, noon) }

func TestLag(t *testing.T) {
	dead := replicaAt("b", 100, noon.Add(-time.Minute))
	dead.Server.Receiver = nil
	tests := []struct {
		name string
		t    rapbot.Topology
		want string
	}{
		{"caught up", fleet(primaryAt("a", 100), replicaAt("b", 100, noon.Add(-time.Second))), "0 B, 0 s behind"},
		{"behind in both measures", fleet(primaryAt("a", 2148), replicaAt("b", 100, noon.Add(-4*time.Second))), "2.0 KiB, 4 s behind"},
		{"sampled a moment later than the primary", fleet(primaryAt("a", 100), replicaAt("b", 150, noon)), "0 B, 0 s behind"},
		{"receiver dead though received equals replayed", fleet(primaryAt("a", 100), dead), "not streaming since 11:59:00 UTC"},
		{"primary dark", fleet(darkAt("a"), replicaAt("b", 100, noon)), "streaming, but the primary gives no answer to compare with"},
		{"two primaries", fleet(primaryAt("a", 100), primaryAt("c", 100), replicaAt("b", 100, noon)), "streaming, but the primary gives no answer to compare with"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r, _ := tt.t.Region("b")
			if got := r.Lag.String(); got != tt.want {
				t.Errorf("lag = %q, want %q", got, tt.want)
			}
		})
	}
}

func TestContradictions(t *testing.T) {
	paused := replicaAt("b", 100, noon)
	paused.Server.ReplayPaused = true
	foreign := replicaAt("b", 100, noon)
	foreign.Server.SystemID = "8"
	forked := replicaAt("b", 100, noon)
	forked.Server.Receiver.Timeline = 2
	tests := []struct {
		name string
		t    rapbot.Topology
		want string
	}{
		{"none", fleet(primaryAt("a", 1), replicaAt("b", 1, noon)), ""},
		{"two primaries", fleet(primaryAt("a", 1), primaryAt("b", 1)), "Two primaries: a and b both accept writes."},
		{"no primary", fleet(replicaAt("a", 1, noon), replicaAt("b", 1, noon)), "No primary: every region is a replica, nothing accepts writes."},
		{"primary dark", fleet(darkAt("a"), replicaAt("b", 1, noon)), "No primary in sight: a may be one but cannot be asked. a gives no answer."},
		{"replica dark", fleet(primaryAt("a", 1), darkAt("b")), "b gives no answer."},
		{"paused", fleet(primaryAt("a", 1), paused), "Replay is paused on b."},
		{"foreign", fleet(primaryAt("a", 1), foreign), "b belongs to another cluster (system 8, the primary is 7)."},
		{"other timeline", fleet(primaryAt("a", 1), forked), "b streams timeline 2, the primary is on 1."},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := strings.Join(tt.t.Contradictions(), " "); got != tt.want {
				t.Errorf("have %q\nwant %q", got, tt.want)
			}
		})
	}
}

func TestLSN(t *testing.T) {
	for _, s := range []string{"0/5000000", "16/B374D848", "FFFFFFFF/FFFFFFFF"} {
		l, err := rapbot.ParseLSN(s)
		if err != nil || l.String() != s {
			t.Errorf("%s: %v, %v", s, l, err)
		}
	}
	for _, s := range []string{"", "5", "0/", "/0", "0/123456789", "g/0", "-1/0"} {
		if l, err := rapbot.ParseLSN(s); err == nil {
			t.Errorf("%q was read as %v", s, l)
		}
	}
}

func TestDuration(t *testing.T) {
	tests := map[time.Duration]string{
		0: "0 s", time.Microsecond: "1 ms", 420 * time.Millisecond: "420 ms", time.Second: "1 s", 3200 * time.Millisecond: "3.2 s",
		42 * time.Second: "42 s", time.Minute: "1 min", 250 * time.Second: "4 min 10 s", 2*time.Hour + 5*time.Minute: "2 h 5 min", 76 * time.Hour: "3 d 4 h", -time.Second: "0 s",
	}
	for d, want := range tests {
		if got := rapbot.Duration(d); got != want {
			t.Errorf("%v: %q, want %q", d, got, want)
		}
	}
}

func TestWitnesses(t *testing.T) {
	cut := replicaAt("c", 1, noon.Add(-time.Minute))
	cut.Server.Receiver = nil
	alive := replicaAt("b", 1, noon)
	alive.Server.Receiver.Sender = "a:5432"
	alive.Server.Receiver.LastMessage = noon.Add(-2 * time.Second)
	seen := fleet(darkAt("a"), alive, cut).Witnesses("a", &rapbot.Witness{Name: "its instance", Says: rapbot.Dark, Sees: "no answer"})
	var lines []string
	for _, w := range seen {
		lines = append(lines, w.Line(noon).String())
	}
	verdict, partition := rapbot.Agreement("a", seen)
	have := strings.Join(append(lines, verdict), "\n")
	want := `▲ rapbot: cannot tell — no answer in 2 s, last alive 1 min before
● b: alive — it receives WAL from a:5432, the last message is 2 s old
▲ c: cannot tell — it receives nothing, last alive 1 min before
▲ its instance: cannot tell — no answer
This is a partition: b still sees a alive, and rapbot does not.`
	if have != want || !partition {
		t.Errorf("have %s\nwant %s", have, want)
	}
}
