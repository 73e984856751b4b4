package bot

import (
	"context"
	"fmt"

	"go.uber.org/zap"

	"github.com/rap-analyzer/rapbot"
	"github.com/rap-analyzer/rapbot/alert"
)

// acknowledge records that somebody looks after a group. Its card says so, and
// is the only one to say it: whoever presses needs no message about it.
func (b *Bot) acknowledge(ctx context.Context, g alert.Group, by rapbot.Person) error {
	err := b.alerts.amend(ctx, g.ID, func(now *alert.Group) error {
		if now.Times != g.Times {
			return earlierButton()
		}
		if err := alert.JudgeAck(*now, by); err != nil {
			return err
		}
		now.Acked = &alert.Ack{By: by, At: b.opt.Clock.Now().UTC()}
		return nil
	})
	if err == nil {
		b.log.Info("acknowledged", zap.String("group", g.Latest.GroupKey), zap.String("user", by.ID))
	}
	return err
}

// amend changes a group as it is at this moment; what is absorbed meanwhile
// waits, so that neither undoes the other.
func (a *alerts) amend(ctx context.Context, id string, change func(*alert.Group) error) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.queue.hold(id)
	g, err := a.amended(ctx, id, change)
	if err != nil {
		a.queue.letGo(id)
		return err
	}
	a.queue.update(g, a.place(g))
	a.queue.hasten(id)
	return nil
}

func (a *alerts) amended(ctx context.Context, id string, change func(*alert.Group) error) (alert.Group, error) {
	g, err := a.inbox.Group(ctx, id)
	if err != nil {
		return g, err
	}
	if err := change(&g); err != nil {
		return g, err
	}
	if err := a.inbox.Amend(ctx, g); err != nil {
		return g, err
	}
	return a.inbox.Group(ctx, id) // with the time of the change, which the journal makes rise
}

// passOver has what Alertmanager repeats of a group that somebody looks after
// count as shown: its card stays as it is.
func (a *alerts) passOver(ctx context.Context, id string) error {
	g, err := a.inbox.Group(ctx, id)
	if err != nil {
		return fmt.Errorf("read alert group: %w", err)
	}
	return a.inbox.Shown(ctx, id, g.Card, g.Told, g.ChangedAt)
}
