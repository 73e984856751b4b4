package bot

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/rap-analyzer/rapbot"
	"github.com/rap-analyzer/rapbot/alert"
)

// Escalation calls a user group when a critical alert finds nobody.
type Escalation struct {
	After time.Duration // zero: nobody is called
	Group string        // user group, unless the group's route names another
}

// tendEvery is how often it is looked for what time alone brings about.
const tendEvery = 15 * time.Second

// tendAlerts does, until ctx ends, what no delivery and no click brings about.
func (b *Bot) tendAlerts(ctx context.Context) error {
	for {
		if err := b.TendAlerts(ctx); err != nil && ctx.Err() == nil {
			b.log.Warn(err.Error())
		}
		if err := b.opt.Clock.Sleep(ctx, tendEvery); err != nil {
			return err
		}
	}
}

// TendAlerts does what time alone brings about: it notices that the watchdog
// is silent, believes a delivery that nobody has taken back, and calls for help
// with what nobody has acknowledged.
func (b *Bot) TendAlerts(ctx context.Context) error {
	errs := []error{b.watch(ctx)}
	groups, err := b.opt.Inbox.Unsettled(ctx)
	if err != nil {
		return errors.Join(append(errs, fmt.Errorf("read unsettled alert groups: %w", err))...)
	}
	for _, g := range groups {
		if err := b.believe(ctx, g); err != nil {
			errs = append(errs, fmt.Errorf("held delivery of alert group %q: %w", g.Latest.GroupKey, err))
		}
		if err := b.escalate(ctx, g); err != nil {
			errs = append(errs, fmt.Errorf("escalate alert group %q: %w", g.Latest.GroupKey, err))
		}
	}
	return errors.Join(errs...)
}

// believe accepts a held delivery once more when it has stood unopposed. When
// rapbot dies before the group has absorbed it, it is the newest of its group
// and is not accepted twice.
func (b *Bot) believe(ctx context.Context, g alert.Group) error {
	now := b.opt.Clock.Now()
	if !g.Due(now) {
		return nil
	}
	if _, err := b.opt.Inbox.Accept(ctx, g.Unopposed(now)); err != nil {
		return err
	}
	b.alerts.nudge()
	return nil
}

// escalate mentions the user group in the thread of the card, once for each
// time that the group fires. It is noted after it was said, because what is
// said twice under one key is said once.
func (b *Bot) escalate(ctx context.Context, g alert.Group) error {
	now, since := b.opt.Clock.Now(), g.WaitingSince()
	waited := now.Sub(since)
	acked := g.Acked != nil && !g.Acked.At.Before(since)
	if b.opt.Escalate.After <= 0 || waited < b.opt.Escalate.After || acked || g.Card.Zero() || !g.Critical() {
		return nil
	}
	note, times := "escalated "+g.ID, strconv.Itoa(g.Times)
	said, err := b.opt.Notes.Note(ctx, note)
	if err != nil || said == times {
		return err
	}
	team := b.opt.Escalate.Group
	if r := routeOf(b.opt.Routes, g); r != nil && r.MentionGroup != "" {
		team = r.MentionGroup
	}
	what := "Nobody has acknowledged this for " + rapbot.Duration(waited)
	card, _ := b.opt.AlertCard(g, now) // why it may be plain is told with the card itself
	m := rapbot.Message{Summary: what + ": " + card.Summary, Blocks: []rapbot.Block{
		rapbot.Paragraph{Text: rapbot.Say(rapbot.Team(team), ", this critical alert has waited for somebody since ", rapbot.When(since), ", for "+rapbot.Duration(waited)+": nobody has acknowledged it.")},
	}}
	key := fmt.Sprintf("alert-%s-%s-escalated", g.ID, times)
	if _, err := b.opt.Chat.Post(ctx, rapbot.Place{Channel: g.Card.Channel, Thread: g.Card.ID}, key, m); err != nil {
		return err
	}
	return b.opt.Notes.PutNote(ctx, note, times)
}
