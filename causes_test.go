package rapbot

import (
	"strings"
	"testing"
	"time"
)

// TestCauses breaks a healthy fleet in one way each, and wants that way named
// first, with what to do.
func TestCauses(t *testing.T) {
	now := time.Date(2026, 3, 2, 3, 4, 0, 0, time.UTC)
	sites := []Site{{Name: "us-east-1", Slot: "use1"}, {Name: "us-west-2", Slot: "usw2"}, {Name: "eu-west-1", Slot: "euw1"}}
	healthy := func() []Sighting {
		replica := func(region string) Sighting {
			return Sighting{Region: region, At: now, Answered: true, LastAnswer: now, Server: Server{
				SystemID: "7", InRecovery: true, Timeline: 3, Clock: now, Have: 0x9000000, Replay: 0x9000000, Heartbeat: now,
				Receiver: &Receiver{Status: "streaming", Timeline: 3, LastMessage: now, Sender: "us-east-1:5432"},
			}}
		}
		return []Sighting{
			{Region: "us-east-1", At: now, Answered: true, LastAnswer: now, Server: Server{
				SystemID: "7", Timeline: 3, Clock: now, Flush: 0x9000000, Heartbeat: now, FreeSenders: 7, FreeSlots: 7,
				Standbys: []Standby{{Name: "usw2", State: "streaming"}, {Name: "euw1", State: "streaming"}},
				Slots:    []Slot{{Name: "usw2", Active: true, Status: "reserved"}, {Name: "euw1", Active: true, Status: "reserved"}},
			}},
			replica("us-west-2"), replica("eu-west-1"),
		}
	}
	unplug := func(f []Sighting) {
		f[2].Server.Receiver = nil
		f[0].Server.Slots[1].Active = false
		f[2].Server.Heartbeat = now.Add(-5 * time.Minute)
	}
	for name, tt := range map[string]struct {
		region string
		broken func(f []Sighting)
		want   string // within the first cause
		now    string // within what to do
	}{
		"nothing":           {"", func([]Sighting) {}, "", ""},
		"two primaries":     {"", func(f []Sighting) { f[1].Server.InRecovery = false }, "Two primaries: us-east-1 and us-west-2", "rejoin"},
		"no primary":        {"", func(f []Sighting) { f[0].Server.InRecovery = true }, "No region is primary", "/rap history"},
		"primary dark":      {"", func(f []Sighting) { f[0].Answered, f[0].Fault = false, "no answer in 2 s" }, "us-east-1, the primary when it last answered", "--force"},
		"replica dark":      {"", func(f []Sighting) { f[2].Answered, f[2].Fault = false, "no answer in 2 s" }, "eu-west-1 gives rapbot no answer since 03:04:00 UTC: no answer in 2 s.", "network"},
		"replica down":      {"", func(f []Sighting) { f[2].Answered, f[2].RefusedSince, f[2].Fault = false, now, "connection refused" }, "connection refused", "start it"},
		"other region":      {"us-west-2", func(f []Sighting) { f[2].Answered, f[2].Fault = false, "no answer" }, "", ""},
		"about the primary": {"us-east-1", func(f []Sighting) { f[2].Answered, f[2].Fault = false, "no answer" }, "eu-west-1 gives rapbot no answer", ""},
		"frozen by rapbot":  {"", func(f []Sighting) { unplug(f); f[2].Server.SlotName = FrozenName(3) }, "kept from receiving by rapbot", "/rap history"},
		"another cluster":   {"", func(f []Sighting) { unplug(f); f[2].Server.SystemID = "8" }, "no copy of us-east-1", "base backup"},
		"slot lost": {"", func(f []Sighting) {
			unplug(f)
			f[0].Server.Slots[1].Status, f[0].Server.Slots[1].Reason = "lost", "wal_removed"
		}, "given up the slot euw1 (wal_removed)", "/rap rejoin eu-west-1"},
		"log missing":      {"", func(f []Sighting) { unplug(f); f[0].Server.Slots[1].From = f[2].Server.Have + 64<<20 }, "WAL is missing: eu-west-1 has it up to 0/9000000, and the slot euw1 on us-east-1 keeps it from 0/D000000 on", "/rap rejoin eu-west-1"},
		"log at hand":      {"", func(f []Sighting) { unplug(f); f[0].Server.Slots[1].From = f[2].Server.Have }, "No WAL receiver runs on eu-west-1", "log"},
		"slot missing":     {"", func(f []Sighting) { unplug(f); f[0].Server.Slots = f[0].Server.Slots[:1] }, "us-east-1 has no slot euw1", "ensure_slot('euw1')"},
		"timelines parted": {"", func(f []Sighting) { unplug(f); f[2].Server.Timeline = 4 }, "timeline 4, past the primary's 3", "rejoin"},
		"no sender left":   {"", func(f []Sighting) { unplug(f); f[0].Server.FreeSenders = 0 }, "no WAL sender left for eu-west-1", "max_wal_senders"},
		"receiver waiting": {"", func(f []Sighting) { f[2].Server.Receiver.Status = "waiting" }, `The WAL receiver of eu-west-1 is "waiting"`, "log"},
		"receiver dead":    {"eu-west-1", unplug, "No WAL receiver runs on eu-west-1 since 02:59:00 UTC.", "log"},
		"replay paused":    {"", func(f []Sighting) { f[1].Server.ReplayPaused = true }, "Replay is paused on us-west-2", "pg_wal_replay_resume"},
		"late on purpose":  {"", func(f []Sighting) { f[1].Server.ApplyDelay = time.Hour }, "applies everything 1 h late on purpose", ""},
		"another timeline": {"", func(f []Sighting) { f[1].Server.Receiver.Timeline = 2 }, "streams timeline 2, and us-east-1 is on 3", "rejoin"},
		"receiver hangs":   {"", func(f []Sighting) { f[1].Server.Receiver.LastMessage = now.Add(-40 * time.Second) }, "heard nothing of us-east-1:5432 for 40 s", "network"},
		"conflict": {"", func(f []Sighting) {
			f[0].Server.Flush += 64 << 20
			f[1].Server.Have = f[0].Server.Flush
			f[1].Server.LongestTx = 12 * time.Minute
			f[2].Server.Replay = f[0].Server.Flush
		}, "a query has been running there for 12 min", "max_standby_streaming_delay"},
		"slow replay": {"", func(f []Sighting) {
			f[0].Server.Flush += 64 << 20
			f[1].Server.Have = f[0].Server.Flush
			f[2].Server.Replay = f[0].Server.Flush
		}, "64.0 MiB that it has not replayed", "disk"},
		"slow network": {"", func(f []Sighting) { f[0].Server.Flush += 64 << 20; f[2].Server.Replay = f[0].Server.Flush }, "us-west-2 is still to be sent 64.0 MiB", "bulk load"},
		"unexplained": {"", func(f []Sighting) {
			f[0].Server.Flush += 100
			f[1].Server.Heartbeat = now.Add(-time.Minute)
			f[2].Server.Replay = f[0].Server.Flush
		}, "us-west-2 streams, and is 100 B, 1 min behind", "/rap status us-west-2"},
		"WAL kept":        {"", func(f []Sighting) { f[0].Server.Slots[0].Retained = 3 << 30 }, "The slot usw2 holds back 3.0 GiB of WAL on the disk of us-east-1", "disk"},
		"WAL about to go": {"", func(f []Sighting) { f[0].Server.Slots[0].Status = "unreserved" }, "The slot usw2 on us-east-1 is about to be given up", "max_slot_wal_keep_size"},
		"a slot of nobody's": {"", func(f []Sighting) {
			f[0].Server.Slots = append(f[0].Server.Slots, Slot{Name: "old", Status: "reserved", Retained: 100 << 20})
		}, "The slot old on us-east-1 belongs to no region", "Drop it"},
	} {
		t.Run(name, func(t *testing.T) {
			fleet := healthy()
			tt.broken(fleet)
			got := Causes(Assess(fleet, now), sites, tt.region)
			if tt.want == "" {
				if len(got) > 0 {
					t.Fatalf("causes were found where there are none: %+v", got)
				}
				return
			}
			if len(got) == 0 {
				t.Fatal("nothing was found")
			}
			if !strings.Contains(got[0].What, tt.want) || !strings.Contains(got[0].Now, tt.now) {
				t.Errorf("the first of %d causes is\n%q\n%q\nwant\n%q\n%q", len(got), got[0].What, got[0].Now, tt.want, tt.now)
			}
			for _, c := range got {
				if !strings.HasSuffix(c.What, ".") || c.Now != "" && !strings.HasSuffix(c.Now, ".") {
					t.Errorf("not whole sentences: %+v", c)
				}
			}
		})
	}
}

// TestWhatIsSeenComesBeforeWhatIsLikely has a replica that is dead and one
// that is slow.
func TestWhatIsSeenComesBeforeWhatIsLikely(t *testing.T) {
	now := time.Date(2026, 3, 2, 3, 4, 0, 0, time.UTC)
	streaming := &Receiver{Status: "streaming", LastMessage: now}
	fleet := Assess([]Sighting{
		{Region: "a", At: now, Answered: true, Server: Server{Flush: 1 << 30, Clock: now, FreeSenders: 1}},
		{Region: "b", At: now, Answered: true, Server: Server{InRecovery: true, Clock: now, Have: 1 << 30, Replay: 1 << 20, Receiver: streaming, Heartbeat: now}},
		{Region: "c", At: now, Answered: true, Server: Server{InRecovery: true, Clock: now, Heartbeat: now}},
	}, now)
	got := Causes(fleet, nil, "")
	if len(got) != 2 || got[0].Region != "c" || got[1].Region != "b" || got[0].Likely || !got[1].Likely {
		t.Errorf("got %+v", got)
	}
}
