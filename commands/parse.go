package commands

import (
	"fmt"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/rap-analyzer/rapbot"
)

// maxText bounds what is looked at of a typed command; Slack's own limit on a
// message is 40,000 characters.
const maxText = 4000

var operationID = regexp.MustCompile(`^[1-9][0-9]{0,17}$`)

// Parse reads what was typed after /rap. Every mistake gets an answer with
// the nearest valid thing to type.
func Parse(text string, regions []string) (Command, Call, error) {
	words, err := split(text)
	if err != nil {
		return Command{}, Call{}, err
	}
	if len(words) == 0 {
		return help, Call{Args: map[string]string{}, Flags: map[string]string{}}, nil
	}
	name := strings.ToLower(words[0].text)
	cmd, ok := find(name)
	if !ok {
		return Command{}, Call{}, unknownCommand(words, regions)
	}
	call, err := cmd.read(words[1:])
	if err != nil {
		return cmd, call, err
	}
	return cmd, call, cmd.check(call, regions)
}

func unknownCommand(words []word, regions []string) error {
	typed := words[0].text
	var names []string
	for _, c := range All() {
		names = append(names, c.Name)
	}
	now := "Type /rap help to see what there is."
	if near, ok := nearest(strings.ToLower(typed), names); ok {
		rest := []string{near}
		for _, w := range words[1:] {
			rest = append(rest, w.text)
		}
		now = fmt.Sprintf("Did you mean /rap %s ?", bounded(strings.Join(correct(rest, regions), " "), 200))
	}
	return rapbot.Refuse(rapbot.Invalid, fmt.Sprintf("There is no command %q.", bounded(typed, 40)), now)
}

// correct mends region names in a suggestion as well, so that what is
// suggested can be typed.
func correct(words, regions []string) []string {
	out := make([]string, len(words))
	for i, w := range words {
		out[i] = w
		if near, ok := nearest(strings.ToLower(w), regions); ok && i > 0 {
			out[i] = near
		}
	}
	return out
}

// read sorts the words into arguments and flags.
func (c Command) read(words []word) (Call, error) {
	call := Call{Args: map[string]string{}, Flags: map[string]string{}}
	next := 0
	for i := 0; i < len(words); i++ {
		w := words[i]
		if !w.quoted && strings.HasPrefix(w.text, "--") {
			name, value, inline := strings.Cut(strings.TrimPrefix(w.text, "--"), "=")
			flag, ok := c.flag(strings.ToLower(name))
			if !ok {
				return call, c.unknownFlag(name)
			}
			if flag.Value == "" {
				if inline {
					return call, c.mistake(fmt.Sprintf("--%s takes no value.", flag.Name))
				}
				call.Flags[flag.Name] = "true"
				continue
			}
			rest := []string{}
			if inline {
				rest = append(rest, value)
			}
			for i+1 < len(words) && (words[i+1].quoted || !strings.HasPrefix(words[i+1].text, "--")) {
				i++
				rest = append(rest, words[i].text)
			}
			call.Flags[flag.Name] = strings.TrimSpace(strings.Join(rest, " "))
			if call.Flags[flag.Name] == "" {
				return call, c.mistake(fmt.Sprintf("--%s needs %s.", flag.Name, flag.Value))
			}
			continue
		}
		if last := len(c.Args) - 1; next > last && last >= 0 && c.Args[last].Many {
			call.Args[c.Args[last].Name] += "\n" + w.text
			continue
		}
		if next >= len(c.Args) {
			return call, c.mistake(fmt.Sprintf("%q is one word too many.", bounded(w.text, 40)))
		}
		call.Args[c.Args[next].Name] = w.text
		next++
	}
	return call, nil
}

func (c Command) unknownFlag(name string) error {
	var names []string
	for _, f := range c.Flags {
		names = append(names, f.Name)
	}
	what := fmt.Sprintf("/rap %s has no flag --%s.", c.Name, bounded(name, 40))
	if near, ok := nearest(strings.ToLower(name), names); ok {
		return rapbot.Refuse(rapbot.Invalid, what, "Did you mean --"+near+"?")
	}
	return c.mistake(what)
}

