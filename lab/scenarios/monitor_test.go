package scenarios

import (
	"bytes"
	"fmt"
	"image/png"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

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

func openWatched(t *testing.T) watched {
	t.Helper()
	dir := t.TempDir()
	m, err := monitor.Prepare(monitor.Options{Dir: filepath.Join(dir, "monitor"), Alertmanagers: 2, Shorten: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(m.Close)
	w, err := world.Up(t.Context(), world.Options{
		Dir: filepath.Join(dir, "world"), Binary: filepath.Join(binaries, "rapbot"), Instance: filepath.Join(binaries, "instance"),
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
	s := openWatched(t)
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
	for i, url := range s.AlertmanagerURLs() {
		s.hasNotified(i, url)
	}
	s.oneCard()

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

// oneCard wants everything about the lag to be on one card, whoever told of it.
func (s watched) oneCard() {
	s.Helper()
	messages, err := s.Slack.As("bob").Messages("rap-alerts")
	s.must(err)
	cards, causes := 0, 0
	for _, m := range messages {
		if m.ThreadTS == "" && drive.Contains(m, "ReplicationLag (1 alert)") {
			cards++
		}
		if drive.Contains(m, "Probable cause") {
			causes++
		}
	}
	if cards != 1 || causes != 1 {
		s.Errorf("there are %d cards and %d explanations, want one each:\n%s", cards, causes, drive.Told(messages))
	}
}

var notified = regexp.MustCompile(`(?m)^alertmanager_notifications_total\{[^}]*integration="webhook"[^}]*\} (\d+)$`)

// hasNotified waits until an Alertmanager has told of the alert and of its end.
func (s watched) hasNotified(i int, url string) {
	s.Helper()
	told := ""
	err := wait.Until(s.within(time.Minute), 100*time.Millisecond, func() bool {
		resp, err := http.Get(url + "/metrics")
		if err != nil {
			return false
		}
		defer resp.Body.Close()
		text, err := io.ReadAll(io.LimitReader(resp.Body, 4<<20))
		m := notified.FindSubmatch(text)
		if err != nil || m == nil {
			return false
		}
		told = string(m[1])
		return told != "0" && told != "1"
	})
	if err != nil {
		s.Fatalf("Alertmanager %d has notified %q times", i, told)
	}
}

// photograph shows the card and its thread as they stand on the page.
func (s watched) photograph(name string) {
	s.Helper()
	if *screenshots == "" {
		return
	}
	b := newBrowser(s.T, s.Facts().Page)
	b.visit("bob", "rap-alerts")
	b.message("Firing: ReplicationLag (1 alert)")
	b.thread("went past 3 s")
	b.shot(name)
}
