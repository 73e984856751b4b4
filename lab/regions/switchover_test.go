package regions

import (
	"context"
	"fmt"
	"testing"
	"time"
)

// A switchover as rapbot does it, by rapbot's own login, with the application writing and a probe watching all the while.
func TestSwitchoverByHand(t *testing.T) {
	f := newFleet(t)
	old, target := f.Region("us-east-1"), f.Region("us-west-2")
	ctx := within(t, 30*time.Second)
	w, err := f.StartWriter(WriterOptions{})
	must(t, err)
	probe := f.StartProbe()
	eventually(t, "500 rows acknowledged", func() bool { return w.Counters().Acknowledged >= 500 })
	onTarget := login(t, target.DSN(Rapbot))
	for _, slot := range []string{old.Slot, "euw1"} {
		do(t, onTarget, "SELECT rapbot.ensure_slot('"+slot+"')")
	}
	w.ResetGap()

	marker := drain(ctx, t, old)
	eventually(t, "the marker arrives", func() bool {
		return ask[bool](t, onTarget, "SELECT pg_last_wal_replay_lsn() >= '"+marker+"' AND EXISTS (SELECT FROM rapbot.journal WHERE step = 'marker')")
	})
	must(t, old.Stop(ctx))
	if f.pg.Able().WALInspect && !ask[bool](t, onTarget, `SELECT record_type = 'CHECKPOINT_SHUTDOWN' AND end_lsn = pg_last_wal_replay_lsn()
		FROM pg_get_wal_records_info('`+marker+`', pg_last_wal_replay_lsn()) ORDER BY start_lsn DESC LIMIT 1`) {
		t.Fatal("the target does not have the shutdown checkpoint")
	}
	do(t, onTarget, "SELECT pg_promote(false)")
	eventually(t, "the target is promoted", func() bool { return !ask[bool](t, onTarget, "SELECT pg_is_in_recovery()") })
	must(t, old.StartReplica(ctx))

	eventually(t, "all regions on timeline 2", func() bool {
		lines := f.Status(ctx)
		return lines[1].Role == "primary" && lines[1].Timeline == 2 && follows(lines[0], 2) && follows(lines[2], 2)
	})
	before := w.Counters().Acknowledged
	eventually(t, "200 more rows acknowledged", func() bool { return w.Counters().Acknowledged >= before+200 })
	t.Logf("longest gap %d ms", w.Counters().LongestGapMS)

	probe.Stop()
	w.Stop()
	expectNothingLost(t, w)
	if two := probe.TwoWritable(); len(two) > 0 {
		t.Errorf("two primaries at once: %+v", two[0])
	}
	expectWrites(t, probe, map[string]bool{"us-east-1 1": true, "us-west-2 2": true})
}

// drain sends the writers away from the old primary and leaves a marker behind everything they wrote.
func drain(ctx context.Context, t *testing.T, old *Server) string {
	t.Helper()
	conn := login(t, old.DSN(Rapbot))
	do(t, conn, "ALTER SYSTEM SET default_transaction_read_only = on")
	do(t, conn, "SELECT pg_reload_conf()")
	eventually(t, "the application is gone", func() bool {
		return ask[int](t, conn, `SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
			WHERE backend_type = 'client backend' AND usename <> 'rapbot'`) == 0
	})
	do(t, conn, "BEGIN READ WRITE; INSERT INTO rapbot.journal (op_id, step) VALUES ('test', 'marker'); COMMIT")
	return ask[string](t, conn, "SELECT pg_current_wal_flush_lsn()::text")
}

// expectWrites makes sure that the probe saw what it is trusted to see.
func expectWrites(t *testing.T, probe *Probe, want map[string]bool) {
	t.Helper()
	got := map[string]bool{}
	for _, s := range probe.Samples() {
		if s.Committed {
			got[fmt.Sprintf("%s %d", s.Server, s.Timeline)] = true
		}
		if s.End.Before(s.Start) || s.Committed && (s.Replica || s.LSN == 0 || s.At.After(s.End)) {
			t.Errorf("not possible: %+v", s)
		}
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("the probe wrote on %v, want %v", got, want)
	}
}
