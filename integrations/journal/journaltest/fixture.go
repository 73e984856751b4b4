package journaltest

import (
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/rap-analyzer/rapbot"
)

var (
	noon  = time.Date(2026, 3, 29, 12, 0, 0, 123456789, time.UTC)
	alice = rapbot.Person{ID: "U1", Name: "alice"}
	bob   = rapbot.Person{ID: "U2", Name: "bob", Approver: true}
)

// aPlan has a step that can be undone and one that cannot.
func aPlan() rapbot.Plan {
	return rapbot.Plan{
		Kind: rapbot.Switchover, From: "us-east-1", To: "us-west-2", MadeAt: noon,
		Checks: []rapbot.Check{{Name: "lag", Verdict: rapbot.Warn, Detail: "4 s behind, the limit is 30 s", Fix: "wait"}},
		Steps: []rapbot.Step{
			{Kind: rapbot.StepBlock, Region: "us-east-1", Title: "Hold writes back", Deadline: 30 * time.Second, Undo: "let writes through"},
			{Kind: rapbot.StepPromote, Region: "us-west-2", Title: "Promote us-west-2", Deadline: time.Minute, Commits: true},
		},
		Impact: rapbot.Impact{WritePause: 12 * time.Second},
		Basis:  []rapbot.Fact{{Name: "primary", Value: "us-east-1"}},
	}
}

func proposal() rapbot.Record {
	plan, by := aPlan(), alice
	return rapbot.Record{
		Seq: 1, At: noon, Kind: rapbot.RecProposed, By: &by, Plan: &plan,
		Text: "disk of us-east-1 is dying", Channel: "C1", Expires: noon.Add(15 * time.Minute),
	}
}

// record is a record of that kind, as full as the table wants it.
func record(seq int, kind rapbot.RecordKind) rapbot.Record {
	r := rapbot.Record{Seq: seq, At: noon.Add(time.Duration(seq) * time.Second), Kind: kind}
	switch kind {
	case rapbot.RecApproved:
		by := bob
		r.By, r.Digest = &by, aPlan().Digest()
	case rapbot.RecRejected, rapbot.RecCancelled:
		by := bob
		r.By, r.Text = &by, "not tonight"
	case rapbot.RecTold:
		r.Step = seq - 1
	case rapbot.RecSucceeded, rapbot.RecFailed:
		r.Text = "That was it."
	}
	return r
}

// records numbers records of these kinds from seq on.
func records(seq int, kinds ...rapbot.RecordKind) []rapbot.Record {
	var out []rapbot.Record
	for i, k := range kinds {
		out = append(out, record(seq+i, k))
	}
	return out
}

func acquire(t *testing.T, j rapbot.Operations) rapbot.Term {
	t.Helper()
	return must[rapbot.Term](t)(j.Acquire(t.Context(), "a test"))
}

// proposed begins an operation under a new term.
func proposed(t *testing.T, j rapbot.Operations) (rapbot.Term, rapbot.Operation) {
	t.Helper()
	term := acquire(t, j)
	return term, must[rapbot.Operation](t)(j.Propose(t.Context(), term, proposal()))
}

// must returns what a call returned, and ends the test when it failed.
func must[V any](t *testing.T) func(V, error) V {
	return func(v V, err error) V {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func succeed(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// refuse wants an error of that code, told in whole sentences.
func refuse(t *testing.T, code rapbot.Code, err error) {
	t.Helper()
	if got := rapbot.ErrorCode(err); got != code {
		t.Fatalf("got code %q (%v), want %q", got, err, code)
	}
	if text := err.Error(); !strings.HasSuffix(text, ".") || !strings.Contains(text, "Nothing was changed.") {
		t.Errorf("the refusal does not say what has been changed: %q", text)
	}
}

func same(t *testing.T, got, want any) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

// together calls f n times at once and returns its errors.
func together(n int, f func(i int) error) []error {
	errs := make([]error, n)
	start := make(chan struct{})
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() {
			<-start
			errs[i] = f(i)
		})
	}
	close(start)
	all.Wait()
	return errs
}

// exactlyOne wants one success, and the rest refused with that code.
func exactlyOne(t *testing.T, errs []error, code rapbot.Code) {
	t.Helper()
	won := 0
	for _, err := range errs {
		if err == nil {
			won++
			continue
		}
		refuse(t, code, err)
	}
	if won != 1 {
		t.Errorf("%d of %d succeeded, want exactly one", won, len(errs))
	}
}
