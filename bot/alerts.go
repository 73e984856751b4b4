package bot

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"go.uber.org/zap"
	"golang.org/x/sync/errgroup"

	"github.com/rap-analyzer/rapbot"
	"github.com/rap-analyzer/rapbot/alert"
)

// alerts takes deliveries out of the inbox, and puts and keeps the cards of
// alert groups in front of people.
//
//	inbox ──▶ takeIn ──▶ queue ──▶ next ──▶ put up a card, tell a thread, edit a card
//	                       ▲                               │
//	                       └──────────── Shown ────────────┘
//
// Deliveries are on disk before they come here (R8), and what is shown is
// recorded after it is; whatever is interrupted is found again in the inbox,
// and a message by its key.
type alerts struct {
	inbox   alert.Inbox
	chat    rapbot.Chat
	channel string // of groups that no route takes
	routes  []Route
	card    func(alert.Group, time.Time) (rapbot.Message, error)
	room    func(channel string) int // nil: always enough
	notes   rapbot.Notes
	clock   Clock
	log     *zap.Logger
	wake    chan struct{}
	queue   *queue
	counts  alertCounts
	mu      sync.RWMutex // held while a group is read and stored; see amend
}

// alertCounts are what has been said since the start.
type alertCounts struct{ posted, edited, told, failed atomic.Int64 }

func newAlerts(opt Options) *alerts {
	return &alerts{
		inbox: opt.Inbox, chat: opt.Chat, channel: opt.AlertsChannel, routes: opt.Routes, card: opt.AlertCard, room: opt.Room, notes: opt.Notes, clock: opt.Clock, log: opt.Log,
		wake: make(chan struct{}, 1), queue: newQueue(),
	}
}

// nudge never blocks: one nudge waiting is as good as many.
func (a *alerts) nudge() {
	select {
	case a.wake <- struct{}{}:
	default:
	}
}

func (a *alerts) waiting() <-chan struct{} { return a.wake }

const (
	batch    = 100 // deliveries taken at a time
	absorber = 8   // groups absorbed at the same time, which share a commit
)

// takeIn absorbs what has arrived. It never waits for the chat.
func (a *alerts) takeIn(ctx context.Context) error {
	for {
		pending, err := a.inbox.Pending(ctx, batch)
		if err != nil {
			return fmt.Errorf("read inbox: %w", err)
		}
		if err := a.absorbAll(ctx, pending); err != nil {
			return err
		}
		if len(pending) < batch {
			return nil
		}
	}
}

// load reads once what an earlier process has left to be shown.
func (a *alerts) load(ctx context.Context) error {
	digests, err := a.inbox.Digests(ctx)
	if err != nil {
		return fmt.Errorf("read digests: %w", err)
	}
	groups, err := a.inbox.Unshown(ctx)
	if err != nil {
		return fmt.Errorf("read alert groups: %w", err)
	}
	a.queue.load(digests, groups, a.place)
	return nil
}

// absorbAll takes deliveries into their groups: those of one group in order
// and in one write, those of different groups side by side.
func (a *alerts) absorbAll(ctx context.Context, pending []alert.Delivery) error {
	var order []string
	of := map[string][]alert.Delivery{}
	for _, d := range pending {
		id := alert.GroupID(d)
		if of[id] == nil {
			order = append(order, id)
		}
		of[id] = append(of[id], d)
	}
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(absorber)
	for _, id := range order {
		g.Go(func() error { return a.absorb(ctx, id, of[id]) })
	}
	return g.Wait()
}

// absorb holds the group in the queue meanwhile: a card that goes up between
// the reading and the writing must not be forgotten.
func (a *alerts) absorb(ctx context.Context, id string, deliveries []alert.Delivery) error {
	a.mu.RLock()
	defer a.mu.RUnlock()
	a.queue.hold(id)
	g, err := a.inbox.Group(ctx, id)
	if err != nil && rapbot.ErrorCode(err) != rapbot.NotFound {
		a.queue.letGo(id)
		return fmt.Errorf("read alert group: %w", err)
	}
	var numbers []int64
	quiet := g.Acked != nil
	for _, d := range deliveries {
		quiet = quiet && g.Repeats(d)
		g = g.Absorb(d)
		numbers = append(numbers, d.ID)
	}
	if err := a.inbox.Absorb(ctx, g, numbers...); err != nil {
		a.queue.letGo(id)
		return fmt.Errorf("absorb deliveries %v: %w", numbers, err)
	}
	if quiet && !a.queue.behind(id) {
		a.queue.letGo(id)
		return a.passOver(ctx, id)
	}
	a.queue.update(g, a.place(g))
	return nil
}

// AlertFigures are the alerts in numbers, for metrics.
type AlertFigures struct {
	Waiting int           // groups without a card
	Oldest  time.Duration // for how long the one that waits longest has waited
	Digests int           // storms that go on
	Posted  int64         // cards put up since the start
	Edited  int64         // and edited
	Told    int64         // thread replies
	Failed  int64         // tries at one of them that failed
}

// AlertFigures tells how the alerts stand now.
func (b *Bot) AlertFigures() AlertFigures {
	a := b.alerts
	waiting, oldest, digests := a.queue.size()
	f := AlertFigures{
		Waiting: waiting, Digests: digests,
		Posted: a.counts.posted.Load(), Edited: a.counts.edited.Load(), Told: a.counts.told.Load(), Failed: a.counts.failed.Load(),
	}
	if waiting > 0 {
		f.Oldest = max(0, b.opt.Clock.Now().Sub(oldest))
	}
	return f
}

// AlertQueue is what of the alerts has no card of its own.
func (b *Bot) AlertQueue() alert.Queue { return b.alerts.queue.list(b.opt.Clock.Now()) }
