package bot_test

import (
	"context"
	"runtime"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rap-analyzer/rapbot"
	"github.com/rap-analyzer/rapbot/alert"
	"github.com/rap-analyzer/rapbot/bot"
	"github.com/rap-analyzer/rapbot/integrations/journal/memory"
)

// slowInbox gives an acknowledgement the time to come between the reading of a
// group and the absorbing of a delivery into it.
type slowInbox struct {
	*memory.Journal
	press   func()
	pressed atomic.Bool
}

func (s *slowInbox) Absorb(ctx context.Context, g alert.Group, deliveries ...int64) error {
	if s.press != nil {
		press := s.press
		s.press = nil
		go func() { press(); s.pressed.Store(true) }()
		for i := 0; i < 20000 && !s.pressed.Load(); i++ {
			runtime.Gosched()
		}
	}
	return s.Journal.Absorb(ctx, g, deliveries...)
}

// TestAckMeetsDelivery: what Alertmanager says at the same moment does not undo
// an acknowledgement.
func TestAckMeetsDelivery(t *testing.T) {
	ctx := t.Context()
	clock, chat := &fakeClock{now: start}, &transcript{}
	inbox := &slowInbox{Journal: memory.New()}
	b := bot.New(bot.Options{
		Fleet: newWorld(clock, []string{"us-east-1", "us-west-2"}), Operations: inbox, Samples: inbox, Inbox: inbox, Notes: inbox, Chat: chat, Directory: newDirectory(), Clock: clock,
		AlertCard: func(alert.Group, time.Time) (rapbot.Message, error) {
			return rapbot.Message{Summary: "card"}, nil
		},
		AlertsChannel: "rap-alerts",
	})
	if err := b.Begin(ctx); err != nil {
		t.Fatal(err)
	}
	deliver := func(key string, alerts ...alert.Alert) {
		t.Helper()
		d := alert.Delivery{Key: key, Receiver: "rapbot", Status: "firing", ReceivedAt: clock.Now(), Alerts: alerts}
		if _, err := inbox.Accept(ctx, d); err != nil {
			t.Fatal(err)
		}
		if err := b.Show(ctx); err != nil {
			t.Fatal(err)
		}
	}
	one := alert.Alert{Status: "firing", Fingerprint: "a"}
	deliver("k1", one)
	ended := make(chan struct{})
	inbox.press = func() {
		defer close(ended)
		b.Handle(ctx, bot.Event{Kind: bot.ButtonPressed, User: "UALICE", Action: "alert-ack", Value: "1:", Message: rapbot.Ref{Channel: "rap-alerts", ID: "1"}})
	}
	one.Annotations = map[string]string{"value": "more"}
	deliver("k2", one)
	<-ended
	groups, err := inbox.Firing(ctx)
	if err != nil || len(groups) != 1 {
		t.Fatalf("%+v, %v", groups, err)
	}
	if groups[0].Acked == nil || groups[0].Latest.Key != "k2" {
		t.Errorf("acknowledged: %t, latest delivery %s", groups[0].Acked != nil, groups[0].Latest.Key)
	}
}
