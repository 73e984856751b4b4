package bot_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/rap-analyzer/rapbot"
	"github.com/rap-analyzer/rapbot/alert"
	"github.com/rap-analyzer/rapbot/bot"
	"github.com/rap-analyzer/rapbot/integrations/journal/memory"
)

// TestAcknowledgedIsNotEscalated: an acknowledgement of this time that the
// group fires keeps everybody else asleep; one of an earlier time does not.
func TestAcknowledgedIsNotEscalated(t *testing.T) {
	for name, c := range map[string]struct {
		acked *alert.Ack
		calls bool
	}{
		"nobody":                   {nil, true},
		"somebody":                 {&alert.Ack{By: rapbot.Person{ID: "UALICE"}, At: start.Add(time.Minute)}, false},
		"when it fired before":     {&alert.Ack{By: rapbot.Person{ID: "UALICE"}, At: start.Add(-time.Minute)}, true},
		"as soon as it was firing": {&alert.Ack{By: rapbot.Person{ID: "UALICE"}, At: start}, false},
	} {
		ctx, chat, book, clock := context.Background(), &transcript{}, memory.New(), &fakeClock{now: start.Add(10 * time.Minute)}
		b := bot.New(bot.Options{
			Inbox: book, Notes: book, Chat: chat, Clock: clock, Escalate: bot.Escalation{After: 10 * time.Minute, Group: "S0ONCALL"},
			AlertCard: func(alert.Group, time.Time) (rapbot.Message, error) { return rapbot.Message{}, nil },
		})
		d := alert.Delivery{Key: "k", ReceivedAt: start, Status: "firing", Alerts: []alert.Alert{{Status: "firing", Labels: map[string]string{"severity": "page"}}}}
		if _, err := book.Accept(ctx, d); err != nil {
			t.Fatal(err)
		}
		g := alert.Group{Card: rapbot.Ref{Channel: "rap-alerts", ID: "1"}}.Absorb(d)
		g.Acked = c.acked
		if err := book.Absorb(ctx, g, 1); err != nil {
			t.Fatal(err)
		}
		if err := b.TendAlerts(ctx); err != nil {
			t.Fatal(err)
		}
		if said := chat.take(); strings.Contains(said, "@S0ONCALL") != c.calls {
			t.Errorf("acknowledged by %s: said %q", name, said)
		}
	}
}

// TestWatchdogOff: without a watchdog its alert is one as any other.
func TestWatchdogOff(t *testing.T) {
	ctx, book := context.Background(), memory.New()
	b := bot.New(bot.Options{Inbox: book, Notes: book, Chat: &transcript{}, Clock: &fakeClock{now: start}})
	d := alert.Delivery{Key: "k", Status: "firing", Alerts: []alert.Alert{{Status: "firing", Labels: map[string]string{"alertname": "Watchdog"}}}}
	if fresh, err := b.Accept(ctx, d); err != nil || !fresh {
		t.Fatal(fresh, err)
	}
	if pending, err := book.Pending(ctx, 10); err != nil || len(pending) != 1 {
		t.Errorf("%d deliveries wait, %v", len(pending), err)
	}
}
