package bot_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/rap-analyzer/rapbot"
)

// TestLagWhereRapbotMayNotPost wants the picture in the operations channel, and
// the words with whoever asked.
func TestLagWhereRapbotMayNotPost(t *testing.T) {
	p := newPlayer(&txtar.Archive{})
	p.chat.closed = "elsewhere"
	if err := p.start(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := p.bot.Sample(t.Context()); err != nil {
		t.Fatal(err)
	}
	report, err := p.bot.Lag(t.Context(), "", time.Hour, false)
	if err != nil || len(report.Series) != 2 {
		t.Fatalf("%+v, %v", report, err)
	}
	words := rapbot.Message{Blocks: []rapbot.Block{rapbot.Paragraph{Text: rapbot.Say("The words.")}}}
	rest, err := p.bot.ShowLag(t.Context(), rapbot.Place{Channel: "elsewhere", Thread: "9"}, report, words)
	if err != nil || rest.Plain() != "The words.\nThe picture is in the operations channel: rapbot cannot post files here." {
		t.Errorf("left to say: %q, %v", rest.Plain(), err)
	}
	if said := p.chat.take(); !strings.Contains(said, "#rap-ops [] file lag.png") {
		t.Errorf("posted: %q", said)
	}
	rest, err = p.bot.ShowLag(t.Context(), rapbot.Place{Channel: "open", Thread: "9"}, report, words)
	if said := p.chat.take(); err != nil || len(rest.Blocks) > 0 || !strings.Contains(said, "#open [9] file lag.png") {
		t.Errorf("posted %q, left to say %q, %v", said, rest.Plain(), err)
	}
}

// TestLagIsBounded has a history that never answers.
func TestLagIsBounded(t *testing.T) {
	p := newPlayer(&txtar.Archive{})
	if err := p.start(t.Context()); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := p.bot.Lag(ctx, "", time.Hour, false); rapbot.ErrorCode(err) != rapbot.Unavailable {
		t.Errorf("got %v", err)
	}
}
