package monitor

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"strconv"
	"testing"
	"time"

	"github.com/rap-analyzer/rapbot/lab/alertmanager"
	"github.com/rap-analyzer/rapbot/lab/wait"
)

// pair is two Alertmanagers that gossip, and tell nobody.
func pair(t *testing.T) *Monitor {
	t.Helper()
	m, err := Prepare(Options{Dir: t.TempDir(), Alertmanagers: 2, Gossip: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Log(m.Said())
		}
		m.Close()
	})
	for i := range 2 {
		if err := m.startAlertmanager(i, "http://"+m.prometheus.Addr(), "token"); err != nil { // where nothing listens
			t.Fatal(err)
		}
	}
	for _, p := range m.programs {
		if err := p.awaitReady(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	return m
}

// says waits until the i-th of the two does.
func says(t *testing.T, when string, i int, want string, ask func(ctx context.Context, i int) (string, error)) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	var got string
	var err error
	if wait.Until(ctx, 100*time.Millisecond, func() bool {
		got, err = ask(ctx, i)
		return err == nil && got == want
	}) != nil {
		t.Fatalf("%s: Alertmanager %d says %q, want %q: %v", when, i, got, want, err)
	}
}

// TestGossip sees that a pair is one until it is cut in two, and one again
// afterwards: what it is told on one side is known on the other.
func TestGossip(t *testing.T) {
	m := pair(t)
	var both []*alertmanager.Server
	for _, url := range m.AlertmanagerURLs() {
		both = append(both, &alertmanager.Server{URL: url})
	}
	members := func(ctx context.Context, i int) (string, error) {
		n, err := m.Members(ctx, i)
		return strconv.Itoa(n), err
	}
	alert := func(name string) {
		for _, each := range both {
			if err := each.Send(t.Context(), alertmanager.Alert{Labels: map[string]string{"alertname": name}}); err != nil {
				t.Fatal(err)
			}
		}
	}
	state := func(name string) func(context.Context, int) (string, error) {
		return func(ctx context.Context, i int) (string, error) { return both[i].State(ctx, name) }
	}

	for i := range both {
		says(t, "whole", i, "2", members)
	}
	alert("First")
	for i := range both {
		says(t, "before the silence", i, "active", state("First"))
	}
	silence(t, both[0].URL, "First")
	for i := range both {
		says(t, "one was told of a silence", i, "suppressed", state("First"))
	}

	m.CutGossip()
	for i := range both {
		says(t, "cut", i, "1", members)
	}
	alert("Second")
	silence(t, both[1].URL, "Second")
	says(t, "cut, and told of a silence", 1, "suppressed", state("Second"))
	says(t, "cut, and told of no silence", 0, "active", state("Second"))

	m.HealGossip()
	for i := range both {
		says(t, "healed", i, "2", members)
		says(t, "healed", i, "suppressed", state("Second"))
	}
}

func silence(t *testing.T, url, alertname string) {
	t.Helper()
	now := time.Now().UTC()
	body, err := json.Marshal(map[string]any{
		"matchers": []map[string]any{{"name": "alertname", "value": alertname, "isRegex": false}},
		"startsAt": now, "endsAt": now.Add(time.Hour), "createdBy": "alice", "comment": "a test",
	})
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.Post(url+"/api/v2/silences", "application/json", bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		t.Fatalf("the silence of %s: %s", alertname, resp.Status)
	}
}
