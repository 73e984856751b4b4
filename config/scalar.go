package config

import (
	"cmp"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"go.yaml.in/yaml/v4"
)

// scalar fills one number, duration, size, truth value or text.
func (d *decoder) scalar(path string, node *yaml.Node, into reflect.Value, tag reflect.StructTag) {
	if node.Kind != yaml.ScalarNode {
		d.add(path, kindOf(node)+" where a single value is wanted", "write one value after the colon, as in the sample")
		return
	}
	text, quoted := node.Value, node.Style&(yaml.SingleQuotedStyle|yaml.DoubleQuotedStyle) != 0
	wrong := func(what, fix string) { d.add(path, show(text)+" is not "+what, fix) }
	switch target := into.Addr().Interface().(type) {
	case *time.Duration:
		value, ok := parseDuration(text)
		if !ok {
			wrong("a duration", "write a number with its unit, such as 500ms, 30s, 10m or 24h")
		} else if within, allowed := inRange(value, tag, parseDuration); !within {
			d.add(path, show(text)+" is out of range", "write "+allowed)
		} else {
			*target = value
		}
	case *Size:
		value, ok := parseSize(text)
		if !ok {
			wrong("a size", "write a whole number with its unit: B, kB, KiB, MB, MiB or GiB")
		} else if within, allowed := inRange(value, tag, parseSize); !within {
			d.add(path, show(text)+" is out of range", "write "+allowed)
		} else {
			*target = value
		}
	case *int:
		value, ok := parseInt(text)
		if !ok || quoted {
			wrong("a whole number", "write digits, without quotes")
		} else if within, allowed := inRange(value, tag, parseInt); !within {
			d.add(path, show(text)+" is out of range", "write "+allowed)
		} else {
			*target = value
		}
	case *bool:
		if quoted || text != "true" && text != "false" {
			wrong("true or false", "write true or false, without quotes")
			return
		}
		*target = text == "true"
	case *string:
		choices := strings.Fields(tag.Get("oneof"))
		switch {
		case node.ShortTag() != "!!str":
			d.add(path, "a number, date or truth value where text is wanted", "put it in quotes")
		case strings.ContainsFunc(text, unicode.IsControl):
			d.add(path, "contains a line break or control character", "write it on one line")
		case len(choices) > 0 && !slices.Contains(choices, text):
			wrong("one of "+strings.Join(choices, ", "), "write "+cmp.Or(nearest(text, choices), tag.Get("default")))
		default:
			*target = text
		}
	}
}

// command reads a program and its arguments. An argument is taken as it is
// written, so that [ssh, -p, 2222, db-use1] needs no quotes.
func (d *decoder) command(path string, node *yaml.Node) Command {
	const fix = "there is no shell: write each word as an element of a list, such as [ssh, db-use1, systemctl, stop, postgresql]"
	if node.Kind != yaml.SequenceNode {
		d.add(path, kindOf(node)+" where a list of words is wanted", fix)
		return nil
	}
	if len(node.Content) == 0 {
		d.add(path, "a list without words", fix)
		return nil
	}
	words := Command{}
	for _, element := range node.Content {
		if !d.plain(path, element) {
			return nil
		}
		if element.Kind != yaml.ScalarNode || strings.ContainsRune(element.Value, 0) {
			d.addAt(element.Line, path, "an element that is not a word", fix)
			return nil
		}
		words = append(words, element.Value)
	}
	switch {
	case words[0] == "":
		d.add(path, "begins with an empty word", "begin with the program to run")
		return nil
	case len(words) == 1 && strings.ContainsFunc(words[0], unicode.IsSpace):
		d.add(path, "one word with spaces in it", fix)
		return nil
	}
	return words
}

// inRange checks against a tag such as range:"1m..24h"; without one everything
// is allowed.
func inRange[T cmp.Ordered](value T, tag reflect.StructTag, parse func(string) (T, bool)) (bool, string) {
	low, high, limited := strings.Cut(tag.Get("range"), "..")
	if !limited {
		return true, ""
	}
	least, _ := parse(low)
	most, _ := parse(high)
	return least <= value && value <= most, low + " to " + high
}

func parseDuration(text string) (time.Duration, bool) {
	value, err := time.ParseDuration(text)
	return value, err == nil
}

// parseInt takes digits only: 010 and 1_000 mean different numbers to different
// readers of YAML.
func parseInt(text string) (int, bool) {
	value, err := strconv.Atoi(text)
	return value, err == nil && strconv.Itoa(value) == text
}