// check looks at the values that have a meaning.
func (c Command) check(call Call, regions []string) error {
	for _, a := range c.Args {
		value, given := call.Args[a.Name]
		if !given && a.Optional {
			continue
		}
		if !given {
			return c.mistake(fmt.Sprintf("/rap %s needs the %s.", c.Name, a.Name))
		}
		switch a.Name {
		case "region":
			if err := c.knownRegion(call, value, regions); err != nil {
				return err
			}
			call.Args[a.Name] = strings.ToLower(value)
		case "regions":
			if err := c.knownRegions(call, value, regions); err != nil {
				return err
			}
			call.Args[a.Name] = strings.ToLower(value)
		case "operation":
			if !operationID.MatchString(strings.TrimPrefix(value, "#")) {
				return c.mistake(fmt.Sprintf("%q is not an operation's number.", bounded(value, 40)))
			}
			call.Args[a.Name] = strings.TrimPrefix(value, "#")
		}
	}
	return nil
}

// knownRegions looks at regions that stand on a line each.
func (c Command) knownRegions(call Call, values string, regions []string) error {
	named := map[string]bool{}
	for value := range strings.SplitSeq(values, "\n") {
		if err := c.knownRegion(call, value, regions); err != nil {
			return err
		}
		if named[strings.ToLower(value)] {
			return c.mistake(fmt.Sprintf("%s is named twice.", strings.ToLower(value)))
		}
		named[strings.ToLower(value)] = true
	}
	return nil
}

func (c Command) knownRegion(call Call, value string, regions []string) error {
	for _, r := range regions {
		if r == strings.ToLower(value) {
			return nil
		}
	}
	what := fmt.Sprintf("There is no region %q.", bounded(value, 60))
	if near, ok := nearest(strings.ToLower(value), regions); ok {
		return rapbot.Refuse(rapbot.NotFound, what, fmt.Sprintf("Did you mean /rap %s%s%s ?", c.Name, call.argsAsTyped(c, value, near), call.flagsAsTyped(c)))
	}
	return rapbot.Refuse(rapbot.NotFound, what, "The regions are "+strings.Join(regions, ", ")+".")
}

// argsAsTyped repeats the arguments with one word mended.
func (c Call) argsAsTyped(cmd Command, wrong, right string) string {
	var b strings.Builder
	for _, a := range cmd.Args {
		for _, word := range strings.Fields(c.Args[a.Name]) {
			if word == wrong {
				word = right
			}
			b.WriteString(" " + bounded(word, 100))
		}
	}
	return b.String()
}

// flagsAsTyped repeats the flags, so that a suggestion never turns a dry run
// into a real one.
func (c Call) flagsAsTyped(cmd Command) string {
	var b strings.Builder
	for _, f := range cmd.Flags {
		value, given := c.Flags[f.Name]
		switch {
		case given && f.Value == "":
			b.WriteString(" --" + f.Name)
		case given:
			b.WriteString(" --" + f.Name + " " + bounded(value, 100))
		}
	}
	return b.String()
}

func (c Command) mistake(what string) error {
	return rapbot.Refuse(rapbot.Invalid, what, "Type /rap "+c.Usage()+" — for example /rap "+c.Examples[0]+".")
}

type word struct {
	text   string
	quoted bool
}

// split cuts the text into words. Quotes hold words together; Slack's clients
// turn straight quotes into curly ones and two hyphens into a dash, so both
// are read as what was meant.
func split(text string) ([]word, error) {
	if n := utf8.RuneCountInString(text); n > maxText {
		return nil, rapbot.Refuse(rapbot.Invalid, fmt.Sprintf("That is %d characters long; %d is the limit.", n, maxText), "Shorten it.")
	}
	var words []word
	var current strings.Builder
	var quote rune
	inWord, quoted := false, false
	flush := func() {
		if inWord {
			words = append(words, word{text: current.String(), quoted: quoted})
		}
		current.Reset()
		inWord, quoted = false, false
	}
	for _, r := range strings.ToValidUTF8(text, "") {
		switch {
		case quote != 0 && closes(quote, r):
			quote = 0
		case quote != 0:
			current.WriteRune(r)
		case strings.ContainsRune("\"“”", r):
			quote, inWord, quoted = r, true, true
		case unicode.IsSpace(r):
			flush()
		case unicode.IsControl(r):
		case (r == '—' || r == '–') && !inWord:
			current.WriteString("--")
			inWord = true
		default:
			current.WriteRune(r)
			inWord = true
		}
	}
	if quote != 0 {
		return nil, rapbot.Refuse(rapbot.Invalid, "A quotation mark is not closed.", "Close it, or leave quotation marks out.")
	}
	flush()
	return words, nil
}

func closes(open, r rune) bool {
	if open == '"' {
		return r == '"'
	}
	return strings.ContainsRune("\"“”", r)
}

func bounded(s string, runes int) string {
	r := []rune(s)
	if len(r) <= runes {
		return s
	}
	return string(r[:runes]) + "…"
}
