package slack

import (
	"cmp"
	"fmt"
	"net/url"
	"regexp"
	"strings"
	"unicode"

	"github.com/rap-analyzer/rapbot"
)

// piece is rendered markup. A whole piece is not cut.
type piece struct {
	markup string
	whole  bool
}

// wholeMax bounds a piece that is not cut, so that it fits in a field.
const wholeMax = 1500

var userID = regexp.MustCompile(`^[UW][A-Z0-9]+$`)

// pieces renders text as mrkdwn.
func pieces(t rapbot.Text) []piece {
	out := make([]piece, 0, len(t))
	for _, s := range t {
		out = append(out, span(s))
	}
	return out
}

func span(s rapbot.Span) piece {
	switch s.Kind {
	case rapbot.SpanBold:
		return piece{wrap("*", "∗", s.Text), true}
	case rapbot.SpanCode:
		return piece{wrap("`", "ˋ", s.Text), true}
	case rapbot.SpanPerson:
		return person(s)
	case rapbot.SpanTeam:
		return team(s)
	case rapbot.SpanTime:
		return piece{date(s), true}
	case rapbot.SpanLink:
		return webLink(s)
	case rapbot.SpanMarkup:
		return piece{clean(s.Text), false}
	}
	return piece{plain(s.Text), false}
}

// wrap puts a delimiter around a text, whose own become look-alikes: inside,
// they would end the bold or the code early. Space at its ends stays outside,
// because a delimiter next to it is none, and one next to a letter is none
// either.
func wrap(delimiter, lookAlike, text string) string {
	inner := strings.ReplaceAll(line(text), delimiter, lookAlike)
	if inner == "" {
		return ""
	}
	before, after := "", ""
	if strings.HasPrefix(text, " ") {
		before = " "
	}
	if strings.HasSuffix(text, " ") {
		after = " "
	}
	return before + delimiter + boundMarkup(escape(inner), wholeMax) + delimiter + after
}

// plain renders a text in which nothing is markup.
func plain(s string) string { return escape(tame(clean(s))) }

// tame makes look-alikes of the characters that would format or hide what
// follows them. Underscores stay: they stand in names, and italics hide
// nothing.
func tame(s string) string {
	if !strings.ContainsAny(s, "`*~") {
		return s
	}
	runes := []rune(s)
	at := func(i int) rune {
		if i < 0 || i >= len(runes) {
			return ' '
		}
		return runes[i]
	}
	word := func(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }
	var b strings.Builder
	for i, r := range runes {
		before, after := at(i-1), at(i+1)
		delimits := !word(before) && !unicode.IsSpace(after) || !unicode.IsSpace(before) && !word(after)
		switch {
		case r == '`':
			r = 'ˋ'
		case r == '*' && delimits:
			r = '∗'
		case r == '~' && delimits:
			r = '∼'
		}
		b.WriteRune(r)
	}
	return b.String()
}

// person mentions somebody by ID. What is no ID is no mention.
func person(s rapbot.Span) piece {
	if userID.MatchString(s.ID) && len(s.ID) < 50 {
		return piece{"<@" + s.ID + ">", true}
	}
	return nameless(s, "somebody")
}

// nameless stands for a mention that cannot be made.
func nameless(s rapbot.Span, otherwise string) piece {
	name := cmp.Or(line(s.Text), line(s.ID), otherwise)
	return piece{plain("@" + bound(name, 100)), true}
}

// team mentions a user group by ID. What is no ID is no mention.
func team(s rapbot.Span) piece {
	if groupID.MatchString(s.ID) && len(s.ID) < 50 {
		return piece{"<!subteam^" + s.ID + ">", true}
	}
	return nameless(s, "the group")
}

// date is a time in each reader's own zone.
func date(s rapbot.Span) string {
	fallback := rapbot.PlainTime(s.At)
	if s.At.IsZero() || s.At.Year() < 1971 || s.At.Year() > 9999 {
		return fallback
	}
	return fmt.Sprintf("<!date^%d^{date_short_pretty} at {time_secs}|%s>", s.At.Unix(), fallback)
}

// webLink is a link, or its words when it leads nowhere on the web.
func webLink(s rapbot.Span) piece {
	label := bound(line(s.Text), 200)
	address, ok := webAddress(s.URL)
	if !ok {
		if where := bound(line(s.URL), 300); where != "" {
			label = strings.TrimSpace(label + " (" + where + ")")
		}
		return piece{plain(label), true}
	}
	if label == "" {
		return piece{"<" + escape(address) + ">", true}
	}
	return piece{"<" + escape(address) + "|" + escape(strings.ReplaceAll(label, "|", "¦")) + ">", true}
}

var inLink = strings.NewReplacer("<", "%3C", ">", "%3E", "|", "%7C", " ", "%20", `"`, "%22", "`", "%60")

// webAddress accepts http and https addresses and writes them so that nothing
// in them ends a link early. One with a user name in front of its host is
// refused: it looks like another host.
func webAddress(s string) (string, bool) {
	u, err := url.Parse(strings.TrimSpace(s))
	if err != nil || u.Host == "" || u.User != nil || u.Scheme != "http" && u.Scheme != "https" {
		return "", false
	}
	address := inLink.Replace(u.String())
	if clean(address) != address || len(escape(address)) > 1000 {
		return "", false
	}
	return address, true
}

// pack lays pieces into as few chunks of limit characters as it can. Chunks
// with nothing to see in them are left out.
func pack(pieces []piece, limit int) []string {
	var chunks []string
	var b strings.Builder
	room := limit
	flush := func() {
		if s := b.String(); strings.TrimSpace(s) != "" {
			chunks = append(chunks, s)
		}
		b.Reset()
		room = limit
	}
	put := func(s string) {
		b.WriteString(s)
		room -= len([]rune(s))
	}
	const crumb = 200 // not worth beginning a text in
	for _, p := range pieces {
		rest := p.markup
		for rest != "" {
			if _, fits := first(rest, room); fits {
				put(rest)
				break
			}
			if p.whole || room < crumb {
				flush()
				if p.whole {
					rest = boundMarkup(rest, limit)
				}
				if _, fits := first(rest, room); fits {
					continue
				}
			}
			var head string
			head, rest = splitMarkup(rest, room)
			put(head)
			flush()
		}
	}
	flush()
	return chunks
}
