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
	return m.Run()
}

// stage is a running world with what a test asks of it.
type stage struct {
	*testing.T
	*world.World
}

// open starts a world that ends with the test.
func open(t *testing.T) *stage {
	t.Helper()
	dir, err := os.MkdirTemp("", "rapbot-world-")
	if err != nil {
		t.Fatal(err)
	}
	w, err := world.Up(t.Context(), world.Options{
		Dir: dir, Binary: filepath.Join(binaries, "rapbot"), Instance: filepath.Join(binaries, "instance"),
		Writer: regions.WriterOptions{Workers: 4, Pause: 2 * time.Millisecond}, Links: *links,
	})
	if err != nil {
		os.RemoveAll(dir)
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if t.Failed() {
			log, _ := os.ReadFile(w.Facts().Bot.Log)
			lines := strings.Split(string(log), "\n")
			t.Logf("the end of rapbot's log:\n%s", strings.Join(lines[max(0, len(lines)-60):], "\n"))
		}
		if err := w.Close(); err != nil {
			t.Errorf("close the world: %v", err)
		}
		os.RemoveAll(dir)
	})
	return &stage{T: t, World: w}
}

// say has a person type something in the operations channel.
func (s *stage) say(person, words string) {
	s.Helper()
	if _, err := s.Slack.As(person).Say("rap-ops", words, ""); err != nil {
		s.Fatalf("%s: %s: %v", person, words, err)
	}
}

// click has a person press a button on a message.
func (s *stage) click(person string, m workspace.Message, button string) {
	s.Helper()
	if err := s.Slack.As(person).Click(workspace.Where{Channel: m.Channel, TS: m.TS}, button, false); err != nil {
		s.Fatalf("%s presses %s on [%s] %s: %v", person, button, m.TS, firstLine(m.Text), err)
	}
}

// sees waits until a person sees a message in a channel with all of these
// words, not looked at before ts, and returns it.
func (s *stage) sees(person, channel, after string, patience time.Duration, words ...string) workspace.Message {
	s.Helper()
	deadline := time.Now().Add(patience)
	for {
		messages, err := s.Slack.As(person).Messages(channel)
		if err != nil {
			s.Fatal(err)
		}
		for _, m := range messages {
			if m.TS > after && contains(m, words) {
				return m
			}
		}
		if time.Now().After(deadline) {
			s.Fatalf("%s does not see %q in %s after %s; there is:\n%s", person, words, channel, patience, told(messages))
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// newest is the timestamp of the newest message a person sees.
func (s *stage) newest(person, channel string) string {
	messages, err := s.Slack.As(person).Messages(channel)
	if err != nil {
		s.Fatal(err)
	}
	last := ""
	for _, m := range messages {
		last = max(last, m.TS)
	}
	return last
}

func contains(m workspace.Message, words []string) bool {
	for _, w := range words {
		if !strings.Contains(m.Text, w) && !strings.Contains(string(m.Blocks), w) {
			return false
		}
	}
	return true
}

func told(messages []workspace.Message) string {
	var b strings.Builder
	for _, m := range messages[max(0, len(messages)-8):] {
		fmt.Fprintf(&b, "  [%s] %s\n", m.TS, m.Text)
	}
	return b.String()
}
