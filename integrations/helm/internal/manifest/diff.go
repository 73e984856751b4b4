package manifest

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/pmezard/go-difflib/difflib"

	"github.com/rap-analyzer/rapbot"
)

// A diff is for a person in a chat: what is left out of it is counted.
const (
	mostDiff      = 8 << 10 // bytes of a diff
	mostOfObject  = 60      // lines of one object's
	mostOfLine    = 200     // characters
	mostToCompare = 4000    // lines of an object that are compared
)

// Difference is an object that a change adds (+), changes (~) or takes away (-).
type Difference struct {
	Sign    string
	Heading string
	Lines   []string
	More    int // lines left out
}

// Compare lists the objects that differ, in the order of their kinds and names.
func Compare(old, new []Object, namespace string, hide *Hider) ([]Difference, error) {
	before := map[string]Object{}
	for _, o := range old {
		before[o.ID()] = o
	}
	var out []Difference
	for _, o := range new {
		was, there := before[o.ID()]
		delete(before, o.ID())
		if there && was.Equal(o) {
			continue
		}
		d, err := Differ(was, o, namespace, "", hide)
		if err != nil {
			return nil, err
		}
		out = append(out, d)
	}
	for _, o := range old {
		if _, left := before[o.ID()]; left {
			out = append(out, Difference{Sign: "-", Heading: heading(o, namespace, "")})
		}
	}
	return out, nil
}

// Differ compares two states of an object; its body is nil for a new one.
func Differ(was, is Object, namespace, note string, hide *Hider) (Difference, error) {
	d := Difference{Sign: "~", Heading: heading(is, namespace, note)}
	if was.Body == nil {
		d.Sign = "+"
	}
	a, b, err := maskPair(was, is)
	if err != nil {
		return d, err
	}
	textA, textB := "", ""
	if was.Body != nil {
		if textA, err = a.text(); err != nil {
			return d, err
		}
	}
	if textB, err = b.text(); err != nil {
		return d, err
	}
	lines := hunks(splitLines(textA), splitLines(textB))
	for i, line := range lines {
		lines[i] = Clip(hide.Text(line), mostOfLine)
	}
	if over := len(lines) - mostOfObject; over > 0 {
		d.More, lines = over, lines[:mostOfObject]
	}
	d.Lines = lines
	return d, nil
}

func heading(o Object, namespace, note string) string {
	text := o.Kind + "/" + o.Name
	if o.Namespace != namespace {
		text += " in " + o.Namespace
	}
	if o.Hook != "" {
		text += " (hook " + o.Hook + ")"
	}
	return Clip(text+note, mostOfLine)
}

// Write joins differences, and reports whether anything was left out. An object
// that does not fit is cut; of those after it only their number is told.
func Write(all []Difference) (text string, truncated bool) {
	var out strings.Builder
	for i, d := range all {
		if out.Len() > mostDiff {
			fmt.Fprintf(&out, "… and %s\n", rapbot.Count(len(all)-i, "more object", "more objects"))
			return out.String(), true
		}
		fmt.Fprintf(&out, "%s %s\n", d.Sign, d.Heading)
		shown := 0
		for _, line := range d.Lines {
			if out.Len() > mostDiff {
				break
			}
			out.WriteString(line + "\n")
			shown++
		}
		if more := d.More + len(d.Lines) - shown; more > 0 {
			fmt.Fprintf(&out, "… %s\n", rapbot.Count(more, "more line", "more lines"))
			truncated = true
		}
	}
	return out.String(), truncated
}

func splitLines(s string) []string {
	if s == "" {
		return nil
	}
	return strings.Split(strings.TrimSuffix(s, "\n"), "\n")
}

// hunks is a unified diff with one line of context, each hunk headed by where
// in the object it is.
func hunks(a, b []string) []string {
	if len(a) > mostToCompare || len(b) > mostToCompare {
		return []string{fmt.Sprintf("… %d lines become %d", len(a), len(b))}
	}
	var out []string
	for _, group := range difflib.NewMatcher(a, b).GetGroupedOpCodes(1) {
		if where := whereIn(a, b, group); where != "" {
			out = append(out, "@@ "+where)
		}
		for _, op := range group {
			if op.Tag == 'e' {
				for _, line := range b[op.J1:op.J2] {
					out = append(out, "  "+line)
				}
				continue
			}
			for _, line := range a[op.I1:op.I2] {
				out = append(out, "- "+line)
			}
			for _, line := range b[op.J1:op.J2] {
				out = append(out, "+ "+line)
			}
		}
	}
	return out
}

// whereIn is the path of fields that leads to a hunk's first changed line.
func whereIn(a, b []string, group []difflib.OpCode) string {
	for _, op := range group {
		switch {
		case op.Tag == 'e':
		case op.J2 > op.J1:
			return pathTo(b, op.J1)
		default:
			return pathTo(a, op.I1)
		}
	}
	return ""
}

var field = regexp.MustCompile(`^( *)(- )?"?([^"#]+?)"?:(?: [|>][-+0-9]*)?$`)

func pathTo(lines []string, at int) string {
	var path []string
	depth := depthOf(lines[at])
	for i := at - 1; i >= 0 && depth > 0; i-- {
		here := depthOf(lines[i])
		if here >= depth || strings.TrimSpace(lines[i]) == "" {
			continue
		}
		m := field.FindStringSubmatch(lines[i])
		if m != nil && (m[2] == "" || depthOf(m[1]+"  .") < depth) { // the first field of an item is no parent of the second
			path = append(path, m[3])
		}
		depth = here
	}
	slices.Reverse(path)
	return strings.Join(path, ".")
}

// depthOf orders lines of YAML: an item of a list lies deeper than the field
// that it stands beneath without indentation.
func depthOf(line string) int {
	trimmed := strings.TrimLeft(line, " ")
	depth := 2 * (len(line) - len(trimmed))
	if strings.HasPrefix(trimmed, "- ") {
		depth++
	}
	return depth
}
