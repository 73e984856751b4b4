package config

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"
)

// Problem is one mistake in the file.
type Problem struct {
	Path    string // Of the key, such as regions[1].name; empty for the file as a whole.
	Problem string // What is wrong.
	Fix     string // What to do about it.
	Line    int    // In the file, from 1; 0 when the file has no line for it.
}

// String gives `path: problem; fix (line 7)`.
func (p Problem) String() string {
	text := p.Problem + "; " + p.Fix
	if p.Path != "" {
		text = p.Path + ": " + text
	}
	if p.Line > 0 {
		text += fmt.Sprintf(" (line %d)", p.Line)
	}
	return text
}

// Problems is everything wrong with one file, in the order of its lines.
type Problems []Problem

// Error gives one problem a line.
func (ps Problems) Error() string {
	lines := make([]string, len(ps))
	for i, p := range ps {
		lines[i] = p.String()
	}
	return strings.Join(lines, "\n")
}

// add notes a problem at the line of the nearest key that the file does have.
func (d *decoder) add(path, problem, fix string) {
	d.addAt(d.lineOf(path), path, problem, fix)
}

func (d *decoder) addAt(line int, path, problem, fix string) {
	d.problems = append(d.problems, Problem{Path: path, Problem: problem, Fix: fix, Line: line})
}

func (d *decoder) lineOf(path string) int {
	for path != "" {
		if line, ok := d.lines[path]; ok {
			return line
		}
		path = path[:max(strings.LastIndexAny(path, ".["), 0)]
	}
	return 0
}

// failed says whether something at path, or below it, is already a problem, so
// that one mistake is not reported a second time as what follows from it.
func (d *decoder) failed(path string) bool {
	return slices.ContainsFunc(d.problems, func(p Problem) bool {
		rest, under := strings.CutPrefix(p.Path, path)
		return p.Path == "" || under && (rest == "" || rest[0] == '.' || rest[0] == '[')
	})
}

// sorted gives the problems in the order of the lines, those without a line
// last, and with everything secret taken out.
func (d *decoder) sorted() Problems {
	for i := range d.problems {
		p := &d.problems[i]
		p.Path, p.Problem, p.Fix = d.scrub(p.Path), d.scrub(p.Problem), d.scrub(p.Fix)
	}
	slices.SortStableFunc(d.problems, func(a, b Problem) int {
		if a.Line == 0 || b.Line == 0 {
			return b.Line - a.Line
		}
		return a.Line - b.Line
	})
	return d.problems
}

// tokenLike is what Slack's tokens look like, wherever they were pasted.
var tokenLike = regexp.MustCompile(`(?i)\b(xox[a-z]|xapp)-[a-z0-9-]{3,}`)

// shortestScrubbed keeps a password of one or two letters from blotting out
// half of every message; such a text gives nothing away.
const shortestScrubbed = 4

func (d *decoder) scrub(text string) string {
	for _, secret := range d.revealed {
		if len(secret) >= shortestScrubbed {
			text = strings.ReplaceAll(text, secret, hidden)
		}
	}
	return tokenLike.ReplaceAllLiteralString(text, hidden)
}

// show quotes what somebody wrote. It gives all of it or nothing: half a secret,
// or an escaped one, would not be recognised by scrub.
func show(text string) string {
	const longest = 60
	odd := func(r rune) bool { return r == '"' || r == '\\' || !unicode.IsPrint(r) }
	if len(text) > longest || strings.ContainsFunc(text, odd) || strings.Contains(text, "://") && strings.Contains(text, "@") {
		return "this value"
	}
	return strconv.Quote(text)
}
