package alert_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/rap-analyzer/rapbot/alert"
)

func TestSeverityRank(t *testing.T) {
	for label, want := range map[string]int{
		"critical": 0, " PAGE ": 0, "error": 1, "warning": 2, "info": 3,
		"": 2, "severe-ish": 2, // what is unknown is not taken lightly
	} {
		if got := alert.SeverityRank(label); got != want {
			t.Errorf("SeverityRank(%q) is %d, want %d", label, got, want)
		}
	}
}

// TestBrief: the worst of what fires counts, and nothing that comes from
// outside takes more than its place in one line.
func TestBrief(t *testing.T) {
	at := time.Date(2026, 3, 2, 3, 0, 0, 0, time.UTC)
	one := func(status, name, region, severity string, minutes int) alert.Alert {
		return alert.Alert{Status: status, Fingerprint: name + region, StartsAt: at.Add(time.Duration(minutes) * time.Minute), Labels: map[string]string{"alertname": name, "region": region, "severity": severity}}
	}
	d := alert.Delivery{Receiver: "r", Status: "firing", ReceivedAt: at, Truncated: 2, Alerts: []alert.Alert{
		one("firing", "Lag", "us-west-2", "Warning", 5), one("resolved", "Down", "us-east-1", "critical", 1), one("firing", "Lag", "eu-west-1", "error", 3),
	}}
	g := alert.Group{}.Absorb(d)
	want := alert.GroupBrief{ID: g.ID, Name: "Lag", Regions: "us-west-2, eu-west-1", Severity: "error", Rank: 1, Alerts: 4, From: at.Add(3 * time.Minute)}
	if diff := cmp.Diff(want, g.Brief()); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}

	d.Status, d.Truncated = "resolved", 0
	for i := range d.Alerts {
		d.Alerts[i].Status, d.Alerts[i].EndsAt = "resolved", at.Add(time.Duration(10+i)*time.Minute)
	}
	b := g.Absorb(d).Brief()
	if b.Rank != 0 || b.Alerts != 3 || !b.To.Equal(at.Add(12*time.Minute)) {
		t.Errorf("resolved: %+v", b)
	}

	var many []alert.Alert
	for _, name := range []string{strings.Repeat("é", 5000), "a\nb\x00c", "x", "y", "z"} {
		many = append(many, one("firing", name, name, name, 0))
	}
	b = alert.Group{}.Absorb(alert.Delivery{Status: "firing", Alerts: many}).Brief()
	for _, s := range []string{b.Name, b.Regions, b.Severity} {
		if len([]rune(s)) > 250 || strings.ContainsAny(s, "\n\x00") {
			t.Errorf("%d runes: %q", len([]rune(s)), s)
		}
	}
	if !strings.HasSuffix(b.Name, "…, a b c, x and more") {
		t.Errorf("%q", b.Name)
	}
}

func TestQueueSays(t *testing.T) {
	now := time.Date(2026, 3, 2, 3, 0, 0, 0, time.UTC)
	q := alert.Queue{Oldest: now.Add(-40 * time.Second)}
	for n, want := range map[int]string{0: "", 1: "1 alert group waits to be shown, for 40 s now.", 37: "37 alert groups wait to be shown, the oldest for 40 s."} {
		q.Groups = make([]alert.GroupBrief, n)
		if got := q.Say(now); got != want {
			t.Errorf("%d: %q, want %q", n, got, want)
		}
	}
}
