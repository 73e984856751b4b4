package clusters

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// Rows are read on from where the last look ended, and a gap is one in all files together.
func TestRowsAreReadOn(t *testing.T) {
	r := rows{dir: t.TempDir(), read: map[string]int64{}}
	if counters, err := r.counters(); counters != nil || err != nil {
		t.Errorf("before there is a row: %v, %v", counters, err)
	}
	began := time.Now().Add(-time.Minute)
	note := func(file string, number int, after time.Duration) {
		t.Helper()
		f, err := os.OpenFile(filepath.Join(r.dir, file), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		if _, err := fmt.Fprintln(f, file+"-A", number, began.Add(after).Format(time.RFC3339Nano)); err != nil {
			t.Fatal(err)
		}
	}
	note("us-east-1", 1, 0)
	note("us-east-1", 2, 4*time.Second)
	note("us-west-2", 1, time.Second) // which halves the gap
	all, err := r.look()
	if err != nil || len(all) != 3 || r.longest != 3*time.Second {
		t.Errorf("%d rows, longest gap %s, %v", len(all), r.longest, err)
	}
	note("us-west-2", 2, 9*time.Second)
	all, err = r.look()
	if err != nil || len(all) != 4 || all[3].Key() != "us-west-2-A 2" || r.longest != 5*time.Second {
		t.Errorf("%d rows, longest gap %s, %v", len(all), r.longest, err)
	}
	note("us-east-1", 3, 9*time.Second)
	if err := os.WriteFile(filepath.Join(r.dir, "us-west-9"), []byte("no row\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for range 2 { // what is no row is said again and again, and loses none that was read beside it
		if all, err := r.look(); err == nil || len(all) != 5 {
			t.Errorf("%d rows, %v", len(all), err)
		}
	}
	r.resetGap()
	if r.longest != 0 {
		t.Errorf("longest gap %s", r.longest)
	}
}
