package workspace

import (
	"encoding/json"
	"slices"
)

// message is one message as the workspace keeps it. Blocks, attachments and metadata stay the JSON they came as.
type message struct {
	channel      *channel
	ts, threadTS string
	user         string // user id
	text         string
	blocks       json.RawMessage
	attachments  json.RawMessage
	metadata     json.RawMessage
	ephemeralTo  string // user id; empty for a message everybody sees
	editedTS     string // set by an edit that shows "(edited)"
	edits        int
	broadcast    bool
	subtype      string
	deleted      bool
	files        []*file
	reactions    []Reaction
	told         map[string]bool // whose Slack rang
}

// Message is a message as a person sees it, in the person API's shape.
type Message struct {
	Channel     string          `json:"channel"`
	TS          string          `json:"ts"`
	ThreadTS    string          `json:"thread_ts,omitempty"`
	User        string          `json:"user"`
	Username    string          `json:"username"`
	Bot         bool            `json:"bot,omitempty"`
	Text        string          `json:"text"`
	Blocks      json.RawMessage `json:"blocks,omitempty"`
	Attachments json.RawMessage `json:"attachments,omitempty"`
	Ephemeral   bool            `json:"ephemeral,omitempty"`
	Edited      *Edited         `json:"edited,omitempty"`
	Edits       int             `json:"edits"`
	ReplyCount  int             `json:"reply_count,omitempty"`
	Broadcast   bool            `json:"broadcast,omitempty"`
	Metadata    json.RawMessage `json:"metadata,omitempty"`
	Files       []File          `json:"files,omitempty"`
	Reactions   []Reaction      `json:"reactions,omitempty"`
	Subtype     string          `json:"subtype,omitempty"`
}

// Edited says when a message got its "(edited)" mark. An edit with blocks leaves none.
type Edited struct {
	TS string `json:"ts"`
}

// Reaction is an emoji under a message and who put it there.
type Reaction struct {
	Name  string   `json:"name"`
	Users []string `json:"users"`
	Count int      `json:"count"`
}

// post puts a new message into its channel, rings whom it concerns and tells the pages.
func (w *Workspace) post(m *message) *message {
	m.ts = m.channel.stamp(w.now())
	m.channel.messages = append(m.channel.messages, m)
	w.ring(m)
	w.tell(note{Type: "message", Channel: m.channel.id, only: m.ephemeralTo})
	return m
}

// slackSays shows an error of Slack's own to one person.
func (w *Workspace) slackSays(p *person, c *channel, threadTS, text string) {
	w.post(&message{channel: c, threadTS: threadTS, user: slackbot, text: text, ephemeralTo: p.ID})
}

// edited marks an edit. It rings nobody: mentions in an edit do not notify.
func (w *Workspace) edited(m *message, marked bool) {
	m.edits++
	if marked {
		m.editedTS = m.channel.stamp(w.now())
	}
	w.tell(note{Type: "message", Channel: m.channel.id, only: m.ephemeralTo})
}

// remove deletes a message; a parent with replies leaves a tombstone.
func (w *Workspace) remove(m *message) {
	if m.channel.replies(m.ts) == 0 {
		m.deleted = true
	} else {
		m.text, m.blocks, m.attachments, m.metadata, m.files = "This message was deleted.", nil, nil, nil, nil
		m.subtype, m.user = "tombstone", slackbot
	}
	w.tell(note{Type: "message", Channel: m.channel.id, only: m.ephemeralTo})
}

// sees is whether a person has the message on their screen.
func (m *message) sees(p *person) bool {
	return !m.deleted && m.channel.has(p.ID) && (m.ephemeralTo == "" || m.ephemeralTo == p.ID)
}

// show is the message in the person API's shape.
func (w *Workspace) show(m *message) Message {
	out := Message{
		Channel: m.channel.id, TS: m.ts, ThreadTS: m.threadTS, User: m.user, Username: m.user, Text: m.text, Blocks: m.blocks,
		Attachments: m.attachments, Ephemeral: m.ephemeralTo != "", Edits: m.edits, Broadcast: m.broadcast, Metadata: m.metadata,
		ReplyCount: m.channel.replies(m.ts), Bot: m.user == w.app.userID, Subtype: m.subtype, Reactions: slices.Clone(m.reactions),
	}
	if p := w.who(m.user); p != nil {
		out.Username = p.Name
	}
	if m.editedTS != "" {
		out.Edited = &Edited{TS: m.editedTS}
	}
	for _, f := range m.files {
		out.Files = append(out.Files, w.shownFile(f))
	}
	return out
}

// object is the message as the Web API and interaction payloads carry it
// (https://docs.slack.dev/messaging/retrieving-messages).
func (w *Workspace) object(m *message) map[string]any {
	out := map[string]any{"type": "message", "user": m.user, "text": m.text, "ts": m.ts, "team": w.team}
	if m.user == w.app.userID {
		out["bot_id"], out["app_id"] = w.app.botID, w.app.id
		out["bot_profile"] = map[string]any{"id": w.app.botID, "app_id": w.app.id, "user_id": w.app.userID, "name": w.app.name, "team_id": w.team}
	}
	optional(out, "blocks", m.blocks)
	optional(out, "attachments", m.attachments)
	if m.threadTS != "" {
		out["thread_ts"] = m.threadTS
	}
	if n := m.channel.replies(m.ts); n > 0 {
		out["thread_ts"], out["reply_count"] = m.ts, n
	}
	if m.ephemeralTo != "" {
		out["is_ephemeral"] = true
	}
	if m.editedTS != "" {
		out["edited"] = map[string]any{"user": m.user, "ts": m.editedTS}
	}
	if m.subtype != "" {
		out["subtype"] = m.subtype
	}
	if m.broadcast {
		out["subtype"] = "thread_broadcast"
	}
	if shown := m.reactions; len(shown) > 0 {
		out["reactions"] = shown
	}
	if len(m.files) > 0 {
		files := []any{}
		for _, f := range m.files {
			files = append(files, w.shownFile(f))
		}
		out["files"] = files
	}
	return out
}

func optional(out map[string]any, key string, value json.RawMessage) {
	if len(value) > 0 {
		out[key] = value
	}
}
