package workspace

import (
	"encoding/json"
	"fmt"
	"maps"
)

// place is where a control stands: on a message, or in a modal or Home tab.
type place struct {
	message *message
	view    *view
}

func (at place) controls() []control {
	if at.view != nil {
		return at.view.controls()
	}
	return at.message.controls()
}

// interaction is what every interactive payload begins with
// (https://docs.slack.dev/reference/interaction-payloads).
func (w *Workspace) interaction(kind string, p *person) map[string]any {
	return map[string]any{
		"type": kind, "token": w.app.verification, "api_app_id": w.app.id, "enterprise": nil, "is_enterprise_install": false,
		"team": map[string]any{"id": w.team, "domain": "rap-analyzer"},
		"user": map[string]any{"id": p.ID, "username": p.Name, "name": p.Name, "team_id": w.team},
	}
}

// locate adds where an interaction happened. An ephemeral message is named, not carried.
func (w *Workspace) locate(payload map[string]any, at place) {
	if at.view != nil {
		payload["container"] = map[string]any{"type": "view", "view_id": at.view.id}
		payload["view"] = at.view.object()
		return
	}
	m := at.message
	container := map[string]any{"type": "message", "message_ts": m.ts, "channel_id": m.channel.id, "is_ephemeral": m.ephemeralTo != ""}
	if m.threadTS != "" {
		container["thread_ts"] = m.threadTS
	}
	payload["container"] = container
	payload["channel"] = map[string]any{"id": m.channel.id, "name": m.channel.shownName()}
	if m.ephemeralTo == "" {
		payload["message"] = w.object(m)
	}
}

// act sends block_actions for one control
// (https://docs.slack.dev/reference/interaction-payloads/block_actions-payload).
func (w *Workspace) act(p *person, at place, c control, value map[string]any) {
	payload := w.interaction("block_actions", p)
	w.locate(payload, at)
	action := map[string]any{
		"type": c.kind(), "action_id": c.actionID(), "block_id": c.blockID(), "action_ts": (&channel{}).stamp(w.now()),
	}
	for _, key := range []string{"text", "value", "style", "placeholder"} {
		if given, found := c.element[key]; found {
			action[key] = given
		}
	}
	maps.Copy(action, value)
	payload["actions"] = []any{action}
	payload["trigger_id"] = w.mintTrigger(p, at.view)
	if at.message != nil {
		filled := initial(at.controls())
		if value != nil && c.kind() != "overflow" {
			filled.set(c, value)
		}
		payload["state"] = map[string]any{"values": filled}
		payload["response_url"] = w.mintAnswer(&answerURL{channel: at.message.channel, person: p, path: "actions", message: at.message}).url
	}
	name := first(c.label(), c.actionID())
	w.deliver(&delivery{kind: "interactive", payload: payload, acked: nothing, failed: func(reason string) { w.interactionFailed(p, at, name, reason) }})
}

// interactionFailed shows a person that what they pressed led to nothing.
func (w *Workspace) interactionFailed(p *person, at place, name, reason string) {
	words := fmt.Sprintf("That didn't work: \"%s\" failed with the error \"%s\"", name, reason)
	if at.view != nil {
		at.view.trouble = words
		w.tell(note{Type: "view", only: p.ID})
		return
	}
	w.slackSays(p, at.message.channel, at.message.threadTS, words)
}

// suggest asks the app for the options of an external select
// (https://docs.slack.dev/reference/interaction-payloads/block_suggestion-payload). The answer comes once, nil for none.
func (w *Workspace) suggest(p *person, at place, c control, typed string) <-chan []any {
	answer := make(chan []any, 1)
	payload := w.interaction("block_suggestion", p)
	w.locate(payload, at)
	payload["action_id"], payload["block_id"], payload["value"] = c.actionID(), c.blockID(), typed
	w.deliver(&delivery{
		kind: "interactive", payload: payload,
		acked:  func(ack json.RawMessage) { answer <- suggestions(ack) },
		failed: func(string) { answer <- nil },
	})
	return answer
}

// suggestions are the options of an acknowledgement, those of its groups included.
func suggestions(ack json.RawMessage) []any {
	var given struct {
		Options []any `json:"options"`
		Groups  []struct {
			Options []any `json:"options"`
		} `json:"option_groups"`
	}
	if len(ack) == 0 || decode(ack, &given) != nil {
		return nil
	}
	for _, group := range given.Groups {
		given.Options = append(given.Options, group.Options...)
	}
	return given.Options
}
