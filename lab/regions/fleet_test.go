package regions

import (
	"fmt"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// TestFleet takes one fleet through everything that leaves it as it was: us-east-1 the primary, the others streaming from it. The application
// writes all the while, and the probe watches.
func TestFleet(t *testing.T) {
	f := newFleet(t)
	t.Run("no writer yet", func(t *testing.T) { refusesWithoutWriter(t, f) })
	w, err := f.StartWriter(WriterOptions{})
	must(t, err)
	probe := f.StartProbe()
	for _, step := range []struct {
		name string
		run  func(*testing.T, *Fleet)
	}{
		{"streams", streams},
		{"roles", startsAreIdempotentAndRefuseTheOtherRole},
		{"restart", restartsAsItWas},
		{"kill", killAndStartAgain},
		{"freeze", freezeAndThaw},
		{"frozen ends", frozenServersEnd},
		{"cut upstream", startReplicaForgetsACutUpstream},
		{"cannot start", aServerThatCannotStartSaysWhy},
		{"rapbot may", rapbotMayDoItsWork},
		{"rapbot may not", rapbotMayNotDoMore},
		{"API", servesTheAPI},
	} {
		passed := t.Run(step.name, func(t *testing.T) {
			eventually(t, "the fleet is as it was", func() bool { return settled(f.Status(t.Context())) })
			step.run(t, f)
		})
		if !passed {
			t.FailNow() // what comes next would only say that the fleet is not as it was
		}
	}
	probe.Stop()
	w.Stop()
	expectNothingLost(t, w)
	if two := probe.TwoWritable(); len(two) > 0 {
		t.Errorf("two primaries at once: %+v", two[0])
	}
}

func settled(lines []*RegionStatus) bool {
	return lines[0].Role == "primary" && lines[0].Writable && follows(lines[1], 1) && follows(lines[2], 1)
}

func follows(line *RegionStatus, timeline int) bool {
	return line.Role == "replica" && line.Timeline == timeline && line.Streaming != nil && *line.Streaming
}

func expectNothingLost(t *testing.T, w *Writer) {
	t.Helper()
	check, err := w.Check(within(t, 5*time.Second))
	must(t, err)
	if len(check.Lost) > 0 || check.Found != check.Acknowledged || check.Found < 300 {
		t.Errorf("%+v", check)
	}
	if c := w.Counters(); c.Attempted != c.Acknowledged+c.Failed || c.LongestGapMS == 0 {
		t.Errorf("the writer has ended, and yet %+v", c)
	}
	t.Logf("%+v", w.Counters())
}

func streams(t *testing.T, f *Fleet) {
	_ = f.Status(t.Context()) // logs in
	began := time.Now()
	lines := f.Status(t.Context())
	t.Logf("status in %s", time.Since(began).Round(time.Millisecond))
	for _, line := range lines {
		if line.State != Running || line.Timeline != 1 || line.Error != "" || (line.LagBytes == nil) != (line.Role == "primary") {
			t.Errorf("%+v", line)
		}
	}
	conn := login(t, f.Region("us-east-1").DSN(Admin))
	rows, err := conn.Query(t.Context(), `SELECT application_name || ' ' || slot_name || ' ' || active
		FROM pg_stat_replication JOIN pg_replication_slots ON active_pid = pid ORDER BY 1`)
	must(t, err)
	got, err := pgx.CollectRows(rows, pgx.RowTo[string])
	must(t, err)
	if want := "[euw1 euw1 true usw2 usw2 true]"; fmt.Sprint(got) != want {
		t.Errorf("streams and slots are %v, want %s", got, want)
	}
	for setting, want := range map[string]string{"fsync": "on", "data_checksums": "on", "wal_log_hints": "on", "cluster_name": "us-east-1"} {
		if value := ask[string](t, conn, "SHOW "+setting); value != want {
			t.Errorf("%s is %s, want %s", setting, value, want)
		}
	}
}
