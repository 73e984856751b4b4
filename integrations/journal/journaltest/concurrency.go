package journaltest

import (
	"fmt"
	"testing"

	"github.com/rap-analyzer/rapbot"
)

// rivals is how many write at once.
const rivals = 16

var concurrencyPromises = []promise[rapbot.Operations]{
	{"Propose/of many at once exactly one begins", oneProposalWins},
	{"Append/of many at the same number exactly one is written", oneAppendWins},
	{"Append/many that try again are all written, without gaps", everyRetryLands},
}

func oneProposalWins(t *testing.T, j rapbot.Operations) {
	term := acquire(t, j)
	exactlyOne(t, together(rivals, func(int) error {
		_, err := j.Propose(t.Context(), term, proposal())
		return err
	}), rapbot.Conflict)
	same(t, len(must[[]rapbot.Operation](t)(j.History(t.Context(), rivals))), 1)
}

func oneAppendWins(t *testing.T, j rapbot.Operations) {
	term, o := proposed(t, j)
	exactlyOne(t, together(rivals, func(i int) error {
		r := record(2, rapbot.RecCard)
		r.Text = fmt.Sprint("rival ", i)
		_, err := j.Append(t.Context(), term, o.ID, r)
		return err
	}), rapbot.Conflict)
	same(t, must[rapbot.Operation](t)(j.Operation(t.Context(), o.ID)).Seq(), 2)
}

func everyRetryLands(t *testing.T, j rapbot.Operations) {
	term, o := proposed(t, j)
	for _, err := range together(rivals, func(i int) error { return appendUntilWritten(t, j, term, o.ID, fmt.Sprint("rival ", i)) }) {
		succeed(t, err)
	}
	told := map[string]int{}
	for _, r := range must[rapbot.Operation](t)(j.Operation(t.Context(), o.ID)).Records[1:] {
		told[r.Text]++
	}
	for i := range rivals {
		same(t, told[fmt.Sprint("rival ", i)], 1)
	}
}

func appendUntilWritten(t *testing.T, j rapbot.Operations, term rapbot.Term, id, text string) error {
	for {
		o, err := j.Operation(t.Context(), id)
		if err != nil {
			return err
		}
		r := record(o.Seq()+1, rapbot.RecCard)
		r.Text = text
		_, err = j.Append(t.Context(), term, id, r)
		if rapbot.ErrorCode(err) != rapbot.Conflict {
			return err
		}
	}
}
