package bot_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/rap-analyzer/rapbot"
	"github.com/rap-analyzer/rapbot/alert"
	"github.com/rap-analyzer/rapbot/bot"
	"github.com/rap-analyzer/rapbot/integrations/alertmanager"
	"github.com/rap-analyzer/rapbot/integrations/journal/memory"
)

// picky is a chat that takes everything but one group, in the words of one
// that is out of order.
type picky struct{ *channelOfMany }

func (p picky) Post(ctx context.Context, to rapbot.Place, key string, m rapbot.Message) (rapbot.Ref, error) {
	if strings.HasSuffix(key, "Poison0") {
		return rapbot.Ref{}, &rapbot.Error{Code: rapbot.Unavailable, What: "internal_error"}
	}
	return p.channelOfMany.Post(ctx, to, key, m)
}

// TestOneGroupThatIsNeverTaken does not hold up the others behind it, though
// it is the worst.
func TestOneGroupThatIsNeverTaken(t *testing.T) {
	t.Parallel()
	book, chat, clock := memory.New(), picky{&channelOfMany{cards: map[string]string{}, tries: map[string]int{}}}, fastClock{time.Now()}
	for i, name := range []string{"Poison0", "Disk1", "Disk2", "Disk3"} {
		d, err := alertmanager.Decode(groupPayload(true, name, "eu-west-1", []string{"critical", "warning"}[min(i, 1)], 1, start, clock.Now()), clock.Now())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := book.Accept(t.Context(), d); err != nil {
			t.Fatal(err)
		}
	}
	b := bot.New(bot.Options{
		Fleet: newWorld(&fakeClock{now: start}, []string{"us-east-1"}), Samples: book, Operations: book, Inbox: book, Notes: book, Chat: chat, Directory: newDirectory(), Clock: clock, Holder: "test",
		AlertCard: func(g alert.Group, now time.Time) (rapbot.Message, error) {
			return alertmanager.Card(g, now, nil), nil
		}, AlertsChannel: "rap-alerts",
	})
	if err := b.Begin(t.Context()); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- b.Run(ctx) }()
	for end := time.Now().Add(time.Minute); b.AlertFigures().Posted < 3; time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("the others are not shown:", fmt.Sprint(chat.cards))
		}
	}
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if f := b.AlertFigures(); f.Waiting != 1 || f.Failed == 0 {
		t.Errorf("%+v", f)
	}
}
