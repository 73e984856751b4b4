package postgres_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/rap-analyzer/rapbot"
	"github.com/rap-analyzer/rapbot/integrations/postgres"
	"github.com/rap-analyzer/rapbot/lab/regions"
)

// A slot whose log is gone is lost on every version; newer ones say why, and
// since when nobody uses it.
func seesLostSlots(t *testing.T, lab *regions.Fleet, f *postgres.Fleet) {
	admin := login(t, lab.Region("us-east-1"), regions.Admin)
	slot := func() rapbot.Slot {
		for _, s := range region(t, f.Observe(t.Context()), "us-east-1").Server.Slots {
			if s.Name == "forgotten" {
				return s
			}
		}
		return rapbot.Slot{}
	}
	do(t, admin, "SELECT pg_create_physical_replication_slot('forgotten', true)")
	do(t, admin, "ALTER SYSTEM SET max_slot_wal_keep_size = '1MB'")
	do(t, admin, "SELECT pg_reload_conf()")
	for range 3 {
		do(t, admin, "CREATE TABLE filler ()")
		do(t, admin, "DROP TABLE filler")
		do(t, admin, "SELECT pg_switch_wal()")
	}
	eventually(t, "the replicas have it all, so that only the forgotten slot is behind", func() bool {
		return ask[bool](t, admin, "SELECT count(*) = 2 AND bool_and(flush_lsn >= pg_current_wal_flush_lsn()) FROM pg_stat_replication")
	})
	eventually(t, "the slot is lost", func() bool {
		do(t, admin, "CHECKPOINT")
		return slot().Status == "lost"
	})
	able, lost := region(t, f.Observe(t.Context()), "us-east-1").Server.Ability(), slot()
	if want := map[bool]string{true: "wal_removed"}[able.SlotReasons]; lost.Reason != want || lost.InactiveSince.IsZero() == able.SlotReasons {
		t.Errorf("on PostgreSQL %d the lost slot is %+v", able.Major, lost)
	}
	do(t, admin, "ALTER SYSTEM RESET max_slot_wal_keep_size")
	do(t, admin, "SELECT pg_reload_conf()")
	do(t, admin, "SELECT pg_drop_replication_slot('forgotten')")
}

// From 17 on ALTER SYSTEM can be forbidden, by a file that ALTER SYSTEM does
// not write.
func seesForbiddenAlterSystem(t *testing.T, lab *regions.Fleet, f *postgres.Fleet) {
	east := lab.Region("us-east-1")
	off := func() bool { return region(t, f.Observe(t.Context()), "us-east-1").Server.AlterSystemOff }
	if off() {
		t.Error("ALTER SYSTEM is said to be forbidden")
	}
	if able := region(t, f.Observe(t.Context()), "us-east-1").Server.Ability(); !able.AllowAlterSystem {
		t.Skipf("PostgreSQL %d always allows it", able.Major)
	}
	admin, file := login(t, east, regions.Admin), filepath.Join(filepath.Dir(east.DataDir()), "server.conf")
	settings, err := os.ReadFile(file)
	must(t, err)
	must(t, os.WriteFile(file, append(settings, "\nallow_alter_system = off\n"...), 0o600))
	do(t, admin, "SELECT pg_reload_conf()")
	eventually(t, "it is forbidden", off)
	must(t, os.WriteFile(file, settings, 0o600))
	do(t, admin, "SELECT pg_reload_conf()")
	eventually(t, "it is allowed again", func() bool { return !off() })
}

// Connections that others hold are not free; rapbot's own few come and go.
func countsConnections(t *testing.T, lab *regions.Fleet, f *postgres.Fleet) {
	free := func() int { return region(t, f.Observe(t.Context()), "eu-west-1").Server.FreeConnections }
	before := free()
	for range 10 {
		login(t, lab.Region("eu-west-1"), regions.App)
	}
	if now := free(); before > 60 || now > before-10+4 || now <= 0 {
		t.Errorf("%d connections were free of 60, and with 10 more taken %d", before, now)
	}
}
