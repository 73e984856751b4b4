package journal

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/rap-analyzer/rapbot"
	"github.com/rap-analyzer/rapbot/integrations/journal/internal/ledger"
)

// What a rapbot left behind that did not run for days goes in pieces, none of
// which holds an operation up, until nothing of it is left.
func TestOldSamplesGoInPieces(t *testing.T) {
	t.Parallel()
	j, err := Open(t.Context(), filepath.Join(t.TempDir(), "journal.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer j.Close()
	start := time.Unix(1_700_000_000, 0)
	var old []rapbot.Sample
	for i := range 2*pruneMost + 1 {
		old = append(old, rapbot.Sample{At: start.Add(time.Duration(i) * time.Second), Region: "us-east-1"})
	}
	if err := j.Keep(t.Context(), old...); err != nil {
		t.Fatal(err)
	}
	for i, want := range []int{pruneMost + 2, 3, 3, 4} {
		now := old[len(old)-1].At.Add(ledger.KeepSamples + time.Duration(i+1)*time.Second)
		if err := j.Keep(t.Context(), rapbot.Sample{At: now, Region: "us-east-1"}); err != nil {
			t.Fatal(err)
		}
		left, err := j.Since(t.Context(), time.Time{})
		if err != nil {
			t.Fatal(err)
		}
		if len(left) != want {
			t.Errorf("after round %d there are %d samples, want %d", i+1, len(left), want)
		}
	}
}
