package bot

import (
	"context"
	"errors"
	"fmt"
	"path"
	"slices"
	"time"

	"go.uber.org/zap"

	"github.com/rap-analyzer/rapbot"
	"github.com/rap-analyzer/rapbot/alert"
	"github.com/rap-analyzer/rapbot/cards"
)

// Explain says which alerts are about replication, and so are explained in the
// thread of their card: what the fleet looks like, what was changed lately,
// what is probably the cause, and a picture of the lag.
type Explain struct {
	Alerts    []string      // names of alerts, as path.Match reads them; none explains nothing
	Threshold time.Duration // the lag above which they fire, for the picture; 0 for none
}

// How explaining is kept out of the way of the cards themselves.
const (
	explainEvery    = time.Second   // between two looks for what is unexplained
	cardsFirst      = time.Minute   // for how long it waits while cards wait
	explainPatience = time.Minute   // for one explanation
	pictureTries    = 3             // until it stays with words
	lastHours       = 6 * time.Hour // of what was changed
	explainedLag    = time.Hour     // of the picture
)

// telling is an explanation under way, so that what was said is not said twice
// when the rest of it fails. After a restart the chat finds it by its key.
type telling struct {
	said     bool
	pictures int // that failed
}

// explainAlerts explains until ctx ends. It has a loop of its own: whatever it
// waits for, no card waits for it.
func (b *Bot) explainAlerts(ctx context.Context) error {
	for {
		if err := b.ExplainAlerts(ctx); err != nil && ctx.Err() == nil {
			b.log.Warn("explain alerts", zap.Error(err))
		}
		if err := b.opt.Clock.Sleep(ctx, explainEvery); err != nil {
			return err
		}
	}
}

// ExplainAlerts explains what fires and was not explained since it began to.
// That is in the journal, so it is done once a firing, also after a crash.
func (b *Bot) ExplainAlerts(ctx context.Context) error {
	if len(b.opt.Explain.Alerts) == 0 {
		return nil
	}
	groups, err := b.opt.Firings.Unexplained(ctx)
	if err != nil {
		return err
	}
	unshown, err := b.opt.Inbox.Unshown(ctx)
	if err != nil {
		return err
	}
	var errs []error
	under := map[string]*telling{}
	for _, g := range groups {
		key := explanationOf(g)
		switch {
		case !b.opt.Explain.about(g):
			errs = append(errs, b.opt.Firings.Explained(ctx, g.ID, g.Times))
			continue
		case b.telling[key] == nil:
			b.telling[key] = &telling{}
		}
		under[key] = b.telling[key]
		if len(unshown) > 0 && b.opt.Clock.Now().Sub(g.ChangedAt) < cardsFirst {
			continue // a channel takes about one message a second
		}
		if err := b.explain(ctx, g, key, under[key]); err != nil {
			errs = append(errs, fmt.Errorf("alert group %q: %w", g.Latest.GroupKey, err))
		}
	}
	b.telling = under // what has resolved meanwhile needs no explanation
	return errors.Join(errs...)
}

func explanationOf(g alert.Group) string {
	return fmt.Sprintf("alert-%s-%d-explained", g.ID, g.Times)
}

// about reports whether any alert of a group is about replication.
func (e Explain) about(g alert.Group) bool {
	return slices.ContainsFunc(g.Latest.Alerts, func(a alert.Alert) bool {
		return slices.ContainsFunc(e.Alerts, func(pattern string) bool {
			is, err := path.Match(pattern, a.Labels["alertname"])
			return is && err == nil
		})
	})
}

// explain says it in words, then shows the picture, then notes that it has.
func (b *Bot) explain(ctx context.Context, g alert.Group, key string, t *telling) error {
	ctx, cancel := context.WithTimeout(ctx, explainPatience)
	defer cancel()
	thread := rapbot.Place{Channel: g.Card.Channel, Thread: g.Card.ID}
	if !t.said {
		if _, err := b.opt.Chat.Post(ctx, thread, key, b.explanation(ctx, g)); err != nil {
			return err
		}
		t.said = true
	}
	if err := b.picturedLag(ctx, thread, key); err != nil {
		if t.pictures++; t.pictures < pictureTries {
			return err
		}
		b.log.Warn("an alert is left without a picture of the lag", zap.Error(err))
	}
	return b.opt.Firings.Explained(ctx, g.ID, g.Times)
}

// explanation is what can be seen at this moment. The fleet answers from memory;
// a rapbot that was just started has none, and looks first.
func (b *Bot) explanation(ctx context.Context, g alert.Group) rapbot.Message {
	t := b.opt.Fleet.Topology()
	if !t.Asked() {
		t = b.opt.Fleet.Observe(ctx)
	}
	now := b.opt.Clock.Now()
	changes, err := b.changedSince(ctx, now.Add(-lastHours))
	if err != nil {
		b.log.Warn("what was changed lately", zap.Error(err))
	}
	return cards.Explanation(t, rapbot.Causes(t, b.opt.Sites, regionOf(g)), changes, lastHours, err == nil)
}

// changedSince are the operations that were under way at any time since then.
func (b *Bot) changedSince(ctx context.Context, since time.Time) ([]rapbot.Operation, error) {
	latest, err := b.opt.Operations.History(ctx, recentOperations)
	return slices.DeleteFunc(latest, func(o rapbot.Operation) bool { return o.State.Final() && o.EndedAt.Before(since) }), err
}

// regionOf is the region that all alerts of a group are about; empty when there
// are several.
func regionOf(g alert.Group) string {
	region := ""
	for i, a := range g.Latest.Alerts {
		if i > 0 && a.Labels["region"] != region {
			return ""
		}
		region = a.Labels["region"]
	}
	return region
}

// picturedLag shows the last hour. When nothing is known of it there is nothing
// to show.
func (b *Bot) picturedLag(ctx context.Context, thread rapbot.Place, key string) error {
	report, err := b.Lag(ctx, "", explainedLag, false)
	if err != nil || report.Source == "" {
		return err
	}
	file, err := b.lagFile(report)
	if err != nil {
		return err
	}
	file.Comment = cards.Lag(report)
	_, err = b.opt.Chat.Attach(ctx, thread, key+"-lag", file)
	return err
}
