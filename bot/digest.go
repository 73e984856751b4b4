package bot

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/rap-analyzer/rapbot"
	"github.com/rap-analyzer/rapbot/alert"
	"github.com/rap-analyzer/rapbot/cards"
)

// When a storm begins: with more groups that wait for a card than a channel
// takes in a few seconds, or with some that so many messages have gone before.
// That Slack has taken nothing for a while makes no storm: a digest would come
// no sooner than the cards.
const (
	stormGroups = 10
	slowGroups  = 3
)

// storm is the digest of a channel, and what of it is not on its card yet.
type storm struct {
	alert.Digest
	changed bool   // its card may be out of date
	unkept  bool   // the journal does not have it as it is
	face    string // of its card as last put up by this process
	touched time.Time
	gaveWay bool // to a critical card
	attempt
}

// on reports whether a storm goes on in a channel; mu is held.
func (q *queue) on(channel string) bool {
	s := q.storms[channel]
	return s != nil && s.On()
}

func (a *alerts) inStorm(channel string) bool {
	a.queue.mu.Lock()
	defer a.queue.mu.Unlock()
	return a.queue.on(channel)
}

// join counts a group into the storm of its channel: when it waits for a card,
// and from then on as it grows; mu is held.
func (q *queue) join(w *waiter) {
	s := q.storms[w.channel]
	if s == nil || !s.On() {
		return
	}
	known, is := s.Groups[w.id]
	if !is && !w.cardless() {
		return
	}
	if !w.resolved {
		// It fires again, so it is not over for this group.
		s.Missed = slices.DeleteFunc(s.Missed, func(m alert.GroupBrief) bool { return m.ID == w.id })
	}
	if !is || w.brief.Alerts > known {
		s.Groups[w.id] = w.brief.Alerts
		s.unkept = true
	}
	s.changed = true
}

// stormJob is what there is to do for the storm of a channel; mu is held.
func (a *alerts) stormJob(s *storm, now time.Time) (job, bool) {
	if s.busy || now.Before(s.after) {
		return job{}, false
	}
	j := job{lane: s.Channel, id: s.Channel, storm: s}
	waiting := a.queue.cardless(s.Channel)
	switch {
	case !s.On() && tooMany(waiting, a.queue.lane(s.Channel).sent):
		a.queue.begin(s, waiting, now)
		fallthrough
	case s.On() && s.Card.Zero() && len(waiting)+len(s.Missed) > 0:
		j.rank, j.run = rankStorm, func(ctx context.Context) error { return a.putUpStorm(ctx, s) }
		if !s.gaveWay && len(waiting) > 0 && waiting[0].cardRank() == rankCritical {
			j.rank = rankGiveWay
		}
	case s.On() && len(waiting) == 0:
		j.rank, j.run = rankEnd, func(ctx context.Context) error { return a.endStorm(ctx, s) }
	case s.On() && s.changed && !now.Before(s.touched.Add(editEvery)):
		j.lane, j.since, j.run = editLane, s.touched, func(ctx context.Context) error { return a.editStorm(ctx, s) }
	default:
		return j, false
	}
	return j, true
}

// tooMany reports whether a storm begins; sent is how many messages the channel
// has taken.
func tooMany(waiting []*waiter, sent int) bool {
	passedOver := 0
	for _, w := range waiting {
		if sent-w.sentBefore > stormGroups {
			passedOver++
		}
	}
	return len(waiting) > stormGroups || passedOver >= slowGroups
}

// begin makes the next digest of the channel of all that wait; mu is held.
func (q *queue) begin(s *storm, waiting []*waiter, now time.Time) {
	s.Digest = alert.Digest{Channel: s.Channel, Number: s.Number + 1, Began: now, Groups: map[string]int{}}
	s.unkept, s.gaveWay = true, false
	for _, w := range waiting {
		s.Groups[w.id] = w.brief.Alerts
	}
}

// look is the storm as it is now: what is kept of it, and what its card says.
func (a *alerts) look(s *storm) (alert.Digest, rapbot.Message) {
	a.queue.mu.Lock()
	defer a.queue.mu.Unlock()
	d := s.Digest
	d.Groups, d.Missed = maps.Clone(d.Groups), slices.Clone(d.Missed)
	waiting := []alert.GroupBrief{}
	for _, w := range a.queue.cardless(s.Channel) {
		waiting = append(waiting, w.brief)
	}
	s.changed = false
	return d, cards.Storm(d, waiting)
}

