package play

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/rap-analyzer/rapbot/lab/drive"
	"github.com/rap-analyzer/rapbot/lab/regions"
	"github.com/rap-analyzer/rapbot/lab/world"
)

// Options say what the runs are played with.
type Options struct {
	Dir      string               // a folder for the worlds' files
	Binary   string               // rapbot, built with the tag crashpoints
	Instance string               // the helper of the lab
	Log      func(string, ...any) // what the lab does, one line each
}

// Stage is a running world.
type Stage struct {
	*world.World
	people drive.People
	probe  *regions.Probe
	ledger *ledger
	dir    string
	log    *os.File

	ports   map[uint16]string
	secrets []secret
	lost    map[int64]bool // rows that a failover of an earlier run is known to have lost
	armed   bool           // rapbot was started so that it may still die at a crash point
	skewed  bool           // rapbot's clock was moved
	logRead int64          // how much of rapbot's log has been searched for secrets
	seenTS  string         // the newest message that has been searched
}

// Open starts a world.
func Open(ctx context.Context, opt Options) (_ *Stage, err error) {
	dir, err := os.MkdirTemp(opt.Dir, "world-")
	if err != nil {
		return nil, err
	}
	events, err := os.Create(filepath.Join(dir, "lab.log"))
	if err != nil {
		return nil, err
	}
	s := &Stage{dir: dir, log: events, lost: map[int64]bool{}, ports: map[uint16]string{}}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.Close())
		}
	}()
	s.World, err = world.Up(ctx, world.Options{
		Dir: dir, Binary: opt.Binary, Instance: opt.Instance, Links: true,
		Writer: regions.WriterOptions{Workers: 2, Pause: 4 * time.Millisecond}, Log: s.note,
	})
	if err != nil {
		return nil, err
	}
	s.people = drive.People{World: s.World}
	s.probe = s.Fleet.StartProbe()
	for _, server := range s.Fleet.Servers() {
		s.ports[uint16(s.Fleet.Link(regions.ViewerApp, server.Name).Port)] = server.Name
	}
	s.secrets = s.allSecrets()
	if s.ledger, err = openLedger(s.Facts().Bot.Journal); err != nil {
		return nil, err
	}
	return s, s.people.AwaitWhole(ctx)
}

// note writes what the lab does beside what the servers and rapbot log.
func (s *Stage) note(format string, args ...any) {
	fmt.Fprintf(s.log, "%s %s\n", time.Now().UTC().Format("15:04:05.000"), fmt.Sprintf(format, args...))
}

// Close ends the world and removes its files.
func (s *Stage) Close() error {
	var errs []error
	if s.ledger != nil {
		errs = append(errs, s.ledger.close())
	}
	if s.World != nil {
		errs = append(errs, s.World.Close())
	}
	errs = append(errs, s.log.Close(), os.RemoveAll(s.dir))
	return errors.Join(errs...)
}

// revive starts rapbot again when it is down.
func (s *Stage) revive(ctx context.Context, extra ...string) error {
	if s.BotPID() != 0 {
		return nil
	}
	s.armed, s.skewed = len(extra) > 0, false
	s.note("rapbot starts %v", extra)
	return s.StartBot(ctx, extra...)
}

// restart ends rapbot in an orderly way and starts it with more environment.
func (s *Stage) restart(ctx context.Context, extra ...string) error {
	if s.BotPID() != 0 {
		if err := s.StopBot(); err != nil && s.BotPID() != 0 {
			return err
		}
	}
	return s.revive(ctx, extra...)
}
