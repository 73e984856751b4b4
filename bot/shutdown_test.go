package bot_test

import (
	"context"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/rap-analyzer/rapbot"
	"github.com/rap-analyzer/rapbot/bot"
	"github.com/rap-analyzer/rapbot/cards"
)

// TestShutdownConcludesNothing stops rapbot between an approval and the start:
// what it could not look at any more must not be recorded as how the world is.
func TestShutdownConcludesNothing(t *testing.T) {
	ctx := t.Context()
	p := newPlayer(&txtar.Archive{})
	if err := p.start(ctx); err != nil {
		t.Fatal(err)
	}
	if err := p.stimulus(ctx, "alice", "/rap failover us-west-2"); err != nil {
		t.Fatal(err)
	}
	ref, button, err := p.chat.button("1", "Approve Switchover")
	if err != nil {
		t.Fatal(err)
	}
	p.bot.Handle(ctx, bot.Event{Kind: bot.ButtonPressed, User: "UBOB", Action: cards.ActionApprove, Value: button.Value, Message: ref})

	ended, cancel := context.WithCancel(ctx)
	cancel()
	if _, err := p.bot.Settle(ended); err == nil {
		t.Error("a bot that is being stopped settles without an error")
	}
	if o, _ := p.book.Operation(ctx, "1"); o.State != rapbot.Approved {
		t.Errorf("stopping made the operation %s: %s", o.State, o.Outcome)
	}
	if err := p.start(ctx); err != nil {
		t.Fatal(err)
	}
	if err := p.settle(ctx); err != nil {
		t.Fatal(err)
	}
	if o, _ := p.book.Operation(ctx, "1"); o.State != rapbot.Succeeded {
		t.Errorf("after the restart the operation is %s: %s", o.State, o.Outcome)
	}
}
