package clusters

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/rap-analyzer/rapbot/lab/drive"
	"github.com/rap-analyzer/rapbot/lab/workspace"
	"github.com/rap-analyzer/rapbot/lab/world"
)

// base is where the folders are: pods have a /tmp of their own, so that paths that begin with it are others to them.
const base = "/var/tmp"

// binaries is where TestMain put rapbot and the workload.
var binaries string

func TestMain(m *testing.M) { os.Exit(runTests(m)) }

func runTests(m *testing.M) int {
	dir, err := os.MkdirTemp(base, "rapbot-clusters-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	if err := os.Chmod(dir, 0o755); err != nil { // pods run as another user
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	if err := world.BuildThese(context.Background(), dir, []string{"./cmd/rapbot", "./lab/workload"}, "-tags", "crashpoints"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	binaries = dir
	return m.Run()
}

// stage is a fleet in clusters with the real rapbot and the people.
type stage struct {
	*testing.T
	*world.World
	drive.People
	fleet *Fleet
	play  *drive.Play
}

func open(t *testing.T) *stage {
	t.Helper()
	return openWith(t, Options{}, quick)
}

// quick is for deploys that are looked at when they are over.
const quick = "watch: 1s, give_up: 5s, timeout: 3m"

// openWith starts a fleet as opt says, with a rapbot whose configuration says
// that of deploys, and adds what is the same for all.
func openWith(t *testing.T, opt Options, deploys string) *stage {
	t.Helper()
	dir, err := os.MkdirTemp(base, "rapbot-fleet-")
	if err != nil {
		t.Fatal(err)
	}
	opt.Dir, opt.Workload, opt.Log = dir, filepath.Join(binaries, "workload"), t.Logf
	fleet, err := Start(t.Context(), opt)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := fleet.End(); err != nil {
			t.Errorf("close the clusters: %v", err)
		}
		if !t.Failed() {
			os.RemoveAll(dir)
		}
	})
	w, err := world.Up(t.Context(), world.Options{
		Dir: filepath.Join(dir, "world"), Binary: filepath.Join(binaries, "rapbot"), Regions: fleet.World(), Handler: fleet.Handler(),
		Config: "deploy: {" + deploys + fleet.argoConfig() + "}\n", Log: t.Logf,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("what is left is in %s", dir)
		}
		if err := w.Close(); err != nil {
			t.Errorf("close the world: %v", err)
		}
	})
	people := drive.People{World: w}
	return &stage{t, w, people, fleet, people.Record()}
}

// does has alice ask for something and bob approve it, and waits for the outcome.
func (s *stage) does(command, title, button, outcome string) workspace.Message {
	s.Helper()
	ctx, cancel := context.WithTimeout(s.Context(), 4*time.Minute)
	defer cancel()
	s.play.Did("alice", command)
	card, err := s.Ask(ctx, command, title)
	if err == nil {
		err = s.play.Look()
	}
	if err == nil {
		s.play.Pressed("bob", button, card)
		err = s.Click("bob", card, button)
	}
	if err == nil {
		card, err = s.AwaitTitle(ctx, card, outcome)
	}
	if err == nil {
		err = s.play.Look()
	}
	if err != nil {
		seen, _ := s.Slack.As("alice").Messages(drive.Operations) // what she was told is a help
		s.Fatalf("%v\nalice sees:\n%s", err, drive.Told(seen))
	}
	s.Log(card.Text)
	return card
}

// tells is what rapbot says to alice alone.
func (s *stage) tells(command string, words ...string) workspace.Message {
	s.Helper()
	ctx, cancel := context.WithTimeout(s.Context(), time.Minute)
	defer cancel()
	after, err := s.Newest("alice", drive.Operations)
	if err == nil {
		s.play.Did("alice", command)
		err = s.Say("alice", command)
	}
	var m workspace.Message
	if err == nil {
		m, err = s.See(ctx, "alice", drive.Operations, after, words...)
	}
	if err == nil {
		err = s.play.Look()
	}
	if err != nil {
		s.Fatal(err)
	}
	return m
}
