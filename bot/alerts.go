package bot

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/rap-analyzer/rapbot"
)

// alerts takes deliveries out of the inbox and keeps one card an alert group.
// Deliveries are on disk before they come here (R8); whatever is interrupted
// is found in the inbox again.
type alerts struct {
	inbox   rapbot.Inbox
	chat    rapbot.Chat
	channel string // of groups that no route takes
	routes  []Route
	card    func(rapbot.AlertGroup, time.Time) rapbot.Message
	clock   Clock
	wake    chan struct{}
	mu      sync.Mutex // from reading a group to storing it; see amend
}

// batch is how many deliveries are taken at a time.
const batch = 100

// nudge never blocks: one nudge waiting is as good as many.
func (a *alerts) nudge() {
	select {
	case a.wake <- struct{}{}:
	default:
	}
}

func (a *alerts) waiting() <-chan struct{} { return a.wake }

// work shows one group at a time and takes in what has arrived before each:
// a channel takes about one message a second, so in a storm what is shown
// next is decided as late as possible.
func (a *alerts) work(ctx context.Context) error {
	var errs []error
	failed := map[string]bool{}
	for {
		if err := a.takeIn(ctx); err != nil {
			return err
		}
		groups, err := a.inbox.Unshown(ctx)
		if err != nil {
			return fmt.Errorf("read alert groups: %w", err)
		}
		groups = slices.DeleteFunc(groups, func(g rapbot.AlertGroup) bool { return failed[g.ID] })
		if len(groups) == 0 {
			return errors.Join(errs...)
		}
		g := slices.MinFunc(groups, urgency)
		if err := a.show(ctx, g); err != nil {
			failed[g.ID] = true
			errs = append(errs, fmt.Errorf("alert group %q: %w", g.Latest.GroupKey, err))
		}
	}
}

// urgency puts firing before resolved, and critical before the rest; among
// equals the one that has waited longest stays first.
func urgency(x, y rapbot.AlertGroup) int {
	rank := func(g rapbot.AlertGroup) int {
		switch {
		case g.Resolved():
			return 2
		case g.Latest.CommonLabels["severity"] == "critical":
			return 0
		}
		return 1
	}
	return cmp.Compare(rank(x), rank(y))
}

// takeIn absorbs what has arrived.
func (a *alerts) takeIn(ctx context.Context) error {
	for {
		pending, err := a.inbox.Pending(ctx, batch)
		if err != nil {
			return fmt.Errorf("read inbox: %w", err)
		}
		for _, d := range pending {
			if err := a.absorb(ctx, d); err != nil {
				return fmt.Errorf("absorb delivery %d: %w", d.ID, err)
			}
		}
		if len(pending) < batch {
			return nil
		}
	}
}

func (a *alerts) absorb(ctx context.Context, d rapbot.Delivery) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	g, err := a.inbox.Group(ctx, rapbot.GroupID(d))
	if err != nil && rapbot.ErrorCode(err) != rapbot.NotFound {
		return err
	}
	if g.Acked != nil && g.Repeats(d) {
		return a.absorbQuietly(ctx, g, d)
	}
	return a.inbox.Absorb(ctx, g.Absorb(d), d.ID)
}

// show puts up the group's card as it is now, and tells its thread when it
// resolved or fired again, because an edited card notifies nobody.
func (a *alerts) show(ctx context.Context, g rapbot.AlertGroup) error {
	card, told := a.card(g, a.clock.Now()), g.Latest.Status
	ref := g.Card
	if ref.Zero() {
		posted, err := a.chat.Post(ctx, rapbot.Place{Channel: a.place(g)}, "alert-"+g.ID, card)
		if err != nil {
			return err
		}
		return a.inbox.Shown(ctx, g.ID, posted, told, g.ChangedAt)
	}
	if g.Told != told {
		news := card.Summary + "."
		m := rapbot.Message{Summary: news, Blocks: []rapbot.Block{rapbot.Paragraph{Text: rapbot.Say(news)}}}
		key := fmt.Sprintf("alert-%s-%d-%s", g.ID, g.Times, told)
		if _, err := a.chat.Post(ctx, rapbot.Place{Channel: ref.Channel, Thread: ref.ID}, key, m); err != nil {
			return err
		}
	}
	err := a.chat.Edit(ctx, ref, card)
	if rapbot.ErrorCode(err) == rapbot.NotFound {
		// Somebody has deleted the card; what fires is not left unseen.
		ref, err = a.chat.Post(ctx, rapbot.Place{Channel: a.place(g)}, fmt.Sprintf("alert-%s-again-%d", g.ID, g.ChangedAt.UnixNano()), card)
	}
	if err != nil {
		return err
	}
	return a.inbox.Shown(ctx, g.ID, ref, told, g.ChangedAt)
}
