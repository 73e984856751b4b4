package realnodes

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rap-analyzer/rapbot"
	"github.com/rap-analyzer/rapbot/lab/drive"
	"github.com/rap-analyzer/rapbot/lab/ledger"
	"github.com/rap-analyzer/rapbot/lab/wait"
	"github.com/rap-analyzer/rapbot/lab/workspace"
	"github.com/rap-analyzer/rapbot/lab/world"
)

// stage is the fleet with the real rapbot, and people who operate it.
type stage struct {
	*testing.T
	*Fleet
	world *world.World
	drive.People
	rows *Acknowledged
	gone map[string]bool // rows that are known to be lost
}

func open(t *testing.T) *stage {
	t.Helper()
	lab := start(t)
	f, err := lab.HandOver(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	w, err := world.Up(t.Context(), world.Options{
		Dir: filepath.Join(lab.Dir, "world"), Binary: lab.Rapbot, Regions: f.World(), Config: "deploy: {watch: 1s}\n", Log: t.Logf,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := w.Close(); err != nil {
			t.Errorf("close the world: %v", err)
		}
	})
	s := &stage{t, f, w, drive.People{World: w}, lab.Collect(), map[string]bool{}}
	t.Cleanup(s.rows.Close)
	return s
}

func (s *stage) must(err error) {
	s.Helper()
	if err != nil {
		seen, _ := s.world.Slack.As("alice").Messages(drive.Operations) // what she was told is a help
		s.Fatalf("%v\nalice sees:\n%s", err, drive.Told(seen))
	}
}

// within bounds one thing that is waited for.
func (s *stage) within(limit time.Duration) context.Context {
	ctx, cancel := context.WithTimeout(s.Context(), limit)
	s.Cleanup(cancel)
	return ctx
}

// does has alice ask for something and bob approve it, and gives the operation, how long it took to be proposed, and how long from the approval on.
func (s *stage) does(command, title, button, outcome string) (o rapbot.Operation, proposed, took time.Duration) {
	s.Helper()
	ctx := s.within(5 * time.Minute)
	asked := time.Now()
	card, err := s.People.Ask(ctx, command, title)
	s.must(err)
	approved := time.Now()
	s.must(s.Click("bob", card, button))
	card, err = s.AwaitTitle(ctx, card, outcome)
	s.must(err)
	took = time.Since(approved)
	s.Log(drive.FirstLine(card.Text))
	return s.operation(card), approved.Sub(asked), took
}

// operation is the operation that a card stands for, as rapbot's journal has it.
func (s *stage) operation(card workspace.Message) (found rapbot.Operation) {
	s.Helper()
	err := wait.Until(s.within(time.Minute), 50*time.Millisecond, func() bool {
		all, err := s.world.Operations(s.Context(), 3)
		s.must(err)
		for _, found = range all {
			if found.Card.ID == card.TS && found.State.Final() {
				return true
			}
		}
		return false // the card is up a moment before that is recorded
	})
	if err != nil {
		s.Fatalf("no operation in the journal stands on card [%s] %s", card.TS, card.Text)
	}
	return found
}

// state is what a region's server says of itself: whether it is in recovery, whose history it has, and how many stream from it.
type state struct {
	replica  bool
	lineage  string // the system and the timeline
	followed int
}

func (s *stage) state(ctx context.Context, region string) (st state, err error) {
	text, err := s.Fleet.Ask(ctx, s.Region(region), `SELECT pg_is_in_recovery(), system_identifier || ' timeline ' || CASE WHEN pg_is_in_recovery()
		THEN coalesce((SELECT received_tli FROM pg_stat_wal_receiver WHERE status = 'streaming'), 0) ELSE ('x' || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8))::bit(32)::int END,
		(SELECT count(*) FROM pg_stat_replication WHERE state = 'streaming') FROM pg_control_system()`)
	if err != nil {
		return st, err
	}
	fields := strings.Split(text, "|")
	if len(fields) != 3 {
		return st, fmt.Errorf("%s says %q", region, text)
	}
	st.replica, st.lineage = fields[0] == "t", fields[1]
	_, err = fmt.Sscan(fields[2], &st.followed)
	return st, err
}

// whole waits until one region is the primary and all others stream from it, on one history, and gives its name.
func (s *stage) whole() (primary string) {
	s.Helper()
	var trouble string
	err := wait.Until(s.within(2*time.Minute), 200*time.Millisecond, func() bool {
		primaries, lineages, followed := []string{}, map[string]bool{}, 0
		trouble = ""
		for _, r := range s.Regions() {
			st, err := s.state(s.Context(), r.Name)
			if err != nil {
				trouble = err.Error()
				return false
			}
			trouble += fmt.Sprintf("%s: %+v\n", r.Name, st)
			lineages[st.lineage] = true
			if !st.replica {
				primaries, followed = append(primaries, r.Name), st.followed
			}
		}
		if len(primaries) != 1 || len(lineages) != 1 || followed != len(Names)-1 {
			return false
		}
		primary = primaries[0]
		return true
	})
	if err != nil {
		s.Fatalf("the fleet is not whole: %v:\n%s", err, trouble)
	}
	return primary
}

// newlyLost are the rows that were acknowledged and that the primary has not got, without those that are known to be lost.
func (s *stage) newlyLost(primary string) (lost []ledger.Row) {
	s.Helper()
	acknowledged, err := s.rows.Rows() // before the table is read
	s.must(err)
	text, err := s.Fleet.Ask(s.within(time.Minute), s.Region(primary), ledger.KeySQL)
	s.must(err)
	for _, row := range ledger.Missing(acknowledged, strings.Split(strings.TrimSpace(text), "\n")) {
		if !s.gone[row.Key()] {
			s.gone[row.Key()] = true
			lost = append(lost, row)
		}
	}
	return lost
}

// acknowledged are the rows that count, in the order of their acknowledgement.
func (s *stage) acknowledged(counts func(ledger.Row) bool) (rows []ledger.Row) {
	s.Helper()
	all, err := s.rows.Rows()
	s.must(err)
	for _, row := range all {
		if counts(row) {
			rows = append(rows, row)
		}
	}
	slices.SortFunc(rows, func(a, b ledger.Row) int { return a.At.Compare(b.At) })
	return rows
}

// writes waits until that many rows that count were acknowledged, and gives the first one.
func (s *stage) writes(n int, counts func(ledger.Row) bool) ledger.Row {
	s.Helper()
	var rows []ledger.Row
	err := wait.Until(s.within(2*time.Minute), 100*time.Millisecond, func() bool {
		rows = s.acknowledged(counts)
		return len(rows) >= n
	})
	if err != nil {
		s.Fatalf("the application does not write: %d rows, want %d", len(rows), n)
	}
	return rows[0]
}

// since are the rows from a moment on.
func since(moment time.Time) func(ledger.Row) bool {
	return func(row ledger.Row) bool { return !row.At.Before(moment) }
}

// elsewhere are the rows from a moment on that were written outside of a region.
func elsewhere(region string, moment time.Time) func(ledger.Row) bool {
	return func(row ledger.Row) bool { return !row.At.Before(moment) && !strings.HasPrefix(row.Writer, region+"-") }
}

// longestGap is the longest time since a moment in which nothing was acknowledged.
func (s *stage) longestGap(moment time.Time) (longest time.Duration) {
	s.Helper()
	last := moment
	for _, row := range s.acknowledged(since(moment)) {
		longest = max(longest, row.At.Sub(last))
		last = row.At
	}
	return longest
}
