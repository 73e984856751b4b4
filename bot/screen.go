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

// each does work for every operation in memory. Work for one that fails does
// not hold up the others.
func (s *screen) each(ctx context.Context, work func(context.Context, rapbot.Operation) error) error {
	var errs []error
	for _, o := range s.book.all() {
		if err := work(ctx, o); err != nil {
			errs = append(errs, fmt.Errorf("operation %s: %w", o.ID, err))
		}
	}
	return errors.Join(errs...)
}

// showCards puts up what is not up yet. An edit may wait seconds for its turn,
// so the news goes its own way.
func (s *screen) showCards(ctx context.Context) error { return s.each(ctx, s.showCard) }

// tellNews posts what the threads have not been told.
func (s *screen) tellNews(ctx context.Context) error { return s.each(ctx, s.tell) }

func (s *screen) showCard(ctx context.Context, o rapbot.Operation) error {
	if o.State == rapbot.Proposed {
		return nil // in a moment it asks; a card put up now would lack its buttons
	}
	card := cards.Operation(o)
	face, err := faceOf(card)
	if err != nil {
		return err
	}
	if o.Card.Zero() {
		if o, err = s.putUp(ctx, o, "op-"+o.ID, card); err != nil {
			return err
		}
		s.shown[o.ID] = face
	}
	if s.shown[o.ID] != face {
		shown, err := s.edit(ctx, o, card)
		if rapbot.ErrorCode(err) == rapbot.NotFound {
			// Somebody has deleted the card; an operation does not go on unseen.
			o, err = s.putUp(ctx, o, fmt.Sprintf("op-%s-again-%d", o.ID, o.Seq()), card)
			shown = err == nil
		}
		if err != nil || !shown {
			return err
		}
		s.shown[o.ID] = face
	}
	if o.State.Final() && !o.CardDone {
		if o, err = s.book.record(ctx, o.ID, rapbot.Record{Kind: rapbot.RecCard, Card: &o.Card}); err != nil {
			return err
		}
	}
	if settled(o) {
		s.book.forget(o.ID)
		delete(s.shown, o.ID)
	}
	return nil
}

// putUp posts the card and records where it stands.
func (s *screen) putUp(ctx context.Context, o rapbot.Operation, key string, card rapbot.Message) (rapbot.Operation, error) {
	ref, err := s.chat.Post(ctx, rapbot.Place{Channel: s.channel}, key, card)
	if err != nil {
		return o, err
	}
	return s.book.record(ctx, o.ID, rapbot.Record{Kind: rapbot.RecCard, Card: &ref})
}

// edit reports whether the card is up. An edit may wait for its turn; when the
// operation moves on meanwhile it is left, because what comes next is newer.
func (s *screen) edit(ctx context.Context, o rapbot.Operation, card rapbot.Message) (bool, error) {
	waiting, cancel := context.WithCancel(ctx)
	defer cancel()
	changed := s.book.changes()
	if now, err := s.book.get(ctx, o.ID); err != nil || now.Seq() != o.Seq() {
		return false, err // it has moved on already
	}
	go func() {
		select {
		case <-changed:
			cancel()
		case <-waiting.Done():
		}
	}()
	err := s.chat.Edit(waiting, o.Card, card)
	if err != nil && waiting.Err() != nil && ctx.Err() == nil {
		return false, nil
	}
	return err == nil, err
}

// faceOf is equal for cards that look alike.
func faceOf(m rapbot.Message) (string, error) {
	b, err := json.Marshal(m)
	return string(b), err
}

// tell posts the news that the thread has not been told. How far it got is in
// the journal after each piece, so that a restart tells nothing twice.
func (s *screen) tell(ctx context.Context, o rapbot.Operation) error {
	if o.Card.Zero() {
		return nil // the card comes first; its record wakes us
	}
	for _, r := range untold(o) {
		m, _ := cards.News(o, r)
		if _, err := s.chat.Post(ctx, rapbot.Place{Channel: o.Card.Channel, Thread: o.Card.ID}, fmt.Sprintf("op-%s-%d", o.ID, r.Seq), m); err != nil {
			return err
		}
		if _, err := s.book.record(ctx, o.ID, rapbot.Record{Kind: rapbot.RecTold, Step: r.Seq}); err != nil {
			return err
		}
	}
	return nil
}

// settled reports whether nothing of the operation is left to do or to say.
func settled(o rapbot.Operation) bool {
	return o.State.Final() && o.CardDone && len(untold(o)) == 0
}

// untold lists the records that are news to the thread.
func untold(o rapbot.Operation) []rapbot.Record {
	var out []rapbot.Record
	for _, r := range o.Records {
		if _, is := cards.News(o, r); is && r.Seq > o.Told {
			out = append(out, r)
		}
	}
	return out
}
