package postgres

import (
	"context"
	_ "embed" // the question
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/rap-analyzer/rapbot"
)

//go:embed standing.sql
var standingSQL string

// standing is what a step needs to know of one server, at this moment.
type standing struct {
	SystemID           string                   `json:"system_id"`
	Replica            bool                     `json:"replica"`
	ReadOnly           bool                     `json:"read_only"`
	Timeline           uint32                   `json:"timeline"`
	CheckpointTimeline uint32                   `json:"checkpoint_timeline"`
	Flush              rapbot.LSN               `json:"flush"`
	Have               rapbot.LSN               `json:"have"`
	Replay             rapbot.LSN               `json:"replay"`
	Waits              bool                     `json:"waits"`     // replica: replay has read all that is here
	SlotName           string                   `json:"slot_name"` // primary_slot_name
	Diverted           bool                     `json:"diverted"`  // primary_conninfo leads to another replica; see level
	Receiver           *rapbot.Receiver         `json:"receiver"`
	Slots              map[string]slot          `json:"slots"`  // physical ones
	Unsent             map[string]int64         `json:"unsent"` // primary: bytes that whoever streams from it lacks
	Marks              map[string]time.Duration `json:"marks"`  // of the operation: how old they are
}

// slot is a physical slot on that server.
type slot struct {
	Active bool `json:"active"` // somebody streams through it
	Lost   bool `json:"lost"`   // the log it was to keep is gone: nobody ever can again

	From rapbot.LSN `json:"from"` // the log that it keeps begins here
}

// marked reports whether a row of the operation is visible here.
func (s standing) marked(step string) bool {
	_, ok := s.Marks[step]
	return ok
}

// ask asks one server how it stands. Code Unavailable when it does not answer.
func (f *Fleet) ask(ctx context.Context, name, operation string) (standing, error) {
	return f.askWithin(ctx, f.opt.Timeout, name, operation)
}

func (f *Fleet) askWithin(ctx context.Context, most time.Duration, name, operation string) (standing, error) {
	var s standing
	err := f.onWithin(ctx, most, name, func(ctx context.Context, conn *pgx.Conn) error {
		var text []byte
		if err := conn.QueryRow(ctx, standingSQL, pgx.QueryExecModeCacheStatement, operation).Scan(&text); err != nil {
			return err
		}
		return json.Unmarshal(text, &s)
	})
	return s, err
}

// askBoth asks two servers at once.
func (f *Fleet) askBoth(ctx context.Context, a, b, operation string) (sa, sb standing, err error) {
	var errA, errB error
	var both sync.WaitGroup
	both.Go(func() { sa, errA = f.ask(ctx, a, operation) })
	both.Go(func() { sb, errB = f.ask(ctx, b, operation) })
	both.Wait()
	return sa, sb, errors.Join(errA, errB)
}

// on does work on one region's server, with the patience of a look. The work
// may be done twice; see link.
func (f *Fleet) on(ctx context.Context, name string, work func(context.Context, *pgx.Conn) error) error {
	return f.onWithin(ctx, f.opt.Timeout, name, work)
}

func (f *Fleet) onWithin(ctx context.Context, most time.Duration, name string, work func(context.Context, *pgx.Conn) error) error {
	r := f.region(name)
	if r == nil {
		return &rapbot.Error{Code: rapbot.Internal, What: fmt.Sprintf("No region %q is configured.", name)}
	}
	wait := patience(ctx, most)
	ctx, cancel := context.WithTimeout(ctx, wait)
	defer cancel()
	return f.silent(name, r.link.do(ctx, func(conn *pgx.Conn) error { return work(ctx, conn) }), wait)
}

// patience is how long an answer will be waited for: at most so long, and not
// beyond the caller's own deadline.
func patience(ctx context.Context, most time.Duration) time.Duration {
	if end, ok := ctx.Deadline(); ok {
		return max(0, min(most, time.Until(end)))
	}
	return most
}

// silent puts an error of the driver into words: code Unavailable. The driver's
// own text goes no further than here, because it may grow a password some day.
func (f *Fleet) silent(name string, err error, waited time.Duration) error {
	if err == nil {
		return nil
	}
	return &rapbot.Error{
		Code: rapbot.Unavailable,
		What: fmt.Sprintf("%s: %s.", name, fault(err, waited)),
		Now:  "Run /rap status to see what each region says.",
		Err:  noAnswer{answered: answered(err), refused: refused(err)},
	}
}

// noAnswer is what remains of a driver's error: whether a server spoke, and
// whether nothing listens there.
type noAnswer struct{ answered, refused bool }

func (n noAnswer) Error() string {
	switch {
	case n.answered:
		return "the server reports an error"
	case n.refused:
		return "nothing listens there"
	}
	return "no answer"
}

// unavailable is a step's trouble that may pass.
func unavailable(format string, args ...any) error {
	return &rapbot.Error{Code: rapbot.Unavailable, What: fmt.Sprintf(format, args...)}
}

// notNow is a step's pre-condition that does not hold: nothing was changed.
func notNow(format string, args ...any) error {
	return rapbot.Refuse(rapbot.Precondition, fmt.Sprintf(format, args...), "Run /rap status to see what each region says.")
}
