package bot

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"go.uber.org/zap"

	"github.com/rap-analyzer/rapbot/alert"
)

// sweepEvery is how soon a card stops saying that it is silenced.
const sweepEvery = 15 * time.Second

// goneFor is how long Alertmanager must not list anything of a group before it
// counts as resolved without having been told. Prometheus sends again within a
// minute to one that was restarted, and what Alertmanager tells by itself comes
// within its group_interval, five minutes unless set otherwise.
const goneFor = 10 * time.Minute

func (b *Bot) watchSilences(ctx context.Context) error {
	for {
		if err := b.TendSilences(ctx); err != nil && ctx.Err() == nil {
			b.log.Warn("tend silences", zap.Error(err))
		}
		if err := b.opt.Clock.Sleep(ctx, sweepEvery); err != nil {
			return err
		}
	}
}

// TendSilences takes the silences off the cards that have run out, and resolves
// the cards of what has resolved without a word.
func (b *Bot) TendSilences(ctx context.Context) error {
	now := b.opt.Clock.Now()
	if _, err := b.unmark(ctx, func(s alert.Silence) bool { return s.Over(now) }); err != nil {
		return err
	}
	return b.resolveUntold(ctx, now)
}

// listed is what Alertmanager's own list has shown of a group since the start.
// One that was never in it may belong to another Alertmanager than the one that
// is asked, so that its absence says nothing.
type listed struct {
	gone time.Time // since when it is not; zero while it is
}

// resolveUntold finds the groups of which nothing fires any more although
// Alertmanager has not said so: it says nothing of what is silenced, and a
// notification that failed is not repeated for what has resolved. What it comes
// to goes through the inbox like anything that Alertmanager tells.
func (b *Bot) resolveUntold(ctx context.Context, now time.Time) error {
	groups, err := b.opt.Inbox.Firing(ctx)
	if err != nil || len(groups) == 0 || b.opt.Silences == nil {
		b.listed = map[string]listed{}
		return err
	}
	fires, err := b.opt.Silences.Firing(ctx)
	if err != nil {
		b.forgetGone() // what was not looked at may have been there
		return nil     // whoever wants a silence is told; nobody else needs it
	}
	known := map[string]listed{}
	for _, g := range groups {
		before, was := b.listed[g.ID]
		switch {
		case g.Latest.Truncated > 0: // not all of it is known here
		case listsAny(fires, g):
			known[g.ID] = listed{}
		case !was:
		case before.gone.IsZero():
			known[g.ID] = listed{gone: now}
		case now.Sub(before.gone) < goneFor:
			known[g.ID] = before
		default:
			if _, err := b.opt.Inbox.Accept(ctx, endOf(g, before.gone, now)); err != nil {
				return err
			}
			b.log.Info("resolved without a word", zap.String("group", g.Latest.GroupKey))
			b.alerts.nudge()
		}
	}
	b.listed = known
	return nil
}

func (b *Bot) forgetGone() {
	for id := range b.listed {
		b.listed[id] = listed{}
	}
}

func listsAny(fires []map[string]string, g alert.Group) bool {
	return slices.ContainsFunc(g.Latest.Alerts, func(a alert.Alert) bool {
		return a.Status == "firing" && slices.ContainsFunc(fires, func(labels map[string]string) bool { return maps.Equal(labels, a.Labels) })
	})
}

// endOf is what Alertmanager would have said.
func endOf(g alert.Group, gone, now time.Time) alert.Delivery {
	d := g.Latest
	d.ID, d.Key, d.ReceivedAt = 0, fmt.Sprintf("untold-%d", now.UnixNano()), now.UTC()
	d.Status, d.Reason = "resolved", "all alerts resolved"
	d.Alerts = slices.Clone(d.Alerts)
	for i := range d.Alerts {
		if d.Alerts[i].Status == "firing" {
			d.Alerts[i].Status, d.Alerts[i].EndsAt = "resolved", gone.UTC()
		}
	}
	return d
}
