package workspace

import (
	"encoding/json"
	"maps"
	"slices"
)

// trouble is what Slack says in a modal whose submission got no usable answer.
const trouble = "We had some trouble connecting. Try again?"

// Submit fills in and submits the topmost modal. Field errors, the app's or Slack's own about required fields, come back by
// block_id and leave the modal open.
func (a Actor) Submit(viewID string, values map[string]any) (map[string]string, error) {
	fields, err := a.fillIn(viewID, values)
	if err != nil || len(fields) > 0 {
		return fields, err
	}
	outcome, err := a.submit(viewID)
	if err != nil {
		return nil, err
	}
	got := <-outcome
	return got.errors, got.err
}

// submission is how one ended.
type submission struct {
	errors map[string]string
	err    error
}

// top finds the person's topmost modal; mu is held.
func (a Actor) top(viewID string) (*person, *view, error) {
	p, err := a.self()
	if err != nil {
		return nil, nil, err
	}
	v := a.w.views[viewID]
	switch {
	case v == nil || v.person != p || v.str("type") != "modal":
		return nil, nil, refuse("%s has no modal %s open", p.Name, viewID)
	case p.stack[len(p.stack)-1] != v:
		return nil, nil, refuse("another modal covers %s", viewID)
	}
	return p, v, nil
}

// fillIn puts values into the modal's fields and says which required ones are still empty.
func (a Actor) fillIn(viewID string, values map[string]any) (map[string]string, error) {
	for _, name := range slices.Sorted(maps.Keys(values)) {
		suggested, err := a.suggestions(Where{ViewID: viewID}, name, values[name])
		if err != nil {
			return nil, err
		}
		if err := a.fillOne(viewID, name, values[name], suggested); err != nil {
			return nil, err
		}
	}
	a.w.mu.Lock()
	defer a.w.mu.Unlock()
	_, v, err := a.top(viewID)
	if err != nil {
		return nil, err
	}
	v.errors = v.state.missing(v.controls())
	a.w.tell(note{Type: "view", only: v.person.ID})
	return maps.Clone(v.errors), nil
}

func (a Actor) fillOne(viewID, name string, value any, suggested []any) error {
	a.w.mu.Lock()
	defer a.w.mu.Unlock()
	_, v, err := a.top(viewID)
	if err != nil {
		return err
	}
	c, err := pickControl(v.controls(), name)
	if err != nil {
		return err
	}
	filled, err := a.w.fill(c, value, suggested)
	if err == nil {
		v.state.set(c, filled)
	}
	return err
}

// submit sends view_submission (https://docs.slack.dev/reference/interaction-payloads/view-interactions-payload).
func (a Actor) submit(viewID string) (<-chan submission, error) {
	w := a.w
	w.mu.Lock()
	defer w.mu.Unlock()
	p, v, err := a.top(viewID)
	if err != nil {
		return nil, err
	}
	if v.body["submit"] == nil {
		return nil, refuse("that modal has no submit button")
	}
	outcome := make(chan submission, 1)
	payload := w.interaction("view_submission", p)
	payload["view"], payload["trigger_id"], payload["response_urls"] = v.object(), w.mintTrigger(p, v), []any{}
	w.deliver(&delivery{
		kind: "interactive", payload: payload,
		acked:  func(ack json.RawMessage) { outcome <- w.submitted(p, v, ack) },
		failed: func(string) { outcome <- w.troubled(v) },
	})
	return outcome, nil
}

func (w *Workspace) troubled(v *view) submission {
	v.trouble = trouble
	w.tell(note{Type: "view", only: v.person.ID})
	return submission{err: refuse(trouble)}
}

// submitted does what the acknowledgement asks (https://docs.slack.dev/surfaces/modals#response_actions).
func (w *Workspace) submitted(p *person, v *view, ack json.RawMessage) submission {
	var asked struct {
		Action string            `json:"response_action"`
		Errors map[string]string `json:"errors"`
		View   json.RawMessage   `json:"view"`
	}
	if len(ack) > 0 && json.Unmarshal(ack, &asked) != nil {
		return w.troubled(v)
	}
	switch asked.Action {
	case "":
		w.shut(p, v, false)
	case "clear":
		w.shut(p, v, true)
	case "errors":
		return w.fieldErrors(v, asked.Errors)
	case "update", "push":
		body, refused := w.checkView(asked.View, "modal")
		if refused != nil || (asked.Action == "push" && len(p.stack) >= stackLimit) {
			return w.troubled(v)
		}
		if asked.Action == "update" {
			v.fill(body, "response_action")
		} else {
			w.push(w.newView(p, body, "response_action"))
		}
	default:
		return w.troubled(v)
	}
	return submission{}
}

// fieldErrors shows errors at input blocks. An error for a block that is no input is one Slack cannot show.
func (w *Workspace) fieldErrors(v *view, errors map[string]string) submission {
	inputs := map[string]bool{}
	for _, c := range v.controls() {
		inputs[c.blockID()] = text(c.block["type"]) == "input"
	}
	for block := range errors {
		if !inputs[block] {
			return w.troubled(v)
		}
	}
	if len(errors) == 0 {
		return w.troubled(v)
	}
	v.errors = errors
	w.tell(note{Type: "view", only: v.person.ID})
	return submission{errors: errors}
}

// CloseView closes the topmost modal with its cancel button, and tells the app if it asked for that.
func (a Actor) CloseView(viewID string) error {
	w := a.w
	w.mu.Lock()
	defer w.mu.Unlock()
	p, v, err := a.top(viewID)
	if err != nil {
		return err
	}
	all := v.body["clear_on_close"] == true
	w.shut(p, v, all)
	if v.body["notify_on_close"] == true {
		payload := w.interaction("view_closed", p)
		payload["view"], payload["is_cleared"] = v.object(), all
		w.deliver(&delivery{kind: "interactive", payload: payload, acked: nothing, failed: func(string) {}})
	}
	return nil
}
