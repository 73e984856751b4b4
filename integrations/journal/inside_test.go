package journal

import (
	"path/filepath"
	"strings"
	"testing"
)

// What durability rests on is set on every connection that writes.
func TestSettings(t *testing.T) {
	t.Parallel()
	j, err := Open(t.Context(), filepath.Join(t.TempDir(), "journal.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer j.Close()
	for pragma, want := range map[string]string{"journal_mode": "wal", "synchronous": "2", "foreign_keys": "1", "busy_timeout": "5000"} {
		var got string
		if err := j.writer.QueryRowContext(t.Context(), "PRAGMA "+pragma).Scan(&got); err != nil || got != want {
			t.Errorf("%s is %s (%v), want %s", pragma, got, err, want)
		}
	}
	if _, err := j.reader.ExecContext(t.Context(), "DELETE FROM seen_keys"); err == nil {
		t.Error("a reader writes")
	}
	if n := j.writer.Stats().MaxOpenConnections; n != 1 {
		t.Errorf("%d connections write, want one", n)
	}
}

// What runs at every delivery looks at what it is after and at nothing else.
func TestPlans(t *testing.T) {
	t.Parallel()
	j, err := Open(t.Context(), filepath.Join(t.TempDir(), "journal.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer j.Close()
	for query, index := range map[string]string{
		pendingOldestFirst: "pending_deliveries",
		forgetAbsorbed:     "absorbed_deliveries",
		forgetKeys:         "seen_keys_by_time",
		unshownGroups:      "unshown_groups",
		onlyOpen:           "one_open_operation",
	} {
		rows, err := j.writer.QueryContext(t.Context(), "EXPLAIN QUERY PLAN "+query, make([]any, strings.Count(query, "?"))...)
		if err != nil {
			t.Fatal(err)
		}
		var plan strings.Builder
		for rows.Next() {
			var id, parent, unused int
			var detail string
			if err := rows.Scan(&id, &parent, &unused, &detail); err != nil {
				t.Fatal(err)
			}
			plan.WriteString(detail + "\n")
		}
		if err := rows.Close(); err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(plan.String(), index) {
			t.Errorf("%s\ndoes not use %s:\n%s", query, index, plan.String())
		}
	}
}
