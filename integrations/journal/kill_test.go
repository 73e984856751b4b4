package journal_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/rap-analyzer/rapbot"
)

const lives = 5

// A process is killed again and again in the middle of writing. Whatever was
// acknowledged to it is there, in order and whole, and the next one goes on.
func TestKilledWhileWriting(t *testing.T) {
	t.Parallel()
	path := somewhere(t)
	said := []string{}
	for range lives {
		writer := start(t, "write", path)
		for range 3 + rand.IntN(40) {
			said = append(said, writer.line(t))
		}
		said = append(said, writer.kill()...)
		found := whatIsThere(t, path)
		for _, line := range said {
			if !found[line] {
				t.Fatalf("%q was acknowledged and is not there", line)
			}
		}
	}
	t.Logf("%d writes were acknowledged in %d lives, and all of them are there", len(said), lives)
}

// whatIsThere opens the journal after a kill and says what it holds, in the
// words of the writer.
func whatIsThere(t *testing.T, path string) map[string]bool {
	t.Helper()
	j := open(t, path)
	acquire(t, j)
	found := map[string]bool{}
	for _, o := range mustOpen(t, j) {
		for i, r := range o.Records {
			if i > 0 && r.Step != i {
				t.Fatalf("record %d holds %d", r.Seq, r.Step)
			}
			found[fmt.Sprint("record ", r.Seq)] = true
		}
	}
	pending, err := j.Pending(t.Context(), 100_000)
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range pending {
		if found["delivery "+d.Key] {
			t.Fatalf("%q is there twice", d.Key)
		}
		found["delivery "+d.Key] = true
	}
	samples, err := j.Since(t.Context(), time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	for len(samples) > 0 {
		seq := int(samples[0].Position)
		if diff := cmp.Diff(round(seq), samples[:min(regions, len(samples))]); diff != "" {
			t.Fatalf("round %d is not whole (-want +got)\n%s", seq, diff)
		}
		found[fmt.Sprint("round ", seq)] = true
		samples = samples[regions:]
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	if sound := ask(t, path, "PRAGMA integrity_check"); sound != "ok" {
		t.Fatalf("the file is damaged: %s", sound)
	}
	if broken := ask(t, path, "SELECT count(*) FROM pragma_foreign_key_check"); broken != "0" {
		t.Fatalf("%s rows lead nowhere", broken)
	}
	return found
}

func mustOpen(t *testing.T, j rapbot.Operations) []rapbot.Operation {
	t.Helper()
	all, err := j.Open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if len(all) != 1 {
		t.Fatalf("%d operations are open, want 1", len(all))
	}
	return all
}

// Several processes that start at once agree on who makes the journal.
func TestOpenedByManyAtOnce(t *testing.T) {
	t.Parallel()
	path := somewhere(t)
	var all []*process
	for range 5 {
		all = append(all, start(t, "open", path))
	}
	for _, p := range all {
		if got := p.line(t); !strings.HasPrefix(got, "opened") {
			t.Error(got)
		}
	}
	open(t, path)
}
