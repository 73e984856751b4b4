package config

import (
	"bytes"
	"errors"
	"io"
	"strconv"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v4"
)

// document reads the one YAML document of a file. It gives nil, true for a file
// with nothing in it, and false when the YAML itself is wrong: then that is the
// only problem, because nothing after it can be trusted.
func (d *decoder) document(data []byte) (*yaml.Node, bool) {
	if line := unreadableLine(data); line > 0 {
		d.addAt(line, "", "a character that is not text", "save the file as plain UTF-8")
		return nil, false
	}
	loader, err := yaml.NewLoader(bytes.NewReader(data))
	if err != nil {
		d.syntax(data, err)
		return nil, false
	}
	var first, second yaml.Node
	if err := loader.Load(&first); errors.Is(err, io.EOF) {
		return nil, true
	} else if err != nil {
		d.syntax(data, err)
		return nil, false
	}
	if err := loader.Load(&second); err == nil {
		d.addAt(second.Line, "", "a second document begins here", "keep one document and remove the line ---")
		return nil, false
	} else if !errors.Is(err, io.EOF) {
		d.syntax(data, err)
		return nil, false
	}
	return first.Content[0], true
}

// unreadableLine gives the line of the first byte that is not UTF-8 or is a
// control character, for which the YAML reader would give no line.
func unreadableLine(data []byte) int {
	line := 1
	for len(data) > 0 {
		r, size := utf8.DecodeRune(data)
		switch {
		case r == utf8.RuneError && size == 1, r < ' ' && r != '\n' && r != '\r' && r != '\t', r == 0x7f:
			return line
		case r == '\n':
			line++
		}
		data = data[size:]
	}
	return 0
}

// syntax turns the YAML reader's error into one problem. Composing is where the
// reader looks up aliases, and its words there repeat what the file says, which
// may be a secret that begins with an asterisk.
func (d *decoder) syntax(data []byte, err error) {
	problem, fix, line := "not valid YAML", "check the quotes, brackets, colons and indentation here and on the line before", 0
	var wrong *yaml.LoadError
	if errors.As(err, &wrong) {
		line = wrong.Mark.Line
		switch {
		case wrong.Stage == yaml.ComposerStage:
			problem, fix = "an alias to nothing", "put the text that begins with * in quotes"
		case strings.Contains(indentOf(data, line), "\t"):
			problem, fix = "indented with a tab", "indent with spaces"
		case strings.HasPrefix(wrong.Message, "mapping values are not allowed"):
			problem, fix = "a colon where none is expected", "put a text that has a colon and a space in quotes, and check the indentation"
		default:
			problem += ": " + wrong.Message
		}
		if wrong.ContextMsg != "" && wrong.ContextMark.Line > 0 && wrong.ContextMark.Line < line {
			fix += ", and where it begins on line " + strconv.Itoa(wrong.ContextMark.Line)
		}
	}
	d.addAt(line, "", problem, fix)
}

// indentOf gives the white space before the first word of a line.
func indentOf(data []byte, line int) string {
	lines := strings.Split(string(data), "\n")
	if line < 1 || line > len(lines) {
		return ""
	}
	text := lines[line-1]
	return text[:len(text)-len(strings.TrimLeft(text, " \t"))]
}
