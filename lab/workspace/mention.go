package workspace

import (
	"encoding/json"
	"regexp"
	"strings"
)

var (
	typedToken = regexp.MustCompile(`(^|[\s(,;:])([@#])([a-zA-Z0-9][a-zA-Z0-9._-]*)|https?://[^\s<>|]+`)
	htmlEscape = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;")
	jsonAngles = strings.NewReplacer(`\u003c`, "<", `\u003e`, ">", `\u0026`, "&")
)

// fromKeyboard turns what a person typed into what Slack stores: &, < and > escaped, known @names, @groups and #channels
// as links, addresses in angle brackets (https://docs.slack.dev/messaging/formatting-message-text). In a command, a channel
// carries its name (https://docs.slack.dev/interactivity/implementing-slash-commands).
func (w *Workspace) fromKeyboard(text string, command bool) string {
	return typedToken.ReplaceAllStringFunc(htmlEscape.Replace(text), func(token string) string {
		if strings.HasPrefix(token, "http") {
			return "<" + token + ">"
		}
		at := strings.IndexAny(token, "@#")
		word := strings.TrimRight(token[at+1:], ".-_")
		rest := token[at+1+len(word):]
		if link := w.link(token[at], word, command); link != "" {
			return token[:at] + link + rest
		}
		return token
	})
}

// link is the stored form of @word or #word, or "" when nothing has that name.
func (w *Workspace) link(kind byte, word string, command bool) string {
	if kind == '#' {
		if c := w.channelByRef(word, nil); c != nil && !c.im {
			if command {
				return "<#" + c.id + "|" + c.name + ">"
			}
			return "<#" + c.id + ">"
		}
		return ""
	}
	switch word {
	case "here", "channel", "everyone":
		return "<!" + word + ">"
	}
	if g := w.group(word); g != nil {
		if command {
			return "<!subteam^" + g.ID + "|@" + g.Handle + ">"
		}
		return "<!subteam^" + g.ID + ">"
	}
	if p := w.who(word); p != nil {
		return "<@" + p.ID + ">"
	}
	return ""
}

// unescapeJSON makes the angle brackets in a JSON text readable again; encoders may write them as \u003c.
func unescapeJSON(raw json.RawMessage) string { return jsonAngles.Replace(string(raw)) }
