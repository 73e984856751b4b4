package bot

import (
	"context"
	"slices"

	"go.uber.org/zap"

	"github.com/rap-analyzer/rapbot"
)

// acknowledge records that somebody looks after a group. Its card says so, and
// is the only one to say it: whoever presses needs no message about it.
func (b *Bot) acknowledge(ctx context.Context, g rapbot.AlertGroup, by rapbot.Person) error {
	err := b.alerts.amend(ctx, g.ID, func(now *rapbot.AlertGroup) error {
		if now.Times != g.Times {
			return earlierButton()
		}
		if err := rapbot.JudgeAck(*now, by); err != nil {
			return err
		}
		now.Acked = &rapbot.Ack{By: by, At: b.opt.Clock.Now().UTC()}
		return nil
	})
	if err == nil {
		b.log.Info("acknowledged", zap.String("group", g.Latest.GroupKey), zap.String("user", by.ID))
	}
	return err
}

// amend changes a group as it is at this moment; what is absorbed meanwhile
// waits, so that neither undoes the other.
func (a *alerts) amend(ctx context.Context, id string, change func(*rapbot.AlertGroup) error) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	g, err := a.inbox.Group(ctx, id)
	if err != nil {
		return err
	}
	if err := change(&g); err != nil {
		return err
	}
	if err := a.inbox.Amend(ctx, g); err != nil {
		return err
	}
	a.nudge()
	return nil
}

// absorbQuietly takes in what Alertmanager repeats of a group that somebody
// looks after: its card stays as it is. A card that was still to be shown is
// shown all the same, since that is how the acknowledgement gets there.
func (a *alerts) absorbQuietly(ctx context.Context, g rapbot.AlertGroup, d rapbot.Delivery) error {
	unshown, err := a.inbox.Unshown(ctx)
	if err != nil {
		return err
	}
	if err := a.inbox.Absorb(ctx, g.Absorb(d), d.ID); err != nil {
		return err
	}
	if slices.ContainsFunc(unshown, func(u rapbot.AlertGroup) bool { return u.ID == g.ID }) {
		return nil
	}
	now, err := a.inbox.Group(ctx, g.ID)
	if err != nil {
		return err
	}
	return a.inbox.Shown(ctx, g.ID, now.Card, now.Told, now.ChangedAt)
}
