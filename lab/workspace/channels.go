package workspace

import (
	"slices"
	"strings"
)

// channel is a conversation: a public or private channel, or one person's conversation with the app.
type channel struct {
	id, name, topic   string
	private, archived bool
	im                bool
	with              string   // im: the person
	members           []string // user ids
	messages          []*message
	lastStamp         int64
}

func (c *channel) has(user string) bool { return slices.Contains(c.members, user) }

// find is the message with this ts that everybody can see, or one person's ephemeral.
func (c *channel) find(ts string) *message {
	for i := len(c.messages) - 1; i >= 0; i-- {
		if m := c.messages[i]; m.ts == ts && !m.deleted {
			return m
		}
	}
	return nil
}

// replies counts a thread's replies.
func (c *channel) replies(ts string) int {
	n := 0
	for _, m := range c.messages {
		if m.threadTS == ts && m.ts != ts && !m.deleted && m.ephemeralTo == "" {
			n++
		}
	}
	return n
}

// channelByID finds a channel by its id alone, as most methods want it.
func (w *Workspace) channelByID(id string) *channel {
	for _, c := range w.channels {
		if c.id == id {
			return c
		}
	}
	return nil
}

// channelByRef finds a channel by id or name. For a person, "@rap" is their conversation with the app.
func (w *Workspace) channelByRef(ref string, p *person) *channel {
	name := strings.TrimPrefix(ref, "#")
	for _, c := range w.channels {
		if c.id == name || (!c.im && c.name == name) {
			return c
		}
	}
	if p != nil && strings.TrimPrefix(name, "@") == w.app.name {
		return p.dm
	}
	return nil
}

// channelForApp finds what the app may mean by a channel: an id, a name, or a user id, which opens the conversation.
func (w *Workspace) channelForApp(ref string) *channel {
	if p := w.who(ref); p != nil && p.ID == ref && p.dm != nil {
		return p.dm
	}
	return w.channelByRef(ref, nil)
}

// conversation is a channel as conversations.info describes it (https://docs.slack.dev/reference/objects/conversation-object).
func (w *Workspace) conversation(c *channel) map[string]any {
	if c.im {
		return map[string]any{"id": c.id, "created": 1700000000, "is_im": true, "is_channel": false, "user": c.with, "is_archived": false, "is_open": true}
	}
	return map[string]any{
		"id": c.id, "name": c.name, "name_normalized": c.name, "created": 1700000000, "creator": c.members[0],
		"is_channel": !c.private, "is_group": false, "is_im": false, "is_mpim": false, "is_private": c.private,
		"is_archived": c.archived, "is_general": c.name == "general", "is_member": c.has(w.app.userID), "is_shared": false, "is_ext_shared": false,
		"topic":   map[string]any{"value": c.topic, "creator": "", "last_set": 0},
		"purpose": map[string]any{"value": "", "creator": "", "last_set": 0}, "num_members": len(c.members),
	}
}
