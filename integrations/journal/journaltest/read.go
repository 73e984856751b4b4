package journaltest

import (
	"strings"
	"testing"

	"github.com/rap-analyzer/rapbot"
)

var readPromises = []promise[rapbot.Operations]{
	{"Operation/knows no operation that is not there", operationNotFound},
	{"Open/returns what has not ended", openReturnsWhatHasNotEnded},
	{"History/newest first, limit at the most", historyNewestFirst},
}

// noSuchIDs may be anything that somebody typed.
var noSuchIDs = []string{
	"", "0", "-1", "+1", "01", "1 ", "1.0", "1e0", "0x1", "2", "999999", "9223372036854775808", "one",
	"1; DROP TABLE operations", "' OR 1=1 --", "1\x00", strings.Repeat("9", 10_000),
}

func operationNotFound(t *testing.T, j rapbot.Operations) {
	_, o := proposed(t, j)
	same(t, o.ID, "1")
	for _, id := range noSuchIDs {
		_, err := j.Operation(t.Context(), id)
		refuse(t, rapbot.NotFound, err)
		if len(err.Error()) > 200 {
			t.Errorf("the refusal repeats %d bytes of what was typed", len(err.Error()))
		}
	}
}

func openReturnsWhatHasNotEnded(t *testing.T, j rapbot.Operations) {
	same(t, len(must[[]rapbot.Operation](t)(j.Open(t.Context()))), 0)
	term, o := proposed(t, j)
	same(t, must[[]rapbot.Operation](t)(j.Open(t.Context())), []rapbot.Operation{o})

	o = must[rapbot.Operation](t)(j.Append(t.Context(), term, o.ID, records(2, rapbot.RecAsked, rapbot.RecApproved, rapbot.RecStarted)...))
	same(t, must[[]rapbot.Operation](t)(j.Open(t.Context())), []rapbot.Operation{o})

	must[rapbot.Operation](t)(j.Append(t.Context(), term, o.ID, record(5, rapbot.RecFailed)))
	same(t, len(must[[]rapbot.Operation](t)(j.Open(t.Context()))), 0)
}

func historyNewestFirst(t *testing.T, j rapbot.Operations) {
	same(t, len(must[[]rapbot.Operation](t)(j.History(t.Context(), 10))), 0)
	term := acquire(t, j)
	var newestFirst []rapbot.Operation
	for range 12 {
		o := must[rapbot.Operation](t)(j.Propose(t.Context(), term, proposal()))
		o = must[rapbot.Operation](t)(j.Append(t.Context(), term, o.ID, record(2, rapbot.RecCancelled)))
		newestFirst = append([]rapbot.Operation{o}, newestFirst...)
	}
	for _, limit := range []int{1, 5, 12} {
		same(t, must[[]rapbot.Operation](t)(j.History(t.Context(), limit)), newestFirst[:limit])
	}
	same(t, must[[]rapbot.Operation](t)(j.History(t.Context(), 100)), newestFirst)
	for _, limit := range []int{0, -1} {
		same(t, len(must[[]rapbot.Operation](t)(j.History(t.Context(), limit))), 0)
	}
}
