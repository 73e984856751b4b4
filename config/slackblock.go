package config

import (
	"fmt"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"
)

// SlackBlock is a block of Alertmanager's slack_configs as it was pasted.
type SlackBlock struct {
	Templates []KeyTemplate
	Short     []bool   // Of each field, whether it may stand beside another.
	Actions   int      // How many there are.
	Ignored   []string // Keys that have no meaning for rapbot, which reads nothing of them.
}

// KeyTemplate is the template of one key, such as title or fields[0].value.
type KeyTemplate struct {
	Key  string
	Text string
	Line int // Of the file, where Text begins.
}

// The keys of a block, of a field, of an action and of its confirmation.
var (
	blockTexts   = []string{"title", "title_link", "pretext", "text", "message_text", "fallback", "color", "footer", "image_url", "thumb_url", "callback_id"}
	blockOthers  = []string{"fields", "short_fields", "actions"}
	blockIgnored = []string{
		"channel", "username", "icon_emoji", "icon_url", "link_names", "mrkdwn_in", "send_resolved", "update_message", "timeout", // rapbot has its own ways
		"api_url", "api_url_file", "app_token", "app_token_file", "app_url", "http_config", // rapbot's connection is slack
	}
	// The templates of these are run, and there is no place for what they say.
	blockUnseen = []string{"thumb_url", "callback_id"}

	fieldTexts   = []string{"title", "value"}
	actionTexts  = []string{"type", "text", "url", "style", "name", "value"}
	confirmTexts = []string{"title", "text", "ok_text", "dismiss_text"}
)

// slackBlock reads a block the way Alertmanager does. What stands below the
// keys that are ignored is not looked at: there may be secrets in it.
func (d *decoder) slackBlock(path string, node *yaml.Node) *SlackBlock {
	if node.Kind == yaml.SequenceNode && len(node.Content) == 1 {
		node = node.Content[0] // The list of slack_configs, pasted with its dash.
	}
	if node.Kind == yaml.SequenceNode {
		d.add(path, fmt.Sprintf("a list of %d blocks where one is wanted", len(node.Content)), "keep one of them: there is one card for each alert group")
		return nil
	}
	b := &SlackBlock{}
	given, ok := d.group(path, node, slices.Concat(blockTexts, blockOthers, blockIgnored))
	if !ok {
		return nil
	}
	for key := range given {
		if slices.Contains(blockIgnored, key) || slices.Contains(blockUnseen, key) {
			b.Ignored = append(b.Ignored, key)
		}
	}
	slices.Sort(b.Ignored)
	d.templates(b, path, "", given, blockTexts)
	short := d.truth(join(path, "short_fields"), given["short_fields"], false)
	for i, node := range d.elements(join(path, "fields"), given["fields"]) {
		key := fmt.Sprintf("fields[%d]", i)
		given, ok := d.group(join(path, key), node, append(slices.Clone(fieldTexts), "short"))
		if !ok {
			continue
		}
		d.wanted(join(path, key), given, fieldTexts...)
		d.templates(b, path, key, given, fieldTexts)
		b.Short = append(b.Short, d.truth(join(path, key+".short"), given["short"], short))
	}
	for i, node := range d.elements(join(path, "actions"), given["actions"]) {
		d.action(b, path, fmt.Sprintf("actions[%d]", i), node)
		b.Actions++
	}
	return b
}

// action is a link when it has a URL, whatever else it has, and otherwise one
// with a name.
func (d *decoder) action(b *SlackBlock, path, key string, node *yaml.Node) {
	given, ok := d.group(join(path, key), node, append(slices.Clone(actionTexts), "confirm"))
	if !ok {
		return
	}
	d.wanted(join(path, key), given, "type", "text")
	if isEmpty(given["url"]) && isEmpty(given["name"]) {
		d.add(join(path, key), "neither url nor name", "give it a url to open")
	}
	if !isEmpty(given["url"]) {
		delete(given, "name")
		delete(given, "value")
		delete(given, "confirm")
	}
	d.templates(b, path, key, given, actionTexts)
	if isEmpty(given["confirm"]) {
		return
	}
	key += ".confirm"
	if given, ok := d.group(join(path, key), given["confirm"], confirmTexts); ok {
		d.wanted(join(path, key), given, "text")
		d.templates(b, path, key, given, confirmTexts)
	}
}

// group gives the keys of a mapping that are known.
func (d *decoder) group(path string, node *yaml.Node, known []string) (map[string]*yaml.Node, bool) {
	if !d.plain(path, node) {
		return nil, false
	}
	if node.Kind != yaml.MappingNode {
		d.add(path, kindOf(node)+" where a group of keys is wanted", "write its keys below it, indented, as in Alertmanager's slack_configs")
		return nil, false
	}
	given, _ := d.keys(path, node, known)
	return given, true
}

// templates takes texts as they stand. An empty one is something else than
// one that is left out.
func (d *decoder) templates(b *SlackBlock, path, under string, given map[string]*yaml.Node, names []string) {
	for _, name := range names {
		node, key := given[name], join(under, name)
		if node == nil || !d.plain(join(path, key), node) {
			continue
		}
		if node.Kind != yaml.ScalarNode {
			d.add(join(path, key), kindOf(node)+" where a text is wanted", "put a text that begins with { or [ in quotes")
			continue
		}
		t := KeyTemplate{Key: key, Text: node.Value, Line: node.Line}
		if node.Style&(yaml.LiteralStyle|yaml.FoldedStyle) != 0 {
			t.Line++ // The text begins below its sign.
		}
		if node.ShortTag() == "!!null" {
			t.Text = ""
		}
		b.Templates = append(b.Templates, t)
	}
}

func (d *decoder) wanted(path string, given map[string]*yaml.Node, names ...string) {
	for _, name := range names {
		if isEmpty(given[name]) {
			d.add(join(path, name), "missing", "Alertmanager wants it too")
		}
	}
}

func (d *decoder) elements(path string, node *yaml.Node) []*yaml.Node {
	if isEmpty(node) || !d.plain(path, node) {
		return nil
	}
	if node.Kind != yaml.SequenceNode {
		d.add(path, kindOf(node)+" where a list is wanted", "write a list, as in Alertmanager's slack_configs")
		return nil
	}
	for i, element := range node.Content {
		d.lines[fmt.Sprintf("%s[%d]", path, i)] = element.Line
	}
	return node.Content
}

// truth takes all the words that Alertmanager takes.
func (d *decoder) truth(path string, node *yaml.Node, otherwise bool) bool {
	if isEmpty(node) {
		return otherwise
	}
	switch strings.ToLower(node.Value) {
	case "true", "yes", "on", "y":
		return true
	case "false", "no", "off", "n":
		return false
	}
	d.add(path, show(node.Value)+" is not true or false", "write true or false")
	return otherwise
}
