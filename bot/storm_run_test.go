package bot_test

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rap-analyzer/rapbot"
	"github.com/rap-analyzer/rapbot/alert"
	"github.com/rap-analyzer/rapbot/bot"
	"github.com/rap-analyzer/rapbot/integrations/alertmanager"
	"github.com/rap-analyzer/rapbot/integrations/journal/memory"
)

// channelOfMany is a chat that many use at once: it takes a moment for
// everything, and knows what was said by its key.
type channelOfMany struct {
	rapbot.Chat
	mu    sync.Mutex
	cards map[string]string // key -> summary as it stands
	tries map[string]int    // key -> how often it was posted
}

func (c *channelOfMany) Post(_ context.Context, to rapbot.Place, key string, m rapbot.Message) (rapbot.Ref, error) {
	time.Sleep(time.Millisecond)
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.tries[key]++; c.tries[key] == 1 {
		c.cards[key] = m.Summary
	}
	return rapbot.Ref{Channel: to.Channel, ID: key}, nil
}

func (c *channelOfMany) Edit(_ context.Context, at rapbot.Ref, m rapbot.Message) error {
	time.Sleep(time.Millisecond)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.cards[at.ID] = m.Summary
	return nil
}

// fastClock goes a hundred times as fast as time does, so that nobody waits for
// a card to be edited again.
type fastClock struct{ began time.Time }

func (c fastClock) Now() time.Time { return start.Add(100 * time.Since(c.began)) }
func (c fastClock) Sleep(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d / 100):
	case <-ctx.Done():
	}
	return ctx.Err()
}

// TestStormSideBySide takes deliveries in, posts and edits at the same time,
// and is stopped and started again in between. In the end every group has one
// card, which says the last that there was to say.
func TestStormSideBySide(t *testing.T) {
	t.Parallel()
	const groups, rounds = 60, 5
	book, chat := memory.New(), &channelOfMany{cards: map[string]string{}, tries: map[string]int{}}
	clock := fastClock{time.Now()}
	run := func(ctx context.Context) (*bot.Bot, chan struct{}) {
		b := bot.New(bot.Options{
			Fleet: newWorld(&fakeClock{now: start}, []string{"us-east-1"}), Samples: book, Operations: book, Inbox: book, Notes: book, Chat: chat, Directory: newDirectory(), Clock: clock, Holder: "test",
			AlertCard: func(g alert.Group, now time.Time) (rapbot.Message, error) {
				return alertmanager.Card(g, now, nil), nil
			}, AlertsChannel: "rap-alerts",
		})
		if err := b.Begin(t.Context()); err != nil {
			t.Error(err)
		}
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			if err := b.Run(ctx); err != nil && ctx.Err() == nil {
				t.Error(err)
			}
		}()
		return b, ended
	}
	var last context.CancelFunc
	for round := range rounds {
		ctx, cancel := context.WithCancel(t.Context())
		b, ended := run(ctx)
		for n := range groups {
			d, err := alertmanager.Decode(groupPayload(true, fmt.Sprint("Disk", n), "eu-west-1", "warning", round+1, start, clock.Now()), clock.Now())
			if err != nil {
				t.Fatal(err)
			}
			if _, err := book.Accept(t.Context(), d); err != nil {
				t.Fatal(err)
			}
			b.WakeAlerts()
		}
		last = cancel
		if round < rounds-1 {
			for b.AlertFigures().Posted+b.AlertFigures().Edited < 5 {
				time.Sleep(time.Millisecond)
			}
			cancel()
			<-ended
		}
	}
	defer last()
	want := fmt.Sprintf("Firing: Disk%%d (%d alerts) — warning in eu-west-1: Disk%%d on db-0", rounds)
	told := func() (behind []string) {
		chat.mu.Lock()
		defer chat.mu.Unlock()
		standing := slices.Collect(maps.Values(chat.cards))
		for n := range groups {
			if w := fmt.Sprintf(want, n, n); !slices.Contains(standing, w) {
				behind = append(behind, w)
			}
		}
		return behind
	}
	for end := time.Now().Add(time.Minute); len(told()) > 0; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("never told: %q", told())
		}
	}
	chat.mu.Lock()
	defer chat.mu.Unlock()
	cards, again := 0, 0
	for key, tries := range chat.tries {
		if strings.HasPrefix(key, "alert-") && !strings.Contains(key, " ") {
			cards++
			again += tries - 1
		}
	}
	// Only what is under way when a process is stopped is said again, under its key.
	if cards != groups || again > rounds-1 {
		t.Errorf("%d cards for %d groups, %d of them posted again", cards, groups, again)
	}
}
