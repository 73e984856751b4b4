package bot_test

import (
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/rap-analyzer/rapbot"
)

// TestPlannedForAWorldThatIsNoMore has a whole operation come and go while
// another one is being planned: that one must not be left waiting for an approval
// that can never be given.
func TestPlannedForAWorldThatIsNoMore(t *testing.T) {
	ctx := t.Context()
	p := newPlayer(&txtar.Archive{})
	if err := p.start(ctx); err != nil {
		t.Fatal(err)
	}
	if err := p.stimulus(ctx, "postgres", "stop us-east-1"); err != nil {
		t.Fatal(err)
	}
	alice := rapbot.Person{ID: "UALICE", Name: "alice"}
	wish := rapbot.Wish{Kind: rapbot.Failover, Region: "us-west-2"}
	p.world.meanwhile = func() {
		p.world.meanwhile = nil
		o, _, err := p.bot.Propose(ctx, alice, "rap-ops", wish, "")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := p.bot.Cancel(ctx, o.ID, alice); err != nil {
			t.Fatal(err)
		}
	}
	o, _, err := p.bot.Propose(ctx, alice, "rap-ops", wish, "")
	if rapbot.ErrorCode(err) != rapbot.Conflict || !strings.Contains(err.Error(), "Operation 1 has come to its end while this one was planned") {
		t.Errorf("have operation %q, %v", o.ID, err)
	}
}
