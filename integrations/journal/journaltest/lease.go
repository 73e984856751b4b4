package journaltest

import (
	"sync"
	"testing"

	"github.com/rap-analyzer/rapbot"
)

var leasePromises = []promise[rapbot.Operations]{
	{"Acquire/every holding has a newer term", newerTerms},
	{"Acquire/nothing is written before there is a holder", noHolder},
	{"Acquire/a superseded term writes nothing", supersededWritesNothing},
	{"Acquire/a term that was never given writes nothing", neverGiven},
	{"Acquire/no write of the old term lands after it returned", fencedUnderLoad},
}

func newerTerms(t *testing.T, j rapbot.Operations) {
	last := rapbot.Term(0)
	for range 5 {
		term := acquire(t, j)
		if term <= last {
			t.Fatalf("term %d follows term %d", term, last)
		}
		last = term
	}
}

func noHolder(t *testing.T, j rapbot.Operations) {
	for _, term := range []rapbot.Term{-1, 0, 1} {
		_, err := j.Propose(t.Context(), term, proposal())
		refuse(t, rapbot.Superseded, err)
	}
	same(t, len(must[[]rapbot.Operation](t)(j.History(t.Context(), 10))), 0)
}

func supersededWritesNothing(t *testing.T, j rapbot.Operations) {
	stale, o := proposed(t, j)
	fresh := acquire(t, j)

	_, err := j.Append(t.Context(), stale, o.ID, record(2, rapbot.RecAsked))
	refuse(t, rapbot.Superseded, err)
	_, err = j.Append(t.Context(), stale, "no such operation", record(2, rapbot.RecAsked))
	refuse(t, rapbot.Superseded, err)
	_, err = j.Propose(t.Context(), stale, proposal())
	refuse(t, rapbot.Superseded, err)
	same(t, must[rapbot.Operation](t)(j.Operation(t.Context(), o.ID)), o)

	must[rapbot.Operation](t)(j.Append(t.Context(), fresh, o.ID, record(2, rapbot.RecAsked)))
}

func neverGiven(t *testing.T, j rapbot.Operations) {
	term, o := proposed(t, j)
	_, err := j.Append(t.Context(), term+1, o.ID, record(2, rapbot.RecAsked))
	refuse(t, rapbot.Superseded, err)
	same(t, must[rapbot.Operation](t)(j.Operation(t.Context(), o.ID)), o)
}

// fencedUnderLoad acquires while the old holder keeps writing.
func fencedUnderLoad(t *testing.T, j rapbot.Operations) {
	stale, o := proposed(t, j)
	writing := make(chan struct{})
	var begun sync.Once
	var old sync.WaitGroup
	var stopped error
	old.Go(func() {
		for seq := 2; stopped == nil && seq < 500; seq++ {
			_, stopped = j.Append(t.Context(), stale, o.ID, record(seq, rapbot.RecTold))
			begun.Do(func() { close(writing) })
		}
	})
	<-writing
	acquire(t, j)
	at := must[rapbot.Operation](t)(j.Operation(t.Context(), o.ID)).Seq()
	old.Wait()
	refuse(t, rapbot.Superseded, stopped)
	same(t, must[rapbot.Operation](t)(j.Operation(t.Context(), o.ID)).Seq(), at)
}
