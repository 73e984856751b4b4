package slack

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// clean takes out of a text what no reader should meet: broken encoding,
// control characters, and the overrides that make a line read backwards.
func clean(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n':
			return r
		case r == '\t':
			return ' '
		case r == '\u2028', r == '\u2029':
			return '\n'
		case unicode.Is(unicode.Cc, r), r >= '\u202a' && r <= '\u202e', r >= '\u2066' && r <= '\u2069':
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, "\ufffd"))
}

// line is a clean text without line breaks.
func line(s string) string {
	return strings.TrimSpace(strings.ReplaceAll(clean(s), "\n", " "))
}

// escape is all that Slack asks for, and all that keeps a value from pinging
// a channel (https://docs.slack.dev/messaging/formatting-message-text).
var escape = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;").Replace

// first is the number of bytes of the first n characters of s, and whether
// that is all of it.
func first(s string, n int) (int, bool) {
	at := 0
	for range n {
		if at >= len(s) {
			return len(s), true
		}
		_, size := utf8.DecodeRuneInString(s[at:])
		at += size
	}
	return at, at >= len(s)
}

// bound cuts a text that is not markup to n characters.
func bound(s string, n int) string {
	if _, whole := first(s, n); whole {
		return s
	}
	at, _ := first(s, n-1)
	return s[:at] + "…"
}

// boundMarkup cuts markup to n characters, in front of a link or an entity
// rather than within it.
func boundMarkup(s string, n int) string {
	head, rest := splitMarkup(s, n)
	if rest == "" {
		return head
	}
	head, _ = splitMarkup(head, n-1)
	return strings.TrimRight(head, "\n") + "…"
}

// splitMarkup cuts markup in two, the head n characters at the most, at a line
// break where one is near and never within <…> or &…;. The head is never
// empty: what cannot be cut and does not fit is left out.
func splitMarkup(s string, n int) (head, rest string) {
	at, whole := first(s, n)
	if whole {
		return s, ""
	}
	if nl := strings.LastIndexByte(s[:at], '\n'); nl > at/2 {
		at = nl + 1
	}
	if open := strings.LastIndexByte(s[:at], '<'); open > strings.LastIndexByte(s[:at], '>') {
		at = open
	}
	if amp := strings.LastIndexByte(s[:at], '&'); amp >= 0 && at-amp < len("&quot;") && !strings.Contains(s[amp:at], ";") {
		at = amp
	}
	if at > 0 {
		return s[:at], s[at:]
	}
	if end := strings.IndexByte(s, '>'); end >= 0 {
		return "…", s[end+1:]
	}
	return "…", ""
}
