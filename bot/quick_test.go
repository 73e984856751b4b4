package bot_test

import (
	"context"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/rap-analyzer/rapbot"
	"github.com/rap-analyzer/rapbot/bot"
	"github.com/rap-analyzer/rapbot/cards"
)

// TestPressedBeforeItIsNoted has somebody press the button of a card that Slack
// shows already, while the bot does not know yet where the card stands.
func TestPressedBeforeItIsNoted(t *testing.T) {
	ctx := t.Context()
	p := newPlayer(&txtar.Archive{})
	if err := p.start(ctx); err != nil {
		t.Fatal(err)
	}
	pressed := make(chan struct{})
	p.chat.posted = func(card rapbot.Ref) {
		p.chat.posted = nil
		go func() {
			defer close(pressed)
			p.bot.Handle(ctx, bot.Event{
				Kind: bot.ButtonPressed, User: "UBOB", Channel: "rap-ops", Action: cards.ActionApprove, Value: p.shownTicket("1"), Message: card,
				Reply: func(_ context.Context, m rapbot.Message) error { t.Errorf("bob is told %s", m.Plain()); return nil },
			})
		}()
		time.Sleep(100 * time.Millisecond) // for the press to come to where it waits
	}
	if err := p.stimulus(ctx, "alice", "/rap failover us-west-2"); err != nil {
		t.Fatal(err)
	}
	<-pressed
	if o, err := p.bot.Operation(ctx, "1"); err != nil || o.Approver == nil || o.Approver.ID != "UBOB" {
		t.Errorf("%+v, %v", o.Approver, err)
	}
}