// keepStorm puts the storm of a channel into the journal, so that no group of
// it goes on to have a card before it is counted. Only the channel's own lane
// does so, one thing at a time.
func (a *alerts) keepStorm(ctx context.Context, channel string) error {
	a.queue.mu.Lock()
	s := a.queue.storms[channel]
	if s == nil || !s.unkept {
		a.queue.mu.Unlock()
		return nil
	}
	d := s.Digest
	d.Groups, d.Missed = maps.Clone(d.Groups), slices.Clone(d.Missed)
	s.unkept = false
	a.queue.mu.Unlock()
	if err := a.inbox.KeepDigest(ctx, d); err != nil {
		a.queue.change(func() { s.unkept = true })
		return fmt.Errorf("record digest: %w", err)
	}
	return nil
}

// change changes something of the queue or of a storm.
func (q *queue) change(how func()) {
	q.mu.Lock()
	defer q.mu.Unlock()
	how()
}

// putUpStorm posts the card of a storm, whose number is in the journal before.
func (a *alerts) putUpStorm(ctx context.Context, s *storm) error {
	if err := a.keepStorm(ctx, s.Channel); err != nil {
		return err
	}
	d, card := a.look(s)
	ref, err := a.chat.Post(ctx, rapbot.Place{Channel: d.Channel}, stormKey(d), card)
	if err != nil {
		return fmt.Errorf("digest: %w", err)
	}
	a.queue.change(func() { s.Card, s.face, s.touched, s.unkept = ref, "", a.clock.Now(), true })
	return a.keepStorm(ctx, s.Channel)
}

func stormKey(d alert.Digest) string {
	return fmt.Sprintf("alerts-digest-%s-%d", d.Channel, d.Number)
}

// editStorm brings the card of a storm to where it stands.
func (a *alerts) editStorm(ctx context.Context, s *storm) error {
	d, card := a.look(s)
	face, err := faceOf(card)
	if err != nil {
		return err
	}
	if face != s.face {
		err = a.chat.Edit(ctx, d.Card, card)
	}
	switch {
	case rapbot.ErrorCode(err) == rapbot.NotFound:
		// Somebody has deleted it: the next number is put up in its place.
		a.queue.change(func() { s.Card, s.Number, s.unkept = rapbot.Ref{}, s.Number+1, true })
		return nil
	case err != nil:
		a.queue.change(func() { s.changed = true })
		return fmt.Errorf("digest: %w", err)
	}
	a.queue.change(func() { s.face, s.touched = face, a.clock.Now() })
	return nil
}

// listMissed lists a group on the card of the storm that resolved before it
// had a card of its own. It is recorded there before it leaves the queue.
func (a *alerts) listMissed(ctx context.Context, w *waiter, s *storm) error {
	g, err := a.inbox.Group(ctx, w.id)
	if err != nil {
		return fmt.Errorf("read alert group: %w", err)
	}
	if !g.Resolved() {
		return nil // it fires again since this was decided
	}
	a.queue.change(func() {
		s.Missed = slices.DeleteFunc(s.Missed, func(m alert.GroupBrief) bool { return m.ID == g.ID })
		s.Missed = append(s.Missed, g.Brief())
		s.unkept, s.changed = true, true
	})
	if err := a.keepStorm(ctx, s.Channel); err != nil {
		return err
	}
	a.queue.change(func() { w.edited, w.touched = g.ChangedAt, a.clock.Now() })
	a.says(w, toldOf(g))
	return a.record(ctx, w, g.ChangedAt)
}

// endStorm edits the card a last time and says in its thread how it ended.
func (a *alerts) endStorm(ctx context.Context, s *storm) error {
	now := a.clock.Now()
	d, _ := a.look(s)
	d.Ended = now
	if !d.Card.Zero() {
		err := a.chat.Edit(ctx, d.Card, cards.Storm(d, nil))
		if err != nil && rapbot.ErrorCode(err) != rapbot.NotFound {
			return fmt.Errorf("digest: %w", err)
		}
		words := cards.StormOver(d)
		m := rapbot.Message{Summary: words, Blocks: []rapbot.Block{rapbot.Paragraph{Text: rapbot.Say(words)}}}
		if _, err := a.chat.Post(ctx, rapbot.Place{Channel: d.Card.Channel, Thread: d.Card.ID}, stormKey(d)+"-end", m); err != nil {
			return fmt.Errorf("digest: %w", err)
		}
	}
	a.queue.change(func() { s.Ended, s.unkept = now, true })
	return a.keepStorm(ctx, s.Channel)
}
