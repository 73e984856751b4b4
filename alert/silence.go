package alert

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/rap-analyzer/rapbot"
)

// Silence is Alertmanager's promise to notify nobody of the alerts that all of
// its matchers match, until it ends.
type Silence struct {
	ID        string        `json:"id,omitempty"`
	Matchers  []Matcher     `json:"matchers"`
	StartsAt  time.Time     `json:"starts_at"`
	EndsAt    time.Time     `json:"ends_at"`
	CreatedBy string        `json:"created_by"` // as Alertmanager keeps it; see Creator
	Comment   string        `json:"comment"`
	State     SilenceState  `json:"state,omitempty"`
	By        rapbot.Person `json:"by,omitzero"` // who made it here; not known of those made elsewhere
}

// SilenceState is how far a silence is, by Alertmanager's clock.
type SilenceState string

// The states of a silence.
const (
	SilencePending SilenceState = "pending"
	SilenceActive  SilenceState = "active"
	SilenceExpired SilenceState = "expired"
)

// Matcher is one condition on a label; a label that is missing is empty.
// Alertmanager anchors its patterns at both ends.
type Matcher struct {
	Name  string `json:"name"`
	Value string `json:"value"`
	Regex bool   `json:"regex,omitempty"`
	Not   bool   `json:"not,omitempty"`
}

// Creator is what Alertmanager is told of who made a silence: the ID, which
// nobody can change, and the name, which people read.
func Creator(p rapbot.Person) string { return strings.TrimSpace(p.ID + " " + p.Name) }

// String is the matcher as it is typed.
func (m Matcher) String() string {
	op := map[[2]bool]string{{false, false}: "=", {true, false}: "=~", {false, true}: "!=", {true, true}: "!~"}[[2]bool{m.Regex, m.Not}]
	return m.Name + op + strconv.Quote(m.Value)
}

// Matches reports whether the labels fulfil the condition. A pattern that
// cannot be read fulfils none.
func (m Matcher) Matches(labels map[string]string) bool {
	value := labels[m.Name]
	if !m.Regex {
		return (value == m.Value) != m.Not
	}
	pattern, err := regexp.Compile("^(?:" + m.Value + ")$")
	return err == nil && pattern.MatchString(value) != m.Not
}

// Covers reports whether the silence is for an alert with these labels.
func (s Silence) Covers(labels map[string]string) bool {
	for _, m := range s.Matchers {
		if !m.Matches(labels) {
			return false
		}
	}
	return len(s.Matchers) > 0
}

// CoversGroup reports whether it is for everything that fires in the group.
func (s Silence) CoversGroup(g Group) bool {
	any := false
	for _, a := range g.Latest.Alerts {
		if a.Status != "firing" {
			continue
		}
		if any = true; !s.Covers(a.Labels) {
			return false
		}
	}
	return any
}

// Over reports whether it quiets nothing any more.
func (s Silence) Over(now time.Time) bool { return s.State == SilenceExpired || !now.Before(s.EndsAt) }

// Conditions are the matchers on one line.
func (s Silence) Conditions() string {
	var out []string
	for _, m := range s.Matchers {
		out = append(out, m.String())
	}
	return strings.Join(out, ", ")
}

// Bounds of what is typed into a silence.
const (
	maxMatchers       = 20
	maxMatcher        = 500
	maxComment        = 500
	shortestSilence   = time.Minute
	matcherForExample = `alertname="ReplicationLag"`
)

// SilenceWish is a silence as somebody asks for it.
type SilenceWish struct {
	Matchers string // a line each
	For      string // such as 2h
	Comment  string
}

// PlanSilence reads a wish, or says in a sentence what is wrong with it. Who
// may: every full member of the workspace, up to the longest duration, because
// a silence hides an alert and touches no server, ends by itself and is posted
// for everybody; asking a second person to quieten a page at night would teach
// people to mute the channel instead.
func PlanSilence(w SilenceWish, by rapbot.Person, now time.Time, longest time.Duration) (Silence, error) {
	if err := rapbot.MayRequest(by); err != nil {
		return Silence{}, err
	}
	matchers, err := ParseMatchers(w.Matchers)
	if err != nil {
		return Silence{}, err
	}
	if strings.TrimSpace(w.For) == "" {
		return Silence{}, rapbot.Refuse(rapbot.Invalid, "A silence needs a duration.", "Say for how long: 30m, 2h or 24h.")
	}
	lasts, err := time.ParseDuration(strings.TrimSpace(w.For))
	if err != nil {
		return Silence{}, rapbot.Refuse(rapbot.Invalid, fmt.Sprintf("%q is not a duration.", bounded(w.For, 40)), "Give a number and a unit, such as 30m, 2h or 24h.")
	}
	switch comment := strings.Join(strings.Fields(w.Comment), " "); {
	case lasts < shortestSilence:
		return Silence{}, rapbot.Refuse(rapbot.Invalid, "A silence of "+lasts.String()+" is too short.", "Give a minute or more.")
	case lasts > longest:
		return Silence{}, rapbot.Refuse(rapbot.Invalid, fmt.Sprintf("A silence of %s is longer than the %s that may be asked for here.", rapbot.Duration(lasts), rapbot.Duration(longest)),
			"Ask for less and renew it, or make it in Alertmanager itself; alertmanager.api.longest_silence is the limit.")
	case comment == "":
		return Silence{}, rapbot.Refuse(rapbot.Invalid, "A silence needs a comment.", "Say why, for whoever is on call next.")
	default:
		return Silence{Matchers: matchers, StartsAt: now.UTC(), EndsAt: now.Add(lasts).UTC(), CreatedBy: Creator(by), Comment: bounded(comment, maxComment), By: by}, nil
	}
}

