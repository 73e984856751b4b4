package scenarios

import (
	"context"
	"database/sql"
	"time"

	_ "modernc.org/sqlite" // the driver "sqlite"

	"github.com/rap-analyzer/rapbot"
	"github.com/rap-analyzer/rapbot/lab/wait"
	"github.com/rap-analyzer/rapbot/lab/workspace"
)

// operation is the operation that a card stands for, as rapbot's journal has
// it: what a card rounds is exact there, and it can be read while rapbot is
// dead.
func (s *stage) operation(card workspace.Message) rapbot.Operation {
	s.Helper()
	ctx, cancel := context.WithTimeout(s.Context(), 10*time.Second)
	defer cancel()
	var o rapbot.Operation
	err := wait.Until(ctx, 50*time.Millisecond, func() bool {
		all, err := s.Operations(s.Context(), 5)
		s.must(err)
		for _, o = range all {
			if o.Card.ID == card.TS {
				return true
			}
		}
		return false // the card is up a moment before that is recorded
	})
	if err != nil {
		s.Fatalf("no operation in the journal stands on card [%s] %s", card.TS, card.Text)
	}
	return o
}

// awaitSampled waits until rapbot has seen enough of the primary to bound what
// is lost with it.
func (s *stage) awaitSampled() {
	s.Helper()
	db, err := sql.Open("sqlite", "file:"+s.Facts().Bot.Journal+"?mode=ro&_pragma=busy_timeout(5000)")
	s.must(err)
	defer db.Close()
	primary := s.primary()
	var n int
	err = wait.Until(s.within(30*time.Second), 100*time.Millisecond, func() bool {
		s.must(db.QueryRowContext(s.Context(), "SELECT count(*) FROM samples WHERE region = ? AND role = 'primary' AND at > ?", primary, time.Now().Add(-time.Minute).UnixNano()).Scan(&n))
		return n >= 3
	})
	if err != nil {
		s.Fatalf("rapbot has kept %d samples of %s", n, primary)
	}
}

// awaitOperation waits until an operation is as wanted.
func (s *stage) awaitOperation(card workspace.Message, what string, patience time.Duration, wanted func(rapbot.Operation) bool) rapbot.Operation {
	s.Helper()
	var o rapbot.Operation
	err := wait.Until(s.within(patience), 20*time.Millisecond, func() bool {
		o = s.operation(card)
		return wanted(o)
	})
	if err != nil {
		s.Fatalf("operation %s does not come to be %s: it %s\n%s", o.ID, what, o.State.Is(), s.message(card).Text)
	}
	return o
}

// happened is when a record of that kind was last written.
func happened(o rapbot.Operation, kind rapbot.RecordKind) time.Time {
	var at time.Time
	for _, r := range o.Records {
		if r.Kind == kind {
			at = r.At
		}
	}
	return at
}
