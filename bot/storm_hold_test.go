package bot_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/rap-analyzer/rapbot"
	"github.com/rap-analyzer/rapbot/alert"
	"github.com/rap-analyzer/rapbot/bot"
	"github.com/rap-analyzer/rapbot/integrations/alertmanager"
	"github.com/rap-analyzer/rapbot/integrations/journal/memory"
)

// between puts the recording of a card between the reading of its group and
// the absorbing of the next delivery into it.
type between struct {
	*memory.Journal
	posting, reading, recorded chan struct{}
	once                       sync.Once
}

func (b *between) Absorb(ctx context.Context, g alert.Group, numbers ...int64) error {
	if len(g.Firing) == 2 {
		b.once.Do(func() {
			close(b.reading) // the group was read, without a card
			<-b.recorded
		})
	}
	return b.Journal.Absorb(ctx, g, numbers...)
}

func (b *between) Shown(ctx context.Context, id string, card rapbot.Ref, told string, at time.Time) error {
	err := b.Journal.Shown(ctx, id, card, told, at)
	select {
	case <-b.recorded:
	default:
		time.AfterFunc(20*time.Millisecond, func() { close(b.recorded) }) // the queue has heard of it by then, or hears of it later: both must do
	}
	return err
}

// held is a chat whose first post waits.
type held struct {
	*channelOfMany
	b *between
}

func (h held) Post(ctx context.Context, to rapbot.Place, key string, m rapbot.Message) (rapbot.Ref, error) {
	select {
	case <-h.b.posting:
	default:
		close(h.b.posting)
		<-h.b.reading
	}
	return h.channelOfMany.Post(ctx, to, key, m)
}

// TestCardRecordedWhileAbsorbing: the group was read before its card was
// recorded, and is not taken for one without a card afterwards.
func TestCardRecordedWhileAbsorbing(t *testing.T) {
	t.Parallel()
	book := &between{Journal: memory.New(), posting: make(chan struct{}), reading: make(chan struct{}), recorded: make(chan struct{})}
	chat := held{&channelOfMany{cards: map[string]string{}, tries: map[string]int{}}, book}
	clock := fastClock{time.Now()}
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
	deliver := func(alerts int) {
		d, err := alertmanager.Decode(groupPayload(true, "Disk1", "eu-west-1", "warning", alerts, start, clock.Now()), clock.Now())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := book.Accept(t.Context(), d); err != nil {
			t.Fatal(err)
		}
		b.WakeAlerts()
	}
	deliver(1)
	<-book.posting
	deliver(2)
	for end := time.Now().Add(time.Minute); b.AlertFigures().Edited == 0 && b.AlertFigures().Posted < 2; time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("the card is not edited")
		}
	}
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if n := b.AlertFigures().Posted; n != 1 {
		t.Errorf("%d cards for one group", n)
	}
}