// ParseMatchers reads name="value" lines, with =, !=, =~ or !~ between. Quotes
// may be left out. At least one of them must not match everything that lacks
// the label, as Alertmanager itself demands: it would silence the whole world.
func ParseMatchers(text string) ([]Matcher, error) {
	var out []Matcher
	narrow := false
	for _, line := range strings.Split(strings.ToValidUTF8(text, ""), "\n") {
		line = strings.TrimSuffix(strings.TrimSpace(line), ",")
		if line == "" {
			continue
		}
		m, err := parseMatcher(line)
		if err != nil {
			return nil, err
		}
		out = append(out, m)
		narrow = narrow || !m.Matches(nil)
	}
	switch {
	case len(out) == 0:
		return nil, rapbot.Refuse(rapbot.Invalid, "A silence needs a matcher.", "Write one a line, such as "+matcherForExample+".")
	case len(out) > maxMatchers:
		return nil, rapbot.Refuse(rapbot.Invalid, fmt.Sprintf("Those are %d matchers; %d is the limit.", len(out), maxMatchers), "Use fewer, or a pattern such as region=~\"us-.*\".")
	case !narrow:
		return nil, rapbot.Refuse(rapbot.Invalid, "These matchers match every alert there is.", "Name something that must be there, such as "+matcherForExample+".")
	}
	return out, nil
}

func parseMatcher(line string) (Matcher, error) {
	wrong := func(why string) (Matcher, error) {
		return Matcher{}, rapbot.Refuse(rapbot.Invalid, fmt.Sprintf("I cannot read the matcher %s: %s.", bounded(line, 80), why), "Write it as "+matcherForExample+"; instead of = there may be !=, =~ or !~.")
	}
	if utf8.RuneCountInString(line) > maxMatcher {
		return wrong(fmt.Sprintf("it is longer than %d characters", maxMatcher))
	}
	at := strings.IndexAny(line, "=!")
	if at < 0 {
		return wrong("there is no = in it")
	}
	m := Matcher{Name: strings.TrimSpace(line[:at])}
	rest := line[at:]
	switch {
	case strings.HasPrefix(rest, "=~"):
		m.Regex, rest = true, rest[2:]
	case strings.HasPrefix(rest, "!~"):
		m.Regex, m.Not, rest = true, true, rest[2:]
	case strings.HasPrefix(rest, "!="):
		m.Not, rest = true, rest[2:]
	case strings.HasPrefix(rest, "="):
		rest = rest[1:]
	default:
		return wrong("there is no = in it")
	}
	if !labelName.MatchString(m.Name) {
		return wrong("what stands before the = is not the name of a label")
	}
	value, ok := unquoted(strings.TrimSpace(rest))
	if !ok {
		return wrong("its quotation marks do not fit")
	}
	if strings.ContainsFunc(value, unicode.IsControl) {
		return wrong("there are control characters in it")
	}
	m.Value = value
	if m.Regex {
		if _, err := regexp.Compile("^(?:" + value + ")$"); err != nil {
			return wrong("its pattern is not a regular expression")
		}
	}
	return m, nil
}

// labelName takes more than older Alertmanagers do, which say so themselves.
var labelName = regexp.MustCompile(`^[^\s"'~{},]{1,200}$`)

// unquoted takes the quotation marks off. Phones write curly ones.
func unquoted(s string) (string, bool) {
	s = strings.NewReplacer("“", `"`, "”", `"`).Replace(s)
	if !strings.HasPrefix(s, `"`) {
		return s, !strings.Contains(s, `"`)
	}
	value, err := strconv.Unquote(s)
	return value, err == nil
}

func bounded(s string, runes int) string {
	r := []rune(s)
	if len(r) <= runes {
		return s
	}
	return string(r[:runes]) + "…"
}
