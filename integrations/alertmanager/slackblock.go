package alertmanager

import (
	"fmt"
	"maps"
)

// SlackBlock is a block of Alertmanager's slack_configs: the templates of its
// keys, and what there is beside them.
type SlackBlock struct {
	// Templates are the keys that were given, each by its path in the block:
	// title, fields[0].value, actions[1].url. One that is given empty stays
	// empty; one that is not given is Alertmanager's own.
	Templates []KeyTemplate

	// Short says of each field whether it may stand beside another.
	Short []bool

	// Actions is how many actions there are.
	Actions int
}

// KeyTemplate is the template of one key.
type KeyTemplate struct {
	Key  string
	Text string
	Line int // in the configuration file, of where Text begins; 0 when that is not known
}

// ownTemplates are what Alertmanager has for the keys that are left out.
var ownTemplates = map[string]string{
	"color":       `{{ template "slack.default.color" . }}`,
	"title":       `{{ template "slack.default.title" . }}`,
	"title_link":  `{{ template "slack.default.titlelink" . }}`,
	"pretext":     `{{ template "slack.default.pretext" . }}`,
	"text":        `{{ template "slack.default.text" . }}`,
	"fallback":    `{{ template "slack.default.fallback" . }}`,
	"callback_id": `{{ template "slack.default.callbackid" . }}`,
	"footer":      `{{ template "slack.default.footer" . }}`,
}

// templates are all of the block, those left out included.
func (b SlackBlock) templates() []KeyTemplate {
	left, all := maps.Clone(ownTemplates), append([]KeyTemplate(nil), b.Templates...)
	for _, t := range b.Templates {
		delete(left, t.Key)
	}
	for key, text := range left {
		all = append(all, KeyTemplate{Key: key, Text: text})
	}
	return all
}

// given says whether a key was written down.
func (b SlackBlock) given(key string) bool {
	for _, t := range b.Templates {
		if t.Key == key {
			return true
		}
	}
	return false
}

// name is what the template is called in errors, where its own line follows.
func (t KeyTemplate) name() string { return "alertmanager.slack." + t.Key }

// wrong says which key an error is about, and where to look for it.
func (t KeyTemplate) wrong(err error) error {
	if t.Line == 0 {
		return fmt.Errorf("%s: %w", t.name(), err)
	}
	return fmt.Errorf("%s (begins on line %d): %w", t.name(), t.Line, err)
}

func fieldKey(i int, part string) string  { return fmt.Sprintf("fields[%d].%s", i, part) }
func actionKey(i int, part string) string { return fmt.Sprintf("actions[%d].%s", i, part) }
