package bot

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/rap-analyzer/rapbot"
	"github.com/rap-analyzer/rapbot/alert"
)

// Watchdog is an alert that always fires, so that its absence says that alerts
// do not arrive. It never has a card of its own.
type Watchdog struct {
	Match     alert.Match
	SilentFor time.Duration // zero: there is no watchdog, and its alert is one as any other
}

// The notes of the watchdog. Each has one writer: what was heard is noted as it
// arrives, and what was said about it by whoever watches.
const (
	noteHeard = "watchdog heard"
	noteVigil = "watchdog vigil"
)

// vigil is what rapbot knows of the silence. Time in which rapbot did not run
// is no silence: it could not have heard anything.
type vigil struct {
	Began  time.Time     `json:"began"`           // when it listened for the first time
	Heard  time.Time     `json:"heard,omitzero"`  // the last time
	Absent time.Duration `json:"absent,omitzero"` // since then, in nanoseconds, in which rapbot did not run
	Awake  time.Time     `json:"awake"`           // when it was last known to run
	Silent time.Time     `json:"silent,omitzero"` // since when it is to be told that nothing is heard; zero: it is not
	Since  time.Time     `json:"since,omitzero"`  // Heard, at that time
	Card   rapbot.Ref    `json:"card,omitzero"`   // that tells it
}

// quiet is how long nothing has been heard.
func (v vigil) quiet(now time.Time) time.Duration { return now.Sub(v.from()) - v.Absent }

func (v vigil) from() time.Time {
	if v.Heard.IsZero() {
		return v.Began
	}
	return v.Heard
}

// Accept stores a delivery durably before it returns, as alert.Inbox does. What
// the watchdog says is noted, and goes no further.
func (b *Bot) Accept(ctx context.Context, d alert.Delivery) (bool, error) {
	if b.opt.Watchdog.SilentFor <= 0 {
		return b.opt.Inbox.Accept(ctx, d)
	}
	others, status, heard := []alert.Alert{}, "resolved", false
	for _, a := range d.Alerts {
		fires := a.Status == "firing"
		switch {
		case b.opt.Watchdog.Match.Admits(a.Labels):
			heard = heard || fires
			continue
		case fires:
			status = "firing"
		}
		others = append(others, a)
	}
	if heard {
		if err := b.opt.Notes.PutNote(ctx, noteHeard, b.opt.Clock.Now().UTC().Format(time.RFC3339Nano)); err != nil {
			return false, err
		}
	}
	if len(others) == 0 && len(d.Alerts) > 0 {
		return heard, nil
	}
	d.Alerts, d.Status = others, status
	return b.opt.Inbox.Accept(ctx, d)
}

// watch notices that the watchdog is silent, and that it is heard again.
func (b *Bot) watch(ctx context.Context) error {
	if b.opt.Watchdog.SilentFor <= 0 {
		return nil
	}
	if err := b.listen(ctx); err != nil {
		return fmt.Errorf("watchdog: %w", err)
	}
	if b.vigil.Silent.IsZero() {
		return nil
	}
	if err := b.tellSilence(ctx); err != nil {
		return fmt.Errorf("tell of the watchdog: %w", err)
	}
	return nil
}

// listen brings the vigil up to now. That silence is to be told is on disk
// before it is told.
func (b *Bot) listen(ctx context.Context) error {
	now := b.opt.Clock.Now().UTC()
	if b.vigil == nil {
		v, err := b.takeUp(ctx, now)
		if err != nil {
			return err
		}
		b.vigil = &v
	}
	v := *b.vigil
	text, err := b.opt.Notes.Note(ctx, noteHeard)
	if err != nil {
		return err
	}
	if heard, err := time.Parse(time.RFC3339Nano, text); err == nil && heard.After(v.Heard) {
		v.Heard, v.Absent = heard, 0
	}
	if v.Silent.IsZero() && v.quiet(now) >= b.opt.Watchdog.SilentFor {
		v.Silent, v.Since = now, v.Heard
	}
	v.Awake = now
	if v == *b.vigil {
		return nil
	}
	return b.putVigil(ctx, v)
}

// takeUp goes on where an earlier process died.
func (b *Bot) takeUp(ctx context.Context, now time.Time) (vigil, error) {
	text, err := b.opt.Notes.Note(ctx, noteVigil)
	if err != nil {
		return vigil{}, err
	}
	var v vigil
	if text == "" {
		return vigil{Began: now}, nil
	}
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		return vigil{}, fmt.Errorf("read what was noted: %w", err)
	}
	v.Absent += max(0, now.Sub(v.Awake))
	return v, nil
}

func (b *Bot) putVigil(ctx context.Context, v vigil) error {
	text, err := json.Marshal(v)
	if err != nil {
		return err
	}
	if err := b.opt.Notes.PutNote(ctx, noteVigil, string(text)); err != nil {
		return err
	}
	b.vigil = &v
	return nil
}

// tellSilence puts the card up; when the watchdog is heard again it edits the
// card, says so in its thread, and the matter is closed.
func (b *Bot) tellSilence(ctx context.Context) error {
	v, chat := *b.vigil, b.opt.Chat
	key := fmt.Sprintf("watchdog-%d", v.Silent.UnixNano())
	if v.Card.Zero() {
		ref, err := chat.Post(ctx, rapbot.Place{Channel: b.opt.AlertsChannel}, key, b.silenceCard(v))
		if err != nil {
			return err
		}
		v.Card = ref
		if err := b.putVigil(ctx, v); err != nil {
			return err
		}
	}
	if !v.Heard.After(v.Since) {
		return nil
	}
	text := fmt.Sprintf("The %s alert is heard for the first time.", b.opt.Watchdog.Match.Name())
	if !v.Since.IsZero() {
		text = fmt.Sprintf("The %s alert is heard again, after %s.", b.opt.Watchdog.Match.Name(), rapbot.Duration(v.Heard.Sub(v.Since)))
	}
	m := rapbot.Message{Summary: text, Blocks: []rapbot.Block{rapbot.Paragraph{Text: rapbot.Say(text)}}}
	if _, err := chat.Post(ctx, rapbot.Place{Channel: v.Card.Channel, Thread: v.Card.ID}, key+"-again", m); err != nil {
		return err
	}
	if err := chat.Edit(ctx, v.Card, b.silenceCard(v)); err != nil && rapbot.ErrorCode(err) != rapbot.NotFound {
		return err
	}
	v.Silent, v.Since, v.Card = time.Time{}, time.Time{}, rapbot.Ref{}
	return b.putVigil(ctx, v)
}
