package bot_test

import (
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/rap-analyzer/rapbot"
	"github.com/rap-analyzer/rapbot/alert"
)

// TestCardsComeFirst has one card that is up and one that is not: as long as
// one waits, the explanation of the other does too, but not for ever.
func TestCardsComeFirst(t *testing.T) {
	p := newPlayer(&txtar.Archive{})
	if err := p.start(t.Context()); err != nil {
		t.Fatal(err)
	}
	shown := arrive(t, p, "ReplicationLag")
	if err := p.book.Shown(t.Context(), shown.ID, rapbot.Ref{Channel: "rap-alerts", ID: "1"}, "firing", shown.ChangedAt); err != nil {
		t.Fatal(err)
	}
	arrive(t, p, "ApplicationDown")
	for _, step := range []struct {
		after time.Duration
		said  bool
	}{{0, false}, {59 * time.Second, false}, {2 * time.Second, true}, {2 * time.Second, false}} {
		p.clock.add(step.after)
		if err := p.bot.ExplainAlerts(t.Context()); err != nil {
			t.Fatal(err)
		}
		if said := p.chat.take(); strings.Contains(said, "#rap-alerts [1] thread") != step.said {
			t.Errorf("%s later it said %q", step.after, said)
		}
	}
}

// arrive takes an alert in and leaves its card to others.
func arrive(t *testing.T, p *player, name string) alert.Group {
	t.Helper()
	labels := map[string]string{"alertname": name, "region": "eu-west-1"}
	d := alert.Delivery{Key: name, ReceivedAt: p.clock.Now(), Receiver: "rapbot", Status: "firing", GroupLabels: labels, Alerts: []alert.Alert{{Status: "firing", Labels: labels}}}
	if _, err := p.book.Accept(t.Context(), d); err != nil {
		t.Fatal(err)
	}
	pending, err := p.book.Pending(t.Context(), 10)
	if err != nil || len(pending) != 1 {
		t.Fatal(pending, err)
	}
	g := alert.Group{}.Absorb(pending[0])
	if err := p.book.Absorb(t.Context(), g, pending[0].ID); err != nil {
		t.Fatal(err)
	}
	return g
}
