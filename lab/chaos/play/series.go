package play

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// Series is many runs one after the other.
type Series struct {
	Options
	Seed     uint64
	Runs     []int        // their numbers
	Fresh    int          // runs after which a new world is started
	Keep     string       // a folder for what worlds with findings logged; nothing is kept when empty
	Findings int          // after so many broken runs it ends; 0 for never
	Told     func(Result) // after each run
}

// Play plays the runs, and gives what came of each.
func (s Series) Play(ctx context.Context) (all []Result, err error) {
	var stage *Stage
	world, played, broken := 0, 0, 0
	// finish ends a world: its rows are looked up once more, for the last run's account.
	finish := func() error {
		if stage == nil {
			return nil
		}
		if last := len(all) - 1; last >= 0 && all[last].Beyond == "" {
			all[last].Breaches = append(all[last].Breaches, stage.Final(ctx)...)
		}
		err := stage.Close()
		stage = nil
		return err
	}
	defer func() { err = errors.Join(err, finish()) }()
	for _, n := range s.Runs {
		if stage == nil {
			world++
			played = 0
			if stage, err = Open(ctx, s.Options); err != nil {
				return all, fmt.Errorf("start world %d: %w", world, err)
			}
		}
		result, beyond := stage.Play(ctx, Draw(s.Seed, n))
		if ctx.Err() != nil {
			return all, ctx.Err()
		}
		result.World = world
		all = append(all, result)
		s.Told(result)
		if result.Broken() {
			broken++
			if err := stage.keep(s.Keep, n); err != nil {
				return all, err
			}
		}
		if s.Findings > 0 && broken >= s.Findings {
			return all, nil
		}
		if played++; beyond != nil || played >= s.Fresh {
			if err := finish(); err != nil {
				return all, err
			}
		}
	}
	return all, nil
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
