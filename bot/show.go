package bot

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"go.uber.org/zap"

	"github.com/rap-analyzer/rapbot"
	"github.com/rap-analyzer/rapbot/alert"
)

// lookAgain is how soon it is looked whether something is due that only time
// was in the way of.
const lookAgain = 500 * time.Millisecond

// work takes in what has arrived and shows what can be shown now, one thing
// after the other.
func (a *alerts) work(ctx context.Context) error {
	if err := a.takeIn(ctx); err != nil {
		return err
	}
	a.queue.afresh()
	var errs []error
	for {
		j, is := a.next()
		if !is {
			return errors.Join(errs...)
		}
		err := j.run(ctx)
		a.done(j, err)
		errs = append(errs, err)
	}
}

// show does what there is to do until ctx ends, in every lane one thing at a
// time. A channel takes about one message a second, so what comes next is
// decided as late as possible.
func (a *alerts) show(ctx context.Context) error {
	var underWay sync.WaitGroup
	defer underWay.Wait()
	tick := time.NewTicker(lookAgain)
	defer tick.Stop()
	for {
		for j, is := a.next(); is && ctx.Err() == nil; j, is = a.next() {
			underWay.Go(func() {
				err := j.run(ctx)
				if err != nil && ctx.Err() == nil {
					a.log.Warn("show alerts", zap.Error(err))
				}
				a.done(j, err)
			})
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-a.queue.moved:
		case <-tick.C:
		}
	}
}

// putUp posts the group's first card.
func (a *alerts) putUp(ctx context.Context, w *waiter, channel string) error {
	if err := a.keepStorm(ctx, channel); err != nil {
		return err
	}
	g, err := a.inbox.Group(ctx, w.id)
	if err != nil {
		return fmt.Errorf("read alert group: %w", err)
	}
	card, trouble := a.card(g, a.clock.Now())
	ref, err := a.chat.Post(ctx, rapbot.Place{Channel: channel}, "alert-"+g.ID, card)
	if err != nil {
		return failed(g, err)
	}
	a.counts.posted.Add(1)
	a.stands(w, ref, g)
	a.says(w, toldOf(g))
	if err := a.record(ctx, w, g.ChangedAt); err != nil {
		return err
	}
	return a.tellPlain(ctx, g, ref, trouble)
}

// tell says in the group's thread what people must notice, because an edited
// card notifies nobody.
func (a *alerts) tell(ctx context.Context, w *waiter) error {
	g, err := a.inbox.Group(ctx, w.id)
	if err != nil {
		return fmt.Errorf("read alert group: %w", err)
	}
	at, before := a.cardOf(w)
	now := toldOf(g)
	words := ""
	switch newsIn(before, now) {
	case turned:
		card, _ := a.card(g, a.clock.Now()) // why it is plain is told with the card
		words = card.Summary + "."
	case moreFire:
		words = joined(g, before)
	}
	if words != "" {
		m := rapbot.Message{Summary: words, Blocks: []rapbot.Block{rapbot.Paragraph{Text: rapbot.Say(words)}}}
		if _, err := a.chat.Post(ctx, rapbot.Place{Channel: at.Channel, Thread: at.ID}, fmt.Sprintf("alert-%s-%s", g.ID, now), m); err != nil {
			return failed(g, err)
		}
		a.counts.told.Add(1)
	}
	a.says(w, now)
	return a.record(ctx, w, a.shownBy(w))
}

// edit brings the group's card to what the group is now.
func (a *alerts) edit(ctx context.Context, w *waiter, channel string) error {
	g, err := a.inbox.Group(ctx, w.id)
	if err != nil {
		return fmt.Errorf("read alert group: %w", err)
	}
	ref, before := a.cardOf(w)
	card, trouble := a.card(g, a.clock.Now())
	err = a.chat.Edit(ctx, ref, card)
	if rapbot.ErrorCode(err) == rapbot.NotFound {
		// Somebody has deleted the card; what fires is not left unseen.
		ref, err = a.chat.Post(ctx, rapbot.Place{Channel: channel}, fmt.Sprintf("alert-%s-again-%d", g.ID, g.ChangedAt.UnixNano()), card)
	}
	if err != nil {
		return failed(g, err)
	}
	a.counts.edited.Add(1)
	a.stands(w, ref, g)
	if err := a.tellPlain(ctx, g, ref, trouble); err != nil {
		return failed(g, err)
	}
	switch newsIn(before, toldOf(g)) {
	case turned:
		return nil // recorded with the reply that tells of it
	case moreFire:
		if !a.inStorm(channel) {
			return nil
		}
	}
	a.says(w, toldOf(g))
	return a.record(ctx, w, g.ChangedAt)
}

func failed(g alert.Group, err error) error {
	return fmt.Errorf("alert group %q: %w", g.Latest.GroupKey, err)
}

// stands notes where the group's card stands and that it shows this state.
func (a *alerts) stands(w *waiter, ref rapbot.Ref, g alert.Group) {
	a.queue.mu.Lock()
	defer a.queue.mu.Unlock()
	w.card, w.edited, w.touched = ref, g.ChangedAt, a.clock.Now()
}

// says notes what the group's thread has been told. A card that has just been
// put up tells all there is.
func (a *alerts) says(w *waiter, now told) {
	a.queue.mu.Lock()
	defer a.queue.mu.Unlock()
	if w.told != now {
		w.told, w.replied = now, a.clock.Now()
	}
}

func (a *alerts) cardOf(w *waiter) (rapbot.Ref, told) {
	a.queue.mu.Lock()
	defer a.queue.mu.Unlock()
	return w.card, w.told
}

// shownBy is the change that the card is known to show. It is in the past of
// any change when that is not known, and the card is edited then.
func (a *alerts) shownBy(w *waiter) time.Time {
	a.queue.mu.Lock()
	defer a.queue.mu.Unlock()
	if w.edited.IsZero() {
		return time.Unix(0, 0)
	}
	return w.edited
}

// record stores in the journal what is shown and told.
func (a *alerts) record(ctx context.Context, w *waiter, shown time.Time) error {
	card, said := a.cardOf(w)
	if err := a.inbox.Shown(ctx, w.id, card, said.String(), shown); err != nil {
		return fmt.Errorf("record what is shown: %w", err)
	}
	a.queue.mu.Lock()
	defer a.queue.mu.Unlock()
	w.shownAt = shown
	return nil
}
