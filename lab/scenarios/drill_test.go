package scenarios

import (
	"bytes"
	"flag"
	"image/png"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rap-analyzer/rapbot"
	"github.com/rap-analyzer/rapbot/lab/workspace"
)

var (
	allDrills = flag.Bool("drills", false, "TestDrill exercises an emergency too")
	keep      = flag.String("keep", "", "the folder in which TestDrill leaves the files of its reports")
)

// TestDrill exercises a change of primary there and back, and then reads what
// the thread of its card was given: a report and a picture.
func TestDrill(t *testing.T) {
	s := share(t)
	probe := s.Fleet.StartProbe()
	s.drills("")
	if *allDrills && !t.Failed() {
		s.drills(" --emergency")
	}
	s.onePrimary(probe)
}

// drills makes one drill, each leg approved by bob on its own card.
func (s *stage) drills(how string) {
	s.Helper()
	s.awaitSampled()
	home, away := s.primary(), s.aReplica()
	order, legs := "Drill: Switch over to ", []string{"Drill: Switch over to " + home}
	if how != "" {
		order, legs = "Drill: Fail over to ", []string{"Drill: Rejoin " + home, "Drill: Switch over to " + home}
	}
	first := s.asks("/rap drill "+away+how, order+away)
	s.succeeds(first)
	after := first.TS
	for _, title := range legs {
		card := s.sees("bob", "rap-ops", after, time.Minute, title, "awaiting approval")
		s.succeeds(card)
		after = card.TS
	}
	s.wholeFleet()
	if got := s.primary(); got != home {
		s.Errorf("after the drill %s is the primary, before it was %s", got, home)
	}
	files := s.attached(first.TS, 2)
	for name, content := range files {
		if *keep != "" {
			s.must(os.WriteFile(filepath.Join(*keep, strings.TrimSpace(how)+name), content, 0o644))
		}
	}
	for name, content := range files {
		switch filepath.Ext(name) {
		case ".png":
			picture, err := png.DecodeConfig(bytes.NewReader(content))
			s.must(err)
			s.Logf("%s: %d x %d", name, picture.Width, picture.Height)
		case ".txt":
			s.Logf("%s:\n%s", name, content)
			for _, words := range []string{home, away, "promote"} {
				if !strings.Contains(strings.ToLower(string(content)), words) {
					s.Errorf("the report has no word of %s", words)
				}
			}
		default:
			s.Errorf("a file %s", name)
		}
	}
}

// succeeds has bob approve a leg of a drill, which then succeeds.
func (s *stage) succeeds(card workspace.Message) {
	s.Helper()
	s.approves(card)
	if o := s.settles(card); o.State != rapbot.Succeeded || len(o.Warnings()) > 0 {
		s.Fatalf("the leg %s: %s %q", o.State.Is(), o.Outcome, o.Warnings())
	}
	if lost := s.newlyLost(); len(lost) > 0 {
		s.Logf("the leg lost %d rows", len(lost))
	}
}

// attached waits until a thread has that many files, and fetches them as
// somebody does who looks at them.
func (s *stage) attached(thread string, want int) map[string][]byte {
	s.Helper()
	found := map[string][]byte{}
	for deadline := time.Now().Add(time.Minute); len(found) < want; time.Sleep(100 * time.Millisecond) {
		if time.Now().After(deadline) {
			s.Fatalf("the thread has %d files, want %d", len(found), want)
		}
		messages, err := s.Slack.As("alice").Messages("rap-ops")
		s.must(err)
		for _, m := range messages {
			for _, file := range m.Files {
				if m.ThreadTS == thread {
					found[file.Name] = s.fetch(file.URLPrivate)
				}
			}
		}
	}
	return found
}

func (s *stage) fetch(address string) []byte {
	s.Helper()
	answer, err := http.Get(address)
	s.must(err)
	defer answer.Body.Close()
	content, err := io.ReadAll(answer.Body)
	s.must(err)
	return content
}
