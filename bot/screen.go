package bot

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/rap-analyzer/rapbot"
	"github.com/rap-analyzer/rapbot/cards"
)

// screen brings the operations channel into line with the book: one card an
// operation, edited in place, and its news in the card's thread.
type screen struct {
	book    *book
	chat    rapbot.Chat
	channel string
	shown   map[string]string // operation -> its card as last put up by this process
}

// show puts up what is not up yet. Work for one operation that fails does not
// hold up the others.
func (s *screen) show(ctx context.Context) error {
	var errs []error
	for _, o := range s.book.all() {
		if err := s.showOne(ctx, o); err != nil {
			errs = append(errs, fmt.Errorf("operation %s: %w", o.ID, err))
		}
	}
	return errors.Join(errs...)
}

func (s *screen) showOne(ctx context.Context, o rapbot.Operation) error {
	card := cards.Operation(o)
	face, err := faceOf(card)
	if err != nil {
		return err
	}
	if o.Card.Zero() {
		ref, err := s.chat.Post(ctx, rapbot.Place{Channel: s.channel}, "op-"+o.ID, card)
		if err != nil {
			return err
		}
		if o, err = s.book.record(ctx, o.ID, rapbot.Record{Kind: rapbot.RecCard, Card: &ref}); err != nil {
			return err
		}
		s.shown[o.ID] = face
	}
	if o, err = s.tell(ctx, o); err != nil {
		return err
	}
	if s.shown[o.ID] != face {
		if err := s.chat.Edit(ctx, o.Card, card); err != nil {
			return err
		}
		s.shown[o.ID] = face
	}
	if o.State.Final() {
		s.book.forget(o.ID)
		delete(s.shown, o.ID)
	}
	return nil
}

// faceOf is equal for cards that look alike.
func faceOf(m rapbot.Message) (string, error) {
	b, err := json.Marshal(m)
	return string(b), err
}

// tell posts the news that the thread has not been told. How far it got is in
// the journal, so that a restart tells nothing twice.
func (s *screen) tell(ctx context.Context, o rapbot.Operation) (rapbot.Operation, error) {
	told := o.Told
	for _, r := range o.Records {
		if r.Seq <= o.Told {
			continue
		}
		m, is := cards.News(o, r)
		if !is {
			continue
		}
		if _, err := s.chat.Post(ctx, rapbot.Place{Channel: o.Card.Channel, Thread: o.Card.ID}, fmt.Sprintf("op-%s-%d", o.ID, r.Seq), m); err != nil {
			return o, err
		}
		told = r.Seq
	}
	if told == o.Told {
		return o, nil
	}
	return s.book.record(ctx, o.ID, rapbot.Record{Kind: rapbot.RecTold, Step: told})
}
