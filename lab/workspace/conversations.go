package workspace

import (
	"slices"
	"strings"
)

// readScope is the scope a kind of conversation needs for what: read or history.
func (c *channel) readScope(what string) string {
	switch {
	case c.im:
		return "im:" + what
	case c.private:
		return "groups:" + what
	default:
		return "channels:" + what
	}
}

// readable finds the conversation a call reads; private ones exist only for their members.
func (w *Workspace) readable(c *call, what string) (*channel, reply) {
	ch := w.channelByID(c.params.str("channel"))
	if ch == nil || (ch.private && !ch.has(w.app.userID)) {
		return nil, fail("channel_not_found")
	}
	if scope := ch.readScope(what); !w.scopes[scope] {
		return nil, w.missingScope(scope)
	}
	return ch, nil
}

// conversationsOpen opens the conversation with one person.
func (w *Workspace) conversationsOpen(c *call) reply {
	if ref := c.params.str("channel"); ref != "" {
		if ch := w.channelByID(ref); ch != nil && ch.im {
			return done(reply{"channel": map[string]any{"id": ch.id}, "already_open": true, "no_op": true})
		}
		return fail("channel_not_found")
	}
	users := strings.Split(c.params.str("users"), ",")
	switch p := w.who(users[0]); {
	case users[0] == "":
		return fail("users_list_not_supplied")
	case len(users) > 1:
		return fail("method_not_supported_for_channel_type") // group messages are not emulated
	case p == nil || p.ID != users[0]:
		return fail("user_not_found")
	case p.Deleted:
		return fail("user_disabled")
	case p.dm == nil:
		return fail("cannot_dm_bot")
	default:
		opened := map[string]any{"id": p.dm.id}
		if c.params.yes("return_im") {
			opened = w.conversation(p.dm)
		}
		return done(reply{"channel": opened})
	}
}

func (w *Workspace) conversationsInfo(c *call) reply {
	ch, refused := w.readable(c, "read")
	if refused != nil {
		return refused
	}
	return done(reply{"channel": w.conversation(ch)})
}

func (w *Workspace) conversationsMembers(c *call) reply {
	ch, refused := w.readable(c, "read")
	if refused != nil {
		return refused
	}
	return done(reply{"members": ch.members, "response_metadata": map[string]any{"next_cursor": ""}})
}

// conversationsHistory answers the newest first; replies stay in their threads unless they were broadcast.
func (w *Workspace) conversationsHistory(c *call) reply {
	ch, refused := w.historic(c)
	if refused != nil {
		return refused
	}
	var found []*message
	for _, m := range ch.messages {
		if m.threadTS == "" || m.broadcast {
			found = append(found, m)
		}
	}
	slices.Reverse(found)
	return w.paged(c, found)
}

// conversationsReplies answers a thread, parent first.
func (w *Workspace) conversationsReplies(c *call) reply {
	ch, refused := w.historic(c)
	if refused != nil {
		return refused
	}
	ts := c.params.str("ts")
	if ch.find(ts) == nil {
		return fail("thread_not_found")
	}
	var found []*message
	for _, m := range ch.messages {
		if m.ts == ts || m.threadTS == ts {
			found = append(found, m)
		}
	}
	return w.paged(c, found)
}

// historic finds a conversation whose messages the app may read.
func (w *Workspace) historic(c *call) (*channel, reply) {
	ch, refused := w.readable(c, "history")
	if refused == nil && !ch.has(w.app.userID) {
		refused = fail("not_in_channel")
	}
	return ch, refused
}

// paged cuts messages to oldest, latest, inclusive, cursor and limit. The cursor is the last ts given.
func (w *Workspace) paged(c *call, found []*message) reply {
	p := c.params
	oldest, latest, inclusive, after := p.str("oldest"), p.str("latest"), p.yes("inclusive"), p.str("cursor")
	limit := p.number("limit", 100)
	out, next, skipping := []any{}, "", after != ""
	last := ""
	for _, m := range found {
		switch {
		case m.deleted || m.ephemeralTo != "":
		case skipping:
			skipping = m.ts != after
		case oldest != "" && oldest != "0" && !(m.ts > oldest || inclusive && m.ts == oldest):
		case latest != "" && !(m.ts < latest || inclusive && m.ts == latest):
		case len(out) == limit:
			next = last
		default:
			shown := w.object(m)
			if p.yes("include_all_metadata") {
				optional(shown, "metadata", m.metadata)
			}
			out, last = append(out, shown), m.ts
		}
	}
	return done(reply{"messages": out, "has_more": next != "", "response_metadata": map[string]any{"next_cursor": next}})
}
