package alertmanager

import (
	"net/url"
	"strings"
	"unicode"
)

// tidy removes the characters that make a text look like another one, control
// and bidirectional ones, keeps its lines, and cuts it to limit runes.
func tidy(s string, limit int) string {
	var b strings.Builder
	kept := 0
	for _, r := range s {
		switch {
		case r == '\u2028' || r == '\u2029':
			r = '\n'
		case r != '\n' && r != '\t' && (unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r)):
			continue
		}
		if kept == limit {
			return b.String() + "…"
		}
		b.WriteRune(r)
		kept++
	}
	return b.String()
}

// oneLine is tidy on a single line.
func oneLine(s string, limit int) string {
	return strings.Join(strings.Fields(tidy(s, limit)), " ")
}

// maxLink is the longest link that is shown; chat takes 3000 characters.
const maxLink = 2500

// webLink returns s when it is a plain link to a web page, and nothing
// otherwise: other schemes may run something, and a user name before the host
// makes a link look as if it led elsewhere.
func webLink(s string) string {
	s = strings.TrimSpace(s)
	if len(s) > maxLink || tidy(s, maxLink) != s || strings.ContainsFunc(s, unicode.IsSpace) {
		return ""
	}
	u, err := url.Parse(s)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" || u.User != nil {
		return ""
	}
	return linkEscaper.Replace(s)
}

// linkEscaper encodes what would end a link in chat markup.
var linkEscaper = strings.NewReplacer("<", "%3C", ">", "%3E", "|", "%7C", `"`, "%22")

// secureLink is webLink for https alone, which buttons need.
func secureLink(s string) string {
	s = webLink(s)
	if len(s) < 8 || !strings.EqualFold(s[:8], "https://") {
		return ""
	}
	return s
}
