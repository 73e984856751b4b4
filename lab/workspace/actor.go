package workspace

import (
	"fmt"
	"slices"
	"strings"
)

// Actor is one person in front of Slack: what they can do and what they see. A refusal says why in words.
type Actor struct {
	w    *Workspace
	name string
}

// As is a person by name or id. Whether there is such a person shows at the first act.
func (w *Workspace) As(name string) Actor { return Actor{w: w, name: name} }

// refused is something a person cannot do, or asked for wrongly.
type refused struct{ words string }

func (r refused) Error() string { return r.words }

func refuse(format string, args ...any) error { return refused{fmt.Sprintf(format, args...)} }

// self finds the person; mu is held.
func (a Actor) self() (*person, error) {
	p := a.w.who(a.name)
	switch {
	case p == nil || p.dm == nil:
		return nil, refuse("nobody is called %q", a.name)
	case p.Deleted:
		return nil, refuse("%s's account is deactivated", p.Name)
	}
	return p, nil
}

// in finds a channel the person is in; mu is held.
func (a Actor) in(channel string) (*person, *channel, error) {
	p, err := a.self()
	if err != nil {
		return nil, nil, err
	}
	ch := a.w.channelByRef(channel, p)
	if ch == nil || !ch.has(p.ID) {
		return nil, nil, refuse("%s is in no channel called %q", p.Name, channel)
	}
	return p, ch, nil
}

// Say says something, or runs a slash command. It returns the message's ts, "" for a command.
func (a Actor) Say(channel, words, threadTS string) (string, error) {
	w := a.w
	w.mu.Lock()
	defer w.mu.Unlock()
	p, ch, err := a.in(channel)
	switch {
	case err != nil:
		return "", err
	case strings.TrimSpace(words) == "":
		return "", refuse("nothing was said")
	case ch.archived:
		return "", refuse("#%s is archived", ch.name)
	case strings.HasPrefix(words, "/") && threadTS != "":
		return "", refuse("slash commands are not supported in threads")
	case strings.HasPrefix(words, "/"):
		return "", w.slash(p, ch, words)
	case threadTS != "" && ch.threadOf(threadTS) == "":
		return "", refuse("there is no thread %s in #%s", threadTS, ch.name)
	}
	m := w.post(&message{channel: ch, user: p.ID, text: w.fromKeyboard(words, false), threadTS: ch.threadOf(threadTS)})
	w.saidEvents(m)
	return m.ts, nil
}

// saidEvents tells the app of a person's message: a mention in a channel it is in, or a direct message.
func (w *Workspace) saidEvents(m *message) {
	inner := map[string]any{
		"user": m.user, "text": m.text, "ts": m.ts, "team": w.team, "channel": m.channel.id, "event_ts": m.ts,
		"client_msg_id": w.names.envelopeID(),
	}
	if m.threadTS != "" {
		inner["thread_ts"] = m.threadTS
	}
	switch {
	case m.channel.im:
		inner["type"], inner["channel_type"] = "message", "im"
		w.event("message.im", inner)
	case m.channel.has(w.app.userID) && strings.Contains(m.text, "<@"+w.app.userID+">"):
		inner["type"] = "app_mention"
		w.event("app_mention", inner)
	}
}

// Where names a place with controls: a message, or an open view.
type Where struct{ Channel, TS, ViewID string }

// at finds a place the person can see; mu is held.
func (a Actor) at(where Where) (*person, place, error) {
	if where.ViewID != "" {
		p, err := a.self()
		if err != nil {
			return nil, place{}, err
		}
		v := a.w.views[where.ViewID]
		if v == nil || v.person != p {
			return nil, place{}, refuse("%s has no view %s open", p.Name, where.ViewID)
		}
		return p, place{view: v}, nil
	}
	p, ch, err := a.in(where.Channel)
	if err != nil {
		return nil, place{}, err
	}
	m := ch.find(where.TS)
	if m == nil || !m.sees(p) {
		return nil, place{}, refuse("%s sees no message %s", p.Name, where.TS)
	}
	return p, place{message: m}, nil
}

// Click presses a button by its label, action_id or block_id/action_id. With declined, the confirm dialog is answered No and
// nothing is sent; a button without one has no such dialog.
func (a Actor) Click(where Where, button string, declined bool) error {
	a.w.mu.Lock()
	defer a.w.mu.Unlock()
	p, at, err := a.at(where)
	if err != nil {
		return err
	}
	buttons := slices.DeleteFunc(at.controls(), func(c control) bool { return c.kind() != "button" && c.kind() != "workflow_button" })
	c, err := pickControl(buttons, button)
	if err != nil {
		return err
	}
	if declined {
		if c.element["confirm"] == nil {
			return refuse("%q asks for no confirmation", button)
		}
		return nil
	}
	a.w.act(p, at, c, nil)
	return nil
}

// Choose picks an option of a select, overflow menu, date picker and so on. An external select asks the app first.
func (a Actor) Choose(where Where, actionID string, value any) error {
	suggested, err := a.suggestions(where, actionID, value)
	if err != nil {
		return err
	}
	a.w.mu.Lock()
	defer a.w.mu.Unlock()
	p, at, c, err := a.control(where, actionID)
	if err != nil {
		return err
	}
	filled, err := a.w.fill(c, value, suggested)
	if err != nil {
		return err
	}
	if at.view != nil && c.kind() != "overflow" {
		at.view.state.set(c, filled)
	}
	if text(c.block["type"]) == "input" && c.block["dispatch_action"] != true {
		return nil // Slack sends an input's value with the submission only
	}
	a.w.act(p, at, c, filled)
	return nil
}

// control finds one control at a place; mu is held.
func (a Actor) control(where Where, actionID string) (*person, place, control, error) {
	p, at, err := a.at(where)
	if err != nil {
		return nil, place{}, control{}, err
	}
	c, err := pickControl(at.controls(), actionID)
	return p, at, c, err
}

// suggestions are the app's options for an external select; nil for any other control.
func (a Actor) suggestions(where Where, actionID string, value any) ([]any, error) {
	a.w.mu.Lock()
	p, at, c, err := a.control(where, actionID)
	if err != nil || !strings.HasSuffix(c.kind(), "external_select") {
		a.w.mu.Unlock()
		return nil, err
	}
	typed := ""
	if list, isList := value.([]any); !isList || len(list) == 1 {
		typed = strings.Trim(fmt.Sprint(value), "[]")
	}
	answer := a.w.suggest(p, at, c, typed)
	a.w.mu.Unlock()
	return <-answer, nil
}

// Suggest is what an external select offers when a person types into it.
func (a Actor) Suggest(where Where, actionID, typed string) ([]any, error) {
	return a.suggestions(where, actionID, typed)
}
