package workspace

import (
	"encoding/json"
	"slices"
	"strings"
)

// Home opens the app's Home tab (https://docs.slack.dev/reference/events/app_home_opened).
func (a Actor) Home() error {
	w := a.w
	w.mu.Lock()
	defer w.mu.Unlock()
	p, err := a.self()
	if err != nil {
		return err
	}
	inner := map[string]any{"type": "app_home_opened", "user": p.ID, "channel": p.dm.id, "tab": "home", "event_ts": (&channel{}).stamp(w.now())}
	if p.home != nil {
		inner["view"] = p.home.object()
	}
	w.event("app_home_opened", inner)
	return nil
}

// Messages are what the person sees in a channel, or everywhere when it is "", oldest first.
func (a Actor) Messages(channel string) ([]Message, error) {
	w := a.w
	w.mu.Lock()
	defer w.mu.Unlock()
	p, err := a.self()
	if err != nil {
		return nil, err
	}
	within := w.channels
	if channel != "" {
		_, ch, err := a.in(channel)
		if err != nil {
			return nil, err
		}
		within = nil
		within = append(within, ch)
	}
	out := []Message{}
	for _, ch := range within {
		for _, m := range ch.messages {
			if m.sees(p) {
				out = append(out, w.show(m))
			}
		}
	}
	slices.SortStableFunc(out, func(a, b Message) int { return strings.Compare(a.TS, b.TS) })
	return out, nil
}

// Views are the modals open before the person, the topmost last, and the Home tab (nil when there is none).
func (a Actor) Views() (modals []json.RawMessage, home json.RawMessage, err error) {
	a.w.mu.Lock()
	defer a.w.mu.Unlock()
	p, err := a.self()
	if err != nil {
		return nil, nil, err
	}
	modals = []json.RawMessage{}
	for _, v := range p.stack {
		modals = append(modals, v.shown())
	}
	if p.home != nil {
		home = p.home.shown()
	}
	return modals, home, nil
}

// Notifications are what made the person's Slack ring.
func (a Actor) Notifications() ([]Notification, error) {
	a.w.mu.Lock()
	defer a.w.mu.Unlock()
	p, err := a.self()
	if err != nil {
		return nil, err
	}
	return append([]Notification{}, p.notifications...), nil
}
