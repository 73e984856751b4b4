package scenarios

import (
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rap-analyzer/rapbot/lab/drive"
	"github.com/rap-analyzer/rapbot/lab/regions"
	"github.com/rap-analyzer/rapbot/lab/workspace"
	"github.com/rap-analyzer/rapbot/lab/world"
)

var links = flag.Bool("links", false, "run every world with links between the regions, the bot and the application")

// binaries is where TestMain put rapbot and its helper.
var binaries string

func TestMain(m *testing.M) { os.Exit(runTests(m)) }

func runTests(m *testing.M) int {
	dir, err := os.MkdirTemp("", "rapbot-scenarios-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	// The tag adds the points at which the tests make rapbot die.
	if _, _, err := world.Build(context.Background(), dir, func(string, ...any) {}, "-tags", "crashpoints"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	binaries = dir
	defer leave()
	return m.Run()
}

// stage is a running world with what a test asks of it.
type stage struct {
	*testing.T
	*world.World
	gone map[int64]bool // acknowledged rows that earlier emergencies of this world have lost
}

// open starts a world that ends with the test.
func open(t *testing.T) *stage {
	t.Helper()
	return openWith(t, *links)
}

// openWith says whether there are links, without which no region goes dark.
func openWith(t *testing.T, linked bool) *stage {
	t.Helper()
	w, end := raise(t, linked)
	t.Cleanup(func() {
		tellLog(t, w)
		if err := end(); err != nil {
			t.Errorf("close the world: %v", err)
		}
	})
	return &stage{T: t, World: w}
}

// raise starts a world, and says how it is ended.
func raise(t *testing.T, linked bool) (w *world.World, end func() error) {
	t.Helper()
	dir, err := os.MkdirTemp("", "rapbot-world-")
	if err != nil {
		t.Fatal(err)
	}
	w, err = world.Up(t.Context(), world.Options{
		Dir: dir, Binary: filepath.Join(binaries, "rapbot"), Instance: filepath.Join(binaries, "instance"),
		Writer: regions.WriterOptions{Workers: 4, Pause: 2 * time.Millisecond}, Links: linked, Silences: true,
	})
	if err != nil {
		os.RemoveAll(dir)
		t.Fatal(err)
	}
	return w, func() error {
		defer os.RemoveAll(dir)
		return w.Close()
	}
}

// tellLog shows the end of rapbot's log when the test has failed.
func tellLog(t *testing.T, w *world.World) {
	if t.Failed() {
		log, _ := os.ReadFile(w.Facts().Bot.Log)
		lines := strings.Split(string(log), "\n")
		t.Logf("the end of rapbot's log:\n%s", strings.Join(lines[max(0, len(lines)-60):], "\n"))
	}
}

// people are those of the stage's world.
func (s *stage) people() drive.People { return drive.People{World: s.World} }

// must fails the test when what people tried was not possible.
func (s *stage) must(err error) {
	s.Helper()
	if err != nil {
		s.Fatal(err)
	}
}

// within bounds a wait, most of which is for a loaded machine.
func (s *stage) within(patience time.Duration) context.Context {
	ctx, cancel := context.WithTimeout(s.Context(), patience)
	s.Cleanup(cancel)
	return ctx
}

// say has a person type something in the operations channel.
func (s *stage) say(person, words string) {
	s.Helper()
	s.must(s.people().Say(person, words))
}

// click has a person press a button on a message.
func (s *stage) click(person string, m workspace.Message, button string) {
	s.Helper()
	s.must(s.people().Click(person, m, button))
}

// sees waits until a person sees a message in a channel with all of these
// words, newer than after, and returns it.
func (s *stage) sees(person, channel, after string, patience time.Duration, words ...string) workspace.Message {
	s.Helper()
	m, err := s.people().See(s.within(patience), person, channel, after, words...)
	s.must(err)
	return m
}

// newest is the timestamp of the newest message a person sees.
func (s *stage) newest(person, channel string) string {
	s.Helper()
	last, err := s.people().Newest(person, channel)
	s.must(err)
	return last
}

func contains(m workspace.Message, words []string) bool { return drive.Contains(m, words...) }
