package journal

import (
	"path/filepath"
	"strings"
	"testing"
)

// The unsettled groups are looked for every few seconds: among all that ever
// fired they must be found without looking at each.
func TestUnsettledGroupsHaveAnIndex(t *testing.T) {
	t.Parallel()
	j, err := Open(t.Context(), filepath.Join(t.TempDir(), "journal.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer j.Close()
	var id, parent, unused int
	var how string
	if err := j.reader.QueryRowContext(t.Context(), "EXPLAIN QUERY PLAN "+unsettledGroups).Scan(&id, &parent, &unused, &how); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(how, "unsettled_groups") {
		t.Errorf("they are found by %q", how)
	}
}
