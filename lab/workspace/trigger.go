package workspace

import (
	"fmt"
	"time"
)

// trigger lets the app open a modal before one person, once and soon
// (https://docs.slack.dev/interactivity/handling-user-interaction#modal_responses).
type trigger struct {
	person *person
	from   *view // the modal the person acted in, for views.push
	until  time.Time
	used   bool
}

func (w *Workspace) mintTrigger(p *person, from *view) string {
	id := fmt.Sprintf("%d.%s", w.now().UnixMilli(), secret(12))
	w.triggers[id] = &trigger{person: p, from: from, until: w.now().Add(w.opt.TriggerLife)}
	return id
}

// useTrigger spends a trigger, or says what is wrong with it.
func (w *Workspace) useTrigger(id string) (*trigger, string) {
	t := w.triggers[id]
	switch {
	case t == nil:
		return nil, "invalid_trigger_id"
	case t.used:
		return nil, "exchanged_trigger_id"
	case w.now().After(t.until):
		return nil, "expired_trigger_id"
	}
	t.used = true
	return t, ""
}

// Trigger mints a trigger_id for a person without a command or click, for a test of views alone; "" when nobody has that name.
func (w *Workspace) Trigger(name string) string {
	w.mu.Lock()
	defer w.mu.Unlock()
	p := w.who(name)
	if p == nil {
		return ""
	}
	return w.mintTrigger(p, nil)
}
