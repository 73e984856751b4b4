package bot

import (
	"context"
	"errors"

	"github.com/rap-analyzer/rapbot"
	"github.com/rap-analyzer/rapbot/alert"
)

// tellPlain says in the thread of a card why it is not the one that the
// operator's templates make. It is said once, until a card of the group
// succeeds, and noted after it was said, because what is said twice under one
// key is said once.
func (a *alerts) tellPlain(ctx context.Context, g alert.Group, card rapbot.Ref, trouble error) error {
	name, told := "plain card "+g.ID, ""
	if trouble != nil {
		told = "told"
	}
	before, err := a.notes.Note(ctx, name)
	if err != nil || before == told {
		return err
	}
	if trouble == nil {
		return a.notes.PutNote(ctx, name, told)
	}
	m := rapbot.ErrorMessage(trouble)
	var e *rapbot.Error
	if errors.As(trouble, &e) {
		m.Summary = e.What
	}
	if _, err := a.chat.Post(ctx, rapbot.Place{Channel: card.Channel, Thread: card.ID}, "alert-"+g.ID+"-template", m); err != nil {
		return err
	}
	return a.notes.PutNote(ctx, name, told)
}
