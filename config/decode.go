package config

import (
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"
)

// decoder fills a Config from a document, noting every problem on the way.
type decoder struct {
	env      func(string) (string, bool)
	readFile func(string) ([]byte, error)
	lines    map[string]int // Of every key and list element that the file has.
	problems Problems
	revealed []string // Every secret read so far, to be kept out of the problems.
}

// value fills into from node, which is nil for a key that is not in the file.
// A value that is wrong is noted and leaves into at its zero.
func (d *decoder) value(path string, node *yaml.Node, into reflect.Value, tag reflect.StructTag) {
	if isEmpty(node) {
		node = nil
	} else if !d.plain(path, node) {
		return
	}
	if _, isSecret := into.Interface().(Secret); into.Kind() == reflect.Struct && !isSecret {
		d.mapping(path, node, into)
		return
	}
	if node == nil {
		if assumed, ok := tag.Lookup("default"); ok {
			d.scalar(path, &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: assumed}, into, tag)
		} else if fix, ok := tag.Lookup("required"); ok {
			d.add(path, "missing", fix)
		}
		return
	}
	switch target := into.Addr().Interface().(type) {
	case *Secret:
		*target = d.secret(path, node)
	case *Command:
		*target = d.command(path, node)
	case *Labels:
		*target = d.labels(path, node)
	case **SlackBlock:
		*target = d.slackBlock(path, node)
	default:
		if into.Kind() == reflect.Slice {
			d.sequence(path, node, into)
			return
		}
		d.scalar(path, node, into, tag)
	}
}

// isKey is what a key may look like to be named in a problem.
var isKey = regexp.MustCompile(`^(<<|[A-Za-z0-9_.-]{1,40})$`)

// mapping fills the fields of a struct. Those that the file leaves out get
// their default, or are reported when they have none and are required.
func (d *decoder) mapping(path string, node *yaml.Node, into reflect.Value) {
	if node != nil && node.Kind != yaml.MappingNode {
		d.add(path, kindOf(node)+" where a group of keys is wanted", "write its keys below it, indented, as in the sample")
		return
	}
	known := keysOf(into.Type())
	given, meant := d.keys(path, node, known)
	for i, key := range known {
		child := given[key]
		if child == nil && meant[key] {
			continue // Misspelt: already reported, with the right spelling.
		}
		d.value(join(path, key), child, into.Field(i), into.Type().Field(i).Tag)
	}
}

// keys reads the keys of a mapping, reporting unknown ones and those that come
// twice. meant holds the keys that an unknown one was probably meant to be.
func (d *decoder) keys(path string, node *yaml.Node, known []string) (given map[string]*yaml.Node, meant map[string]bool) {
	given, meant = map[string]*yaml.Node{}, map[string]bool{}
	if node == nil {
		return given, meant
	}
	seen := map[string]int{}
	for i := 0; i+1 < len(node.Content); i += 2 {
		key, value := node.Content[i], node.Content[i+1]
		if key.Kind != yaml.ScalarNode || key.Style&yaml.TaggedStyle != 0 || !isKey.MatchString(key.Value) {
			d.addAt(key.Line, path, "a key that is not a plain word", "write the key as in the sample")
			continue
		}
		name, at := key.Value, join(path, key.Value)
		if first, twice := seen[name]; twice {
			d.addAt(key.Line, at, fmt.Sprintf("given twice, first on line %d", first), "keep one of them")
			continue
		}
		seen[name] = key.Line
		if name == "<<" {
			d.addAt(key.Line, at, "merge keys are not read", "write the keys out")
			continue
		}
		if !slices.Contains(known, name) {
			fix := "the keys here are " + strings.Join(known, ", ")
			if near := nearest(name, known); near != "" {
				meant[near] = true
				fix = "write " + near
			}
			d.addAt(key.Line, at, "unknown key", fix)
			continue
		}
		d.lines[at] = key.Line
		given[name] = value
	}
	return given, meant
}

// sequence fills a list. Every element keeps its place even when it is wrong,
// so that the indexes in later problems are those of the file.
func (d *decoder) sequence(path string, node *yaml.Node, into reflect.Value) {
	if node.Kind != yaml.SequenceNode {
		d.add(path, kindOf(node)+" where a list is wanted", "write a list: each element on its own line after a dash, as in the sample")
		return
	}
	into.Set(reflect.MakeSlice(into.Type(), len(node.Content), len(node.Content)))
	for i, element := range node.Content {
		at := fmt.Sprintf("%s[%d]", path, i)
		d.lines[at] = element.Line
		if isEmpty(element) {
			d.add(at, "empty", "fill it in or remove it")
			continue
		}
		d.value(at, element, into.Index(i), "")
	}
}

// plain refuses the parts of YAML that make a file say something other than
// what it shows.
func (d *decoder) plain(path string, node *yaml.Node) bool {
	switch {
	case node.Kind == yaml.AliasNode:
		d.add(path, "aliases are not read", "write the value out, or put a text that begins with * in quotes")
	case node.Style&yaml.TaggedStyle != 0:
		d.add(path, "tags are not read", "remove the tag, or put a text that begins with ! in quotes")
	default:
		return true
	}
	return false
}

// isEmpty says whether a key was left without a value, which counts as left out.
func isEmpty(node *yaml.Node) bool {
	return node == nil || node.Kind == yaml.ScalarNode && (node.Value == "" || node.ShortTag() == "!!null")
}

func kindOf(node *yaml.Node) string {
	switch node.Kind {
	case yaml.MappingNode:
		return "a group of keys"
	case yaml.SequenceNode:
		return "a list"
	default:
		return "a single value"
	}
}

func keysOf(t reflect.Type) []string {
	keys := make([]string, t.NumField())
	for i := range keys {
		keys[i] = t.Field(i).Tag.Get("yaml")
	}
	return keys
}

func join(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}
