package postgres_test

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"github.com/rap-analyzer/rapbot/integrations/postgres"
	"github.com/rap-analyzer/rapbot/lab/regions"
)

// state is everything of the servers that an operation might leave changed:
// settings, files of settings, slots and roles, by region.
type state map[string]map[string]string

func stateOf(t *testing.T, lab *regions.Fleet) state {
	t.Helper()
	all := state{}
	for _, s := range lab.Servers() {
		all[s.Name] = stateOn(t, s)
	}
	return all
}

func stateOn(t *testing.T, s *regions.Server) map[string]string {
	t.Helper()
	conn := login(t, s, regions.Admin)
	of := collect(t, conn, "SELECT 'setting ' || name, setting || ' from ' || source FROM pg_settings")
	for name, slot := range collect(t, conn, "SELECT 'slot ' || slot_name, slot_type FROM pg_replication_slots") {
		of[name] = slot
	}
	of["replica"] = fmt.Sprint(ask[bool](t, conn, "SELECT pg_is_in_recovery()"))
	auto, err := os.ReadFile(filepath.Join(s.DataDir(), "postgresql.auto.conf"))
	must(t, err)
	// ALTER SYSTEM writes a setting to the end of the file, so their order says nothing.
	lines := strings.Split(string(auto), "\n")
	slices.Sort(lines)
	of["postgresql.auto.conf"] = strings.Join(lines, "\n")
	must(t, conn.Close(t.Context()))
	return of
}

// expectSameSettings fails unless a server's settings are as they were; its
// role and its slots may have changed.
func expectSameSettings(t *testing.T, before, after map[string]string) {
	t.Helper()
	ofRole := func(name, _ string) bool {
		return name == "replica" || strings.HasPrefix(name, "slot ") || name == "setting in_hot_standby" || name == "setting transaction_read_only"
	}
	before, after = maps.Clone(before), maps.Clone(after)
	maps.DeleteFunc(before, ofRole)
	maps.DeleteFunc(after, ofRole)
	if diff := cmp.Diff(before, after); diff != "" {
		t.Errorf("something is left behind (- before, + after):\n%s", diff)
	}
}

func collect(t *testing.T, conn *pgx.Conn, question string) map[string]string {
	t.Helper()
	rows, err := conn.Query(within(t, 10*time.Second), question)
	must(t, err)
	out := map[string]string{}
	var name, value string
	_, err = pgx.ForEachRow(rows, []any{&name, &value}, func() error {
		out[name] = value
		return nil
	})
	must(t, err)
	return out
}

// expectSame fails unless the servers are as they were.
func expectSame(t *testing.T, before, after state) {
	t.Helper()
	if diff := cmp.Diff(before, after); diff != "" {
		t.Errorf("something is left behind (- before, + after):\n%s", diff)
	}
}

func eventuallyHealthy(t *testing.T, f *postgres.Fleet) {
	t.Helper()
	eventually(t, "everybody streams from the one primary", func() bool { return len(f.Observe(t.Context()).Contradictions()) == 0 })
}

// expectWrites fails unless the application's writer gets rows acknowledged.
func expectWrites(t *testing.T, w *regions.Writer) {
	t.Helper()
	before := w.Counters().Acknowledged
	eventually(t, "rows are acknowledged", func() bool { return w.Counters().Acknowledged > before+50 })
}

// expectNothingLost ends writer and probe and looks every row up.
func expectNothingLost(t *testing.T, w *regions.Writer, p *regions.Probe) {
	t.Helper()
	p.Stop()
	w.Stop()
	result, err := w.Check(within(t, 10*time.Second))
	must(t, err)
	if len(result.Lost) > 0 || result.Found != result.Acknowledged {
		t.Errorf("%d of %d acknowledged rows are lost", len(result.Lost), result.Acknowledged)
	}
	if two := p.TwoWritable(); len(two) > 0 {
		t.Errorf("two primaries at once: %+v", two[0])
	}
	t.Logf("%d rows acknowledged, %d lost", result.Acknowledged, len(result.Lost))
}
