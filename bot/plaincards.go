package bot

import (
	"context"
	"errors"

	"github.com/rap-analyzer/rapbot"
)

// plainCards are the alert groups whose thread has been told why their card is
// not the one that the operator's templates make. It is told once, until a
// card of the group succeeds; a restart may tell it once more.
type plainCards map[string]bool

// tell says the trouble with a card in its thread.
func (p *plainCards) tell(ctx context.Context, chat rapbot.Chat, group string, card rapbot.Ref, trouble error) error {
	if trouble == nil {
		delete(*p, group)
		return nil
	}
	if (*p)[group] {
		return nil
	}
	m := rapbot.ErrorMessage(trouble)
	var e *rapbot.Error
	if errors.As(trouble, &e) {
		m.Summary = e.What
	}
	if _, err := chat.Post(ctx, rapbot.Place{Channel: card.Channel, Thread: card.ID}, "alert-"+group+"-template", m); err != nil {
		return err
	}
	if *p == nil {
		*p = plainCards{}
	}
	(*p)[group] = true
	return nil
}
