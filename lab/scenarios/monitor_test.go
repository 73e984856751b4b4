package scenarios

import (
	"bytes"
	"fmt"
	"image/png"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/rap-analyzer/rapbot/lab/browser"
	"github.com/rap-analyzer/rapbot/lab/drive"
	"github.com/rap-analyzer/rapbot/lab/monitor"
	"github.com/rap-analyzer/rapbot/lab/regions"
	"github.com/rap-analyzer/rapbot/lab/wait"
	"github.com/rap-analyzer/rapbot/lab/workspace"
	"github.com/rap-analyzer/rapbot/lab/world"
)

// watched is a world with its monitoring.
type watched struct {
	*stage
	*monitor.Monitor
}

// openWatched has two Alertmanagers watch, which gossip or know nothing of each
// other; rapbot makes silences at those that gossip.
func openWatched(t *testing.T, gossip bool) watched {
	t.Helper()
	dir := t.TempDir()
	m, err := monitor.Prepare(monitor.Options{Dir: filepath.Join(dir, "monitor"), Alertmanagers: 2, Gossip: gossip, Shorten: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(m.Close)
	var silences []string
	if gossip {
		silences = m.AlertmanagerURLs()
	}
	w, err := world.Up(t.Context(), world.Options{
		Silencers: silences,
		Dir:       filepath.Join(dir, "world"), Binary: filepath.Join(binaries, "rapbot"), Instance: filepath.Join(binaries, "instance"),
		Writer: regions.WriterOptions{Workers: 2, Pause: 5 * time.Millisecond},
		Config: fmt.Sprintf("prometheus: {url: %q}\nreplication: {alert_above: %ds}\n", m.PrometheusURL(), monitor.Shortened),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		tellLog(t, w)
		if t.Failed() {
			t.Logf("the monitoring said:\n%s", m.Said())
		}
		if err := w.Close(); err != nil {
			t.Errorf("close the world: %v", err)
		}
	})
	hook := w.Facts().Webhook
	if err := m.Start(t.Context(), w.Fleet, hook.URL, hook.Token); err != nil {
		t.Fatal(err)
	}
	return watched{stage: &stage{T: t, World: w}, Monitor: m}
}

// TestLagAlert goes the whole way of an alert with the real programs: a replica
// stops replaying, its exporter tells, Prometheus finds a rule broken, two
// Alertmanagers that know nothing of each other notify, and there is one card
// with the cause and the picture in its thread, though rapbot is killed as soon
// as the card is up. The replica goes on, and the card says so. Then Prometheus
// is gone, and the lag is still drawn.
func TestLagAlert(t *testing.T) {
	s := openWatched(t, false)
	eu := s.Fleet.Region("eu-west-1")
	s.must(eu.PauseReplay(t.Context()))

	card := s.sees("bob", "rap-alerts", "", time.Minute, "Firing: ReplicationLag (1 alert)", "eu-west-1")
	if card.ThreadTS != "" {
		t.Errorf("the card is no message of the channel: %+v", card)
	}
	s.must(s.KillBot()) // before, while or after it explains: that is done once
	s.must(s.StartBot(t.Context()))
	why := s.sees("bob", "rap-alerts", card.TS, time.Minute, "Probable cause", "Replay is paused on eu-west-1", "rapbot has changed nothing")
	plot := s.sees("bob", "rap-alerts", card.TS, time.Minute, "eu-west-1 went past 3 s", "as Prometheus has it")
	for _, m := range []workspace.Message{why, plot} {
		if m.ThreadTS != card.TS {
			t.Errorf("it is not in the thread of the card: %q", m.Text)
		}
	}
	s.isPicture(plot)
	s.photograph("lag-alert")

	s.must(eu.ResumeReplay(t.Context()))
	resolved := s.sees("bob", "rap-alerts", "", time.Minute, "Resolved: ReplicationLag (1 alert)", "eu-west-1")
	if resolved.TS != card.TS {
		t.Errorf("the card was not edited: it is [%s], the alert was [%s]", resolved.TS, card.TS)
	}
	s.eachTells([]int{0, 0}, 2)
	s.oneOfEverything(card)

	s.say("alice", "/rap lag --bytes --since 5m")
	s.isPicture(s.sees("bob", "rap-ops", "", time.Minute, "never past 16.0 MiB", "as Prometheus has it"))

	s.must(s.Kill("prometheus"))
	s.say("alice", "/rap lag eu-west-1 --since 5m")
	own := s.sees("bob", "rap-ops", "", time.Minute, "eu-west-1 went past 3 s", "as rapbot has it", "Prometheus cannot be reached")
	s.isPicture(own)
}

// isPicture wants a message to carry a picture that a phone can show.
func (s watched) isPicture(m workspace.Message) {
	s.Helper()
	if len(m.Files) != 1 || m.Files[0].Mimetype != "image/png" || m.Files[0].AltText == "" {
		s.Fatalf("it has no picture: %+v", m.Files)
	}
	resp, err := http.Get(m.Files[0].URLPrivate)
	s.must(err)
	defer resp.Body.Close()
	picture, err := io.ReadAll(io.LimitReader(resp.Body, 4<<20))
	s.must(err)
	size, err := png.DecodeConfig(bytes.NewReader(picture))
	if err != nil || size.Width > 1200 {
		s.Errorf("it is no picture for a phone: %+v, %v", size, err)
	}
	if *screenshots != "" {
		s.must(os.WriteFile(filepath.Join(*screenshots, strings.TrimSuffix(m.Files[0].Title, ".")+".png"), picture, 0o644))
	}
}

// oneOfEverything wants these to be the only cards about the lag, whoever told of
// it, each with one explanation, one picture and one word of its end in its thread.
func (s watched) oneOfEverything(cards ...workspace.Message) {
	s.Helper()
	want := map[string]map[string]int{}
	for _, c := range cards {
		want[c.TS] = map[string]int{"card": 1, "explanation": 1, "picture": 1, "end": 1}
	}
	var diff string
	var messages []workspace.Message
	_ = wait.Until(s.within(time.Minute), 100*time.Millisecond, func() bool { // what is wrong then is told below
		var err error
		messages, err = s.Slack.As("bob").Messages("rap-alerts")
		s.must(err)
		diff = cmp.Diff(want, aboutLag(messages))
		return diff == ""
	})
	if diff != "" {
		s.Errorf("there is not one of everything (-want +got):\n%s%s", diff, drive.Told(messages))
	}
}

// isExplained waits until the thread of a card has said all that it says while
// the replica lags.
func (s watched) isExplained(card workspace.Message) {
	s.Helper()
	var messages []workspace.Message
	if err := wait.Until(s.within(time.Minute), 100*time.Millisecond, func() bool {
		var err error
		messages, err = s.Slack.As("bob").Messages("rap-alerts")
		s.must(err)
		thread := aboutLag(messages)[card.TS]
		return thread["explanation"] > 0 && thread["picture"] > 0
	}); err != nil {
		s.Fatalf("[%s] is not explained:\n%s", card.TS, drive.Told(messages))
	}
}

// aboutLag counts by the card what there is of cards about lags and in their threads.
func aboutLag(messages []workspace.Message) map[string]map[string]int {
	found := map[string]map[string]int{}
	for _, m := range messages {
		if m.ThreadTS == "" && drive.Contains(m, "ReplicationLag (1 alert)") {
			found[m.TS] = map[string]int{"card": 1}
		}
	}
	for _, m := range messages {
		thread, is := found[m.ThreadTS]
		if !is {
			continue
		}
		switch {
		case drive.Contains(m, "Probable cause"):
			thread["explanation"]++
		case len(m.Files) > 0:
			thread["picture"]++
		case drive.Contains(m, "Resolved: ReplicationLag (1 alert)"):
			thread["end"]++
		}
	}
	return found
}

// photograph shows the card and its thread as they stand on the page.
func (s watched) photograph(name string) {
	s.Helper()
	if *screenshots == "" {
		return
	}
	b := browser.Open(s.T, s.Facts().Page, *screenshots)
	b.Visit("bob", "rap-alerts")
	b.Message("Firing: ReplicationLag (1 alert)")
	b.Thread("went past 3 s")
	b.Shot(name)
}
