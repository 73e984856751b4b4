package scenarios

import (
	"io"
	"net/http"
	"regexp"
	"strconv"
	"testing"
	"time"

	"github.com/rap-analyzer/rapbot/lab/alertmanager"
	"github.com/rap-analyzer/rapbot/lab/wait"
)

// TestGossip has two Alertmanagers that gossip, as an HA pair does, tell of
// lagging replicas. While they hear of each other, a silence that somebody makes
// from the card, of which rapbot tells one of them, holds for both. Then the
// gossip is cut, and each of them tells rapbot everything: still there is one
// card a region, and one of everything in its thread. Whatever they have told is
// accounted for.
func TestGossip(t *testing.T) {
	s := openWatched(t, true)
	eu, us := s.Fleet.Region("eu-west-1"), s.Fleet.Region("us-west-2")
	s.members(2)

	s.must(eu.PauseReplay(t.Context()))
	card := s.sees("bob", "rap-alerts", "", time.Minute, "Firing: ReplicationLag (1 alert)", "eu-west-1", "Silence…")
	s.bothSay("active")
	s.click("alice", card, "Silence…")
	s.submit("alice", map[string]any{"for": "1h", "matchers": `alertname="ReplicationLag"`, "comment": "base backup"})
	card = s.sees("bob", "rap-alerts", "", time.Minute, "Firing: ReplicationLag (1 alert)", "Silenced by", "Expire Silence")
	s.bothSay("suppressed")
	s.click("bob", card, "Expire Silence")
	s.sees("bob", "rap-alerts", card.TS, time.Minute, "ended the silence")
	s.bothSay("active")
	whole := s.told()

	s.CutGossip()
	s.members(1)
	s.must(us.PauseReplay(t.Context()))
	other := s.sees("bob", "rap-alerts", card.TS, time.Minute, "Firing: ReplicationLag (1 alert)", "us-west-2")
	fired := s.eachTells(whole, 1)
	s.isExplained(card)
	s.isExplained(other)
	s.must(us.ResumeReplay(t.Context()))
	s.must(eu.ResumeReplay(t.Context()))
	s.eachTells(fired, 2)
	s.awaitTitle(card, "Resolved: ReplicationLag (1 alert)")
	s.awaitTitle(other, "Resolved: ReplicationLag (1 alert)")
	taken := s.accounted()
	t.Logf("before the cut the two told %v times, at last %v; rapbot took %d, and %d for the second time", whole, s.told(), taken["accepted"], taken["repeated"])
	s.oneOfEverything(card, other)
}

// members waits until each Alertmanager knows of so many, itself among them.
func (s watched) members(want int) {
	s.Helper()
	for i := range s.AlertmanagerURLs() {
		got := 0
		if err := wait.Until(s.within(2*time.Minute), 100*time.Millisecond, func() bool {
			var err error
			got, err = s.Members(s.Context(), i)
			return err == nil && got == want
		}); err != nil {
			s.Fatalf("Alertmanager %d knows of %d, want %d: %v", i, got, want, err)
		}
	}
}

// bothSay waits until each Alertmanager says so of the one lag that there is.
func (s watched) bothSay(state string) {
	s.Helper()
	for _, url := range s.AlertmanagerURLs() {
		s.alertIs(&alertmanager.Server{URL: url}, state)
	}
}

// told is how many times each Alertmanager has told rapbot something.
func (s watched) told() (times []int) {
	s.Helper()
	for _, url := range s.AlertmanagerURLs() {
		n := 0
		for _, one := range s.metrics(url, notified) {
			n += one
		}
		times = append(times, n)
	}
	return times
}

// eachTells waits until each Alertmanager has told so much more than before.
func (s watched) eachTells(before []int, more int) (now []int) {
	s.Helper()
	if err := wait.Until(s.within(time.Minute), 100*time.Millisecond, func() bool {
		now = s.told()
		for i, n := range now {
			if n < before[i]+more {
				return false
			}
		}
		return true
	}); err != nil {
		s.Fatalf("the two had told %v times, and now %v: each should have told %d more", before, now, more)
	}
	return now
}

var taken = regexp.MustCompile(`(?m)^rapbot_alertmanager_deliveries_total\{outcome="([a-z_]+)"\} (\d+)$`)

// notified counts what an Alertmanager tells a webhook, by what else is said of it.
var notified = regexp.MustCompile(`(?m)^alertmanager_notifications_total\{([^}]*integration="webhook"[^}]*)\} (\d+)$`)

// accounted waits until rapbot has taken as much as the Alertmanagers have told,
// and some of it as what it knew already.
func (s watched) accounted() (outcomes map[string]int) {
	s.Helper()
	var sum int
	if err := wait.Until(s.within(time.Minute), 100*time.Millisecond, func() bool {
		sum = 0
		for _, n := range s.told() {
			sum += n
		}
		outcomes = s.metrics(s.Facts().Bot.Health, taken)
		return outcomes["accepted"]+outcomes["repeated"] == sum && outcomes["repeated"] > 0
	}); err != nil {
		s.Errorf("the Alertmanagers have told %d times, and rapbot took %v", sum, outcomes)
	}
	return outcomes
}

// metrics are the figures in a program's metrics by what tells them apart.
func (s watched) metrics(url string, which *regexp.Regexp) map[string]int {
	s.Helper()
	resp, err := http.Get(url + "/metrics")
	s.must(err)
	defer resp.Body.Close()
	text, err := io.ReadAll(io.LimitReader(resp.Body, 4<<20))
	s.must(err)
	figures := map[string]int{}
	for _, m := range which.FindAllStringSubmatch(string(text), -1) {
		n, err := strconv.Atoi(m[2])
		s.must(err)
		figures[m[1]] = n
	}
	return figures
}
