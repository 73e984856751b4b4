package play

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"sync"

	"golang.org/x/sync/errgroup"
)

// Series is many runs, in one world or in several side by side.
type Series struct {
	Options
	Seed     uint64
	Runs     []int        // their numbers
	Worlds   int          // that are played in side by side; one when 0
	Fresh    int          // runs after which a new world is started
	Keep     string       // a folder for what worlds with findings logged; nothing is kept when empty
	Findings int          // after so many broken runs it ends; 0 for never
	Told     func(Result) // after each run, one at a time
}

// Play plays the runs, and gives what came of each in the order of their numbers.
func (s Series) Play(ctx context.Context) ([]Result, error) {
	t := &table{Series: s}
	lanes, ctx := errgroup.WithContext(ctx)
	for range max(1, s.Worlds) {
		lanes.Go(func() error { return t.lane(ctx) })
	}
	err := lanes.Wait()
	slices.SortFunc(t.all, func(a, b Result) int { return cmp.Compare(a.Scenario.Run, b.Scenario.Run) })
	return t.all, err
}

// table is what the lanes of a series share.
type table struct {
	Series
	mu     sync.Mutex
	next   int // index of the next run
	worlds int
	broken int
	all    []Result
}

// take gives the number of the next run, until there is none or enough was found.
func (t *table) take() (n int, more bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.next == len(t.Runs) || t.Findings > 0 && t.broken >= t.Findings {
		return 0, false
	}
	t.next++
	return t.Runs[t.next-1], true
}

// keepResult takes in what came of a run.
func (t *table) keepResult(r Result) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if r.Broken() {
		t.broken++
	}
	t.all = append(t.all, r)
	t.Told(r)
}

func (t *table) newWorld() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.worlds++
	return t.worlds
}

// lane plays one world after the other.
func (t *table) lane(ctx context.Context) error {
	for n, more := t.take(); more; {
		world := t.newWorld()
		stage, err := Open(ctx, t.Options)
		if err != nil {
			return fmt.Errorf("start world %d: %w", world, err)
		}
		n, more, err = t.world(ctx, stage, world, n)
		if err = errors.Join(err, stage.Close()); err != nil {
			return err
		}
	}
	return nil
}

// world plays runs in one world from run n on, until it is used up, and gives the number of the run after the last.
func (t *table) world(ctx context.Context, stage *Stage, world, n int) (next int, more bool, err error) {
	for played := 1; ; played++ {
		result, beyond := stage.Play(ctx, Draw(t.Seed, n))
		if ctx.Err() != nil {
			return 0, false, ctx.Err()
		}
		result.World = world
		next, more = t.take()
		usedUp := !more || beyond != nil || played >= t.Fresh
		if usedUp && beyond == nil {
			result.Breaches = append(result.Breaches, stage.Final(ctx)...)
		}
		if result.Broken() {
			if err := stage.keep(t.Keep, n); err != nil {
				return 0, false, err
			}
		}
		if t.keepResult(result); usedUp {
			return next, more, nil
		}
		n = next
	}
}

// keep copies the logs and the journal of a world into a folder of the run's.
func (s *Stage) keep(folder string, n int) error {
	if folder == "" {
		return nil
	}
	into := filepath.Join(folder, fmt.Sprintf("run-%d", n))
	if err := os.MkdirAll(into, 0o755); err != nil {
		return err
	}
	journal := s.Facts().Bot.Journal
	files := map[string]string{"lab.log": s.log.Name(), "rapbot.log": s.Facts().Bot.Log, "rapbot.db": journal, "rapbot.db-wal": journal + "-wal"}
	for _, server := range s.Fleet.Servers() {
		files[server.Name+".log"] = server.LogFile()
	}
	for name, from := range files {
		if err := copyFile(filepath.Join(into, name), from); err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
	}
	return nil
}

func copyFile(to, from string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.Create(to)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	return errors.Join(err, out.Close())
}

// Breaches counts the broken promises of some results by invariant.
func Breaches(all []Result) map[string]int {
	count := map[string]int{}
	for _, r := range all {
		for _, b := range r.Breaches {
			count[b.Invariant]++
		}
	}
	return count
}
