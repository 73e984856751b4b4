package workspace

import (
	"encoding/json"
	"strings"
	"unicode/utf8"
)

const (
	textKept     = 40000 // chat.postMessage cuts a longer text (https://docs.slack.dev/reference/methods/chat.postMessage)
	textUpdated  = 4000  // chat.update refuses a longer one (https://docs.slack.dev/reference/methods/chat.update)
	maxAttached  = 100
	permalinkURL = "https://rap-analyzer.slack.com/archives/"
)

// content is what a message says, read from a call, a response_url or an acknowledgement.
type content struct {
	text        string
	blocks      json.RawMessage
	attachments json.RawMessage
	metadata    json.RawMessage
	truncated   bool
}

// content reads and checks what a message would say; the reply is nil when it may be said.
func (w *Workspace) content(p params) (content, reply) {
	c := content{text: p.str("text")}
	if utf8.RuneCountInString(c.text) > textKept {
		c.text, c.truncated = string([]rune(c.text)[:textKept]), true
	}
	if p.yes("link_names") || p.str("parse") == "full" {
		c.text = w.fromKeyboard(c.text, false)
	}
	var refused reply
	if c.blocks, refused = w.checkBlocks(p.raw("blocks"), ""); refused != nil {
		return c, refused
	}
	if c.attachments, refused = w.checkAttachments(p.raw("attachments")); refused != nil {
		return c, refused
	}
	if c.metadata, refused = checkMetadata(p.raw("metadata")); refused != nil {
		return c, refused
	}
	return c, nil
}

func (c content) empty() bool {
	return strings.TrimSpace(c.text) == "" && len(c.blocks) == 0 && len(c.attachments) == 0
}

// into puts a content into a message.
func (c content) into(m *message) *message {
	m.text, m.blocks, m.attachments = c.text, c.blocks, c.attachments
	if c.metadata != nil {
		m.metadata = c.metadata
	}
	return m
}

// checkMetadata wants {event_type, event_payload} (https://docs.slack.dev/messaging/message-metadata).
func checkMetadata(raw json.RawMessage) (json.RawMessage, reply) {
	if raw == nil {
		return nil, nil
	}
	var parts map[string]any
	if decode(raw, &parts) != nil {
		return nil, fail("invalid_metadata_format")
	}
	name := text(parts["event_type"])
	if name == "" && parts["event_payload"] == nil {
		return nil, nil // slack-go's empty value, sent along with every response_url post
	}
	_, isObject := parts["event_payload"].(map[string]any)
	if name == "" || !isObject {
		return nil, fail("invalid_metadata_schema")
	}
	return encode(parts), nil
}

// writable finds the channel a call means to write in.
func (w *Workspace) writable(ref string) (*channel, reply) {
	ch := w.channelForApp(ref)
	switch {
	case ch == nil:
		return nil, fail("channel_not_found")
	case ch.archived:
		return nil, fail("is_archived")
	case !ch.has(w.app.userID) && ch.private:
		return nil, fail("channel_not_found")
	case !ch.has(w.app.userID) && !w.scopes["chat:write.public"]:
		return nil, fail("not_in_channel")
	}
	return ch, nil
}

func (w *Workspace) chatPostMessage(c *call) reply {
	ch, refused := w.writable(c.params.str("channel"))
	if refused != nil {
		return refused
	}
	if w.overPace(c, ch) {
		return fail("ratelimited")
	}
	said, refused := w.content(c.params)
	if refused != nil {
		return refused
	}
	if said.empty() {
		return fail("no_text")
	}
	m := said.into(&message{channel: ch, user: w.app.userID, broadcast: c.params.yes("reply_broadcast")})
	m.threadTS = ch.threadOf(c.params.str("thread_ts"))
	m.broadcast = m.broadcast && m.threadTS != ""
	w.post(m)
	w.accept("message", c.method, m.blocks)
	out := done(reply{"channel": ch.id, "ts": m.ts, "message": w.object(m)})
	if said.truncated {
		out["warning"] = "message_truncated"
		out["response_metadata"] = map[string]any{"warnings": []string{"message_truncated"}}
	}
	return out
}

// threadOf is the thread a reply goes to: none when the parent is gone, so the reply stands alone as it does in Slack.
func (c *channel) threadOf(ts string) string {
	parent := c.find(ts)
	switch {
	case ts == "" || parent == nil || parent.subtype == "tombstone" || parent.ephemeralTo != "":
		return ""
	case parent.threadTS != "":
		return parent.threadTS
	default:
		return parent.ts
	}
}

func (w *Workspace) chatPostEphemeral(c *call) reply {
	ch, refused := w.writable(c.params.str("channel"))
	if refused != nil {
		return refused
	}
	p := w.who(c.params.str("user"))
	if p == nil || p.Deleted || !ch.has(p.ID) {
		return fail("user_not_in_channel")
	}
	said, refused := w.content(c.params)
	if refused != nil {
		return refused
	}
	if said.empty() {
		return fail("no_text")
	}
	m := said.into(&message{channel: ch, user: w.app.userID, ephemeralTo: p.ID})
	m.threadTS = ch.threadOf(c.params.str("thread_ts"))
	w.post(m)
	w.accept("message", c.method, m.blocks)
	return done(reply{"message_ts": m.ts})
}

func (w *Workspace) chatUpdate(c *call) reply {
	m, refused := w.own(c, "cant_update_message")
	if refused != nil {
		return refused
	}
	if utf8.RuneCountInString(c.params.str("text")) > textUpdated {
		return fail("msg_too_long")
	}
	said, refused := w.content(c.params)
	if refused != nil {
		return refused
	}
	if said.empty() {
		return fail("no_text")
	}
	if c.params.raw("attachments") == nil {
		said.attachments = m.attachments // attachments stay until others or an empty list come
	}
	said.into(m) // text without blocks removes the old blocks
	if c.params.yes("reply_broadcast") && m.threadTS != "" {
		m.broadcast = true
	}
	w.edited(m, len(m.blocks) == 0)
	w.accept("message", c.method, m.blocks)
	return done(reply{"channel": m.channel.id, "ts": m.ts, "text": m.text, "message": w.object(m)})
}

func (w *Workspace) chatDelete(c *call) reply {
	m, refused := w.own(c, "cant_delete_message")
	if refused != nil {
		return refused
	}
	w.remove(m)
	return done(reply{"channel": m.channel.id, "ts": m.ts})
}

// own finds the app's message a call names. Ephemeral messages cannot be found: their message_ts serves for nothing.
func (w *Workspace) own(c *call, notOwn string) (*message, reply) {
	ch := w.channelByID(c.params.str("channel"))
	if ch == nil {
		return nil, fail("channel_not_found")
	}
	m := ch.find(c.params.str("ts"))
	if m == nil || m.ephemeralTo != "" || m.subtype == "tombstone" {
		return nil, fail("message_not_found")
	}
	if m.user != w.app.userID {
		return nil, fail(notOwn)
	}
	return m, nil
}

func (w *Workspace) chatGetPermalink(c *call) reply {
	ch := w.channelByID(c.params.str("channel"))
	if ch == nil || (!ch.has(w.app.userID) && ch.private) {
		return fail("channel_not_found")
	}
	m := ch.find(c.params.str("message_ts"))
	if m == nil || m.ephemeralTo != "" {
		return fail("message_not_found")
	}
	link := permalinkURL + ch.id + "/p" + strings.ReplaceAll(m.ts, ".", "")
	if m.threadTS != "" {
		link += "?thread_ts=" + m.threadTS + "&cid=" + ch.id
	}
	return done(reply{"channel": ch.id, "permalink": link})
}
