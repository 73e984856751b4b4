package workspace

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
)

// nothing is what happens when an acknowledgement carries nothing to act on.
func nothing(json.RawMessage) {}

// slash runs a slash command a person typed
// (https://docs.slack.dev/interactivity/implementing-slash-commands).
func (w *Workspace) slash(p *person, ch *channel, typed string) error {
	name, words, _ := strings.Cut(strings.TrimSpace(typed), " ")
	known := w.command(name)
	if known == nil {
		w.slackSays(p, ch, "", fmt.Sprintf("%s is not a valid command. In Slack, all messages that start with the \"/\" character are interpreted as commands.", name))
		return nil
	}
	words = strings.TrimSpace(words)
	if known.ShouldEscape {
		words = w.fromKeyboard(words, true)
	}
	answer := w.mintAnswer(&answerURL{channel: ch, person: p, path: "commands", typed: typed})
	payload := map[string]any{
		"token": w.app.verification, "team_id": w.team, "team_domain": "rap-analyzer", "channel_id": ch.id, "channel_name": ch.shownName(),
		"user_id": p.ID, "user_name": p.Name, "command": known.Command, "text": words, "api_app_id": w.app.id,
		"is_enterprise_install": "false", "response_url": answer.url, "trigger_id": w.mintTrigger(p, nil),
	}
	w.deliver(&delivery{
		kind: "slash_commands", payload: payload,
		acked: func(ack json.RawMessage) { w.slashAcked(known.Command, answer, ack) },
		failed: func(reason string) {
			w.slackSays(p, ch, "", fmt.Sprintf("%s failed with the error \"%s\"", known.Command, reason))
		},
	})
	return nil
}

// slashAcked shows what the acknowledgement said: nothing, a text, or a message.
func (w *Workspace) slashAcked(command string, answer *answerURL, ack json.RawMessage) {
	ack = bytes.TrimSpace(ack)
	if len(ack) == 0 || bytes.Equal(ack, []byte("null")) {
		return
	}
	said := params{}
	var plain string
	if json.Unmarshal(ack, &plain) == nil {
		said["text"] = plain
	} else if decode(ack, &said) != nil || len(said) == 0 {
		return
	}
	body, refused := w.content(said)
	switch {
	case refused != nil:
		w.slackSays(answer.person, answer.channel, "", fmt.Sprintf("%s failed with the error \"%s\"", command, refused["error"]))
		return
	case body.empty():
		return
	}
	w.answerWith(answer, said, body)
	w.accept("message", "ack", body.blocks)
}

func (w *Workspace) command(name string) *Command {
	for i := range w.commands {
		if w.commands[i].Command == name {
			return &w.commands[i]
		}
	}
	return nil
}

// shownName is a channel's name in a payload; a direct message is called so.
func (c *channel) shownName() string {
	if c.im {
		return "directmessage"
	}
	return c.name
}
