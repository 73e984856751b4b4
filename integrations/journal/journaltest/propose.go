package journaltest

import (
	"strconv"
	"strings"
	"testing"

	"github.com/rap-analyzer/rapbot"
)

var proposePromises = []promise[rapbot.Operations]{
	{"Propose/begins an operation with its first record", beginsWithItsRecord},
	{"Propose/gives every operation a number of its own", numbersAscend},
	{"Propose/one at a time, and the error says which and what to type", oneAtATime},
	{"Propose/is possible again when the other has ended", possibleAfterTheEnd},
	{"Propose/takes a proposal only", proposalOnly},
}

func beginsWithItsRecord(t *testing.T, j rapbot.Operations) {
	_, o := proposed(t, j)
	want := must[rapbot.Operation](t)(rapbot.Replay(o.ID, []rapbot.Record{proposal()}))
	same(t, o, want)
	same(t, must[rapbot.Operation](t)(j.Operation(t.Context(), o.ID)), want)
}

func numbersAscend(t *testing.T, j rapbot.Operations) {
	term := acquire(t, j)
	last := 0
	for range 3 {
		o := must[rapbot.Operation](t)(j.Propose(t.Context(), term, proposal()))
		n := must[int](t)(strconv.Atoi(o.ID))
		if n <= last {
			t.Fatalf("operation %d follows operation %d", n, last)
		}
		last = n
		must[rapbot.Operation](t)(j.Append(t.Context(), term, o.ID, record(2, rapbot.RecCancelled)))
	}
}

func oneAtATime(t *testing.T, j rapbot.Operations) {
	term, o := proposed(t, j)
	path := []rapbot.RecordKind{rapbot.RecAsked, rapbot.RecApproved, rapbot.RecStarted, rapbot.RecQuestion}
	for i, kind := range path {
		o = must[rapbot.Operation](t)(j.Append(t.Context(), term, o.ID, record(2+i, kind)))
		_, err := j.Propose(t.Context(), term, proposal())
		refuse(t, rapbot.Conflict, err)
		for _, want := range []string{"Operation " + o.ID, string(o.State), "/rap show " + o.ID} {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("the refusal does not say %q: %s", want, err)
			}
		}
	}
	same(t, len(must[[]rapbot.Operation](t)(j.History(t.Context(), 10))), 1)
}

func possibleAfterTheEnd(t *testing.T, j rapbot.Operations) {
	term := acquire(t, j)
	running := []rapbot.RecordKind{rapbot.RecAsked, rapbot.RecApproved, rapbot.RecStarted}
	ends := [][]rapbot.RecordKind{
		{rapbot.RecAsked, rapbot.RecRejected},
		{rapbot.RecExpired},
		{rapbot.RecCancelled},
		append(running[:3:3], rapbot.RecSucceeded),
		append(running[:3:3], rapbot.RecFailed),
	}
	for _, end := range ends {
		o := must[rapbot.Operation](t)(j.Propose(t.Context(), term, proposal()))
		o = must[rapbot.Operation](t)(j.Append(t.Context(), term, o.ID, records(2, end...)...))
		if !o.State.Final() {
			t.Fatalf("%v ends nothing", end)
		}
	}
	must[rapbot.Operation](t)(j.Propose(t.Context(), term, proposal()))
}

func proposalOnly(t *testing.T, j rapbot.Operations) {
	term := acquire(t, j)
	second := proposal()
	second.Seq = 2
	unsigned := proposal()
	unsigned.By = nil
	for _, r := range []rapbot.Record{record(1, rapbot.RecAsked), second, unsigned, {Seq: 1, Kind: "no such kind"}} {
		_, err := j.Propose(t.Context(), term, r)
		refuse(t, rapbot.Internal, err)
	}
	same(t, len(must[[]rapbot.Operation](t)(j.History(t.Context(), 10))), 0)
	must[rapbot.Operation](t)(j.Propose(t.Context(), term, proposal()))
}
