package bot

import (
	"context"
	"errors"
	"strings"

	"go.uber.org/zap"

	"github.com/rap-analyzer/rapbot"
	"github.com/rap-analyzer/rapbot/alert"
	"github.com/rap-analyzer/rapbot/cards"
)

// Silence makes a silence and tells everybody.
func (b *Bot) Silence(ctx context.Context, by rapbot.Person, wish alert.SilenceWish) (alert.Silence, error) {
	return b.silence(ctx, by, wish, rapbot.Ref{})
}

// silence makes one that was asked for on a card, or on none. What it covers is
// marked before people are told, so that the cards say the same.
func (b *Bot) silence(ctx context.Context, by rapbot.Person, wish alert.SilenceWish, card rapbot.Ref) (alert.Silence, error) {
	if b.opt.Silences == nil {
		return alert.Silence{}, noAlertmanager()
	}
	s, err := alert.PlanSilence(wish, by, b.opt.Clock.Now(), b.opt.LongestSilence)
	if err != nil {
		return s, err
	}
	if s.ID, err = b.opt.Silences.Create(ctx, s); err != nil {
		return s, err
	}
	b.log.Info("silenced", zap.String("silence", s.ID), zap.String("user", by.ID), zap.String("matchers", s.Conditions()), zap.Time("until", s.EndsAt))
	covered, err := b.markSilenced(ctx, s)
	if err != nil {
		b.log.Warn("the cards do not show a silence", zap.String("silence", s.ID), zap.Error(err))
	}
	b.announce(ctx, "silence-"+s.ID, card, covered, cards.Silenced(s, len(covered)))
	return s, nil
}

// Unsilence ends a silence now and tells everybody.
func (b *Bot) Unsilence(ctx context.Context, by rapbot.Person, id string) (alert.Silence, error) {
	return b.unsilence(ctx, by, id, rapbot.Ref{})
}

// unsilence also takes the silence off the cards when Alertmanager says that it
// is over: somebody has ended it elsewhere.
func (b *Bot) unsilence(ctx context.Context, by rapbot.Person, id string, card rapbot.Ref) (alert.Silence, error) {
	if err := rapbot.MayRequest(by); err != nil {
		return alert.Silence{}, err
	}
	if b.opt.Silences == nil {
		return alert.Silence{}, noAlertmanager()
	}
	s, err := b.opt.Silences.ByID(ctx, id)
	if err == nil {
		err = b.opt.Silences.Expire(ctx, id)
	}
	code := rapbot.ErrorCode(err)
	if err != nil && code != rapbot.Settled && code != rapbot.NotFound {
		return s, err
	}
	covered, merr := b.unmark(ctx, func(on alert.Silence) bool { return on.ID == id })
	if merr != nil {
		b.log.Warn("the cards still show a silence", zap.String("silence", id), zap.Error(merr))
	}
	if err != nil {
		return s, err
	}
	b.log.Info("silence ended", zap.String("silence", id), zap.String("user", by.ID))
	b.announce(ctx, "unsilence-"+id, card, covered, cards.Unsilenced(s, by))
	return s, nil
}

// Silences lists those of Alertmanager.
func (b *Bot) Silences(ctx context.Context) ([]alert.Silence, error) {
	if b.opt.Silences == nil {
		return nil, noAlertmanager()
	}
	return b.opt.Silences.List(ctx)
}

// Alerts returns the groups that fire.
func (b *Bot) Alerts(ctx context.Context) ([]alert.Group, error) {
	return b.opt.Inbox.Firing(ctx)
}

func noAlertmanager() error {
	return rapbot.Refuse(rapbot.Precondition, "rapbot has not been told where Alertmanager is, so it knows no silences.", "Set alertmanager.api.urls in the configuration; rapbot sample-config explains it. Until then, use Alertmanager's own page.")
}

// markSilenced puts the silence on every group all of which it covers, and
// returns those. Of several the card shows the one that holds longest.
func (b *Bot) markSilenced(ctx context.Context, s alert.Silence) ([]alert.Group, error) {
	return b.remark(ctx, func(g *alert.Group) bool {
		if !s.CoversGroup(*g) {
			return false
		}
		if g.Silenced == nil || g.Silenced.EndsAt.Before(s.EndsAt) {
			g.Silenced = &s
		}
		return true
	})
}

// unmark takes silences off the groups.
func (b *Bot) unmark(ctx context.Context, over func(alert.Silence) bool) ([]alert.Group, error) {
	return b.remark(ctx, func(g *alert.Group) bool {
		if g.Silenced == nil || !over(*g.Silenced) {
			return false
		}
		g.Silenced = nil
		return true
	})
}

var errUnchanged = errors.New("nothing to change")

// remark changes the groups that fire, and returns those that it changed.
func (b *Bot) remark(ctx context.Context, change func(*alert.Group) bool) ([]alert.Group, error) {
	groups, err := b.opt.Inbox.Firing(ctx)
	if err != nil {
		return nil, err
	}
	var changed []alert.Group
	var errs []error
	for _, g := range groups {
		err := b.alerts.amend(ctx, g.ID, func(now *alert.Group) error {
			if now.Resolved() || !change(now) {
				return errUnchanged
			}
			return nil
		})
		switch {
		case err == nil:
			changed = append(changed, g)
		case !errors.Is(err, errUnchanged):
			errs = append(errs, err)
		}
	}
	return changed, errors.Join(errs...)
}

// announce tells everybody, once: in the thread of the card that it was done on,
// or of the only card that it is about, and otherwise in the alerts channel.
// What was done is done when it cannot be told yet, so that is no error.
func (b *Bot) announce(ctx context.Context, key string, card rapbot.Ref, about []alert.Group, m rapbot.Message) {
	if card.Zero() && len(about) == 1 {
		card = about[0].Card
	}
	place := rapbot.Place{Channel: b.opt.AlertsChannel}
	if !card.Zero() {
		place = rapbot.Place{Channel: card.Channel, Thread: card.ID}
	}
	if err := b.notices.tell(ctx, notice{place, key, m}); err != nil {
		b.log.Warn("a silence is told later", zap.String("key", key), zap.Error(err))
	}
}

// expireOnCard ends the silence that a card shows.
func (b *Bot) expireOnCard(ctx context.Context, g alert.Group, id string, by rapbot.Person) error {
	if err := rapbot.MayRequest(by); err != nil {
		return err
	}
	if g.Silenced == nil {
		return &rapbot.Error{Code: rapbot.Settled, What: "This is not silenced any more.", Changed: "Your click changed nothing.", Now: "See /rap alerts."}
	}
	if g.Silenced.ID != strings.TrimSpace(id) {
		return rapbot.Refuse(rapbot.Stale, "This button is of an earlier silence.", "Use the card as it is now.")
	}
	_, err := b.unsilence(ctx, by, id, g.Card)
	return err
}
