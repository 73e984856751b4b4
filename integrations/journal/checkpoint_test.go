package journal_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/rap-analyzer/rapbot/integrations/journal"
)

// TestKilledWhileCarryingTheLogOver opens what a process leaves that is killed
// while SQLite carries its log over into the file: some pages of the file are
// new, the first among them, which speaks of more pages than there are.
func TestKilledWhileCarryingTheLogOver(t *testing.T) {
	t.Parallel()
	const many = 60 // their log is shorter than what SQLite carries over by itself
	path := empty(t)
	j := open(t, path)
	for i := range int64(many) {
		if _, err := j.Accept(t.Context(), busyDelivery(i)); err != nil {
			t.Fatal(err)
		}
	}
	left := filepath.Join(t.TempDir(), "journal.db")
	read := func(file string) []byte {
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	before, log := read(path), read(path+"-wal")
	if err := j.Close(); err != nil { // which carries all of it over
		t.Fatal(err)
	}
	const page = 4096
	after := read(path)
	if len(after) <= len(before) {
		t.Fatalf("the file has not grown: %d bytes before, %d after", len(before), len(after))
	}
	for name, b := range map[string][]byte{left: append(after[:page:page], before[page:]...), left + "-wal": log} {
		if err := os.WriteFile(name, b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	again, err := journal.Open(t.Context(), left)
	if err != nil {
		t.Fatal(err)
	}
	defer again.Close()
	pending, err := again.Pending(t.Context(), 2*many)
	if err != nil || len(pending) != many {
		t.Errorf("%d of %d deliveries are there (%v)", len(pending), many, err)
	}
}
