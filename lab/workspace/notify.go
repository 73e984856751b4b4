package workspace

import (
	"regexp"
	"slices"
)

// Notification is one time a person's Slack rang. People here have "all new messages" on for the channels they are in,
// and are told of a reply when they follow its thread: they wrote in it or were mentioned in it.
type Notification struct {
	Channel  string `json:"channel"`
	TS       string `json:"ts"`
	ThreadTS string `json:"thread_ts,omitempty"`
	From     string `json:"from"`
	Text     string `json:"text"`
	Why      string `json:"why"` // dm, mention, thread or channel
}

// ring notifies whom a new message concerns. Ephemeral messages ring nobody.
func (w *Workspace) ring(m *message) {
	if m.ephemeralTo != "" {
		return
	}
	m.told = map[string]bool{}
	for _, p := range w.humans() {
		why := w.concerns(m, p)
		if why == "" || p.ID == m.user || p.Deleted || !m.channel.has(p.ID) {
			continue
		}
		m.told[p.ID] = true
		p.notifications = append(p.notifications, Notification{
			Channel: m.channel.id, TS: m.ts, ThreadTS: m.threadTS, From: m.user, Text: m.text, Why: why,
		})
	}
}

// concerns says why a message rings a person, or "".
func (w *Workspace) concerns(m *message, p *person) string {
	switch {
	case m.channel.im:
		return "dm"
	case w.mentions(m, p):
		return "mention"
	case m.threadTS != "" && !m.broadcast:
		if w.follows(m, p) {
			return "thread"
		}
		return ""
	default:
		return "channel"
	}
}

// follows is whether a person takes part in the thread a reply belongs to.
func (w *Workspace) follows(reply *message, p *person) bool {
	return slices.ContainsFunc(reply.channel.messages, func(m *message) bool {
		return (m.ts == reply.threadTS || m.threadTS == reply.threadTS) && m.ephemeralTo == "" && (m.user == p.ID || w.mentions(m, p))
	})
}

var mention = regexp.MustCompile(`<(@|!subteam\^|!)([A-Za-z0-9]+)(\|[^>]*)?>`)

// mentions is whether a message's text or blocks name a person, a group they are in, or everybody.
func (w *Workspace) mentions(m *message, p *person) bool {
	for _, found := range mention.FindAllStringSubmatch(m.text+" "+unescapeJSON(m.blocks), -1) {
		switch kind, id := found[1], found[2]; {
		case kind == "@" && id == p.ID:
			return true
		case kind == "!subteam^":
			if g := w.group(id); g != nil && slices.Contains(g.Members, p.ID) {
				return true
			}
		case kind == "!" && (id == "here" || id == "channel" || id == "everyone"):
			return true
		}
	}
	return false
}
