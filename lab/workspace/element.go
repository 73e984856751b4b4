package workspace

import (
	"encoding/json"
	"fmt"
	"strings"
)

// control is one interactive element and the block it stands in.
type control struct {
	block   map[string]any
	element map[string]any
}

func (c control) kind() string     { return text(c.element["type"]) }
func (c control) blockID() string  { return text(c.block["block_id"]) }
func (c control) actionID() string { return text(c.element["action_id"]) }

// label is what a person reads on a control.
func (c control) label() string {
	words, _ := c.element["text"].(map[string]any)
	return text(words["text"])
}

// controls are the interactive elements of blocks, in reading order.
func controls(blocks json.RawMessage) []control {
	var list []any
	if len(blocks) == 0 || decode(blocks, &list) != nil {
		return nil
	}
	var out []control
	for _, each := range list {
		block, isObject := each.(map[string]any)
		if !isObject {
			continue
		}
		walk(block, func(element map[string]any) { out = append(out, control{block: block, element: element}) })
	}
	return out
}

// controls are those of a message, its attachments' blocks included.
func (m *message) controls() []control {
	out := controls(m.blocks)
	var attachments []struct{ Blocks json.RawMessage }
	if len(m.attachments) > 0 && json.Unmarshal(m.attachments, &attachments) == nil {
		for _, a := range attachments {
			out = append(out, controls(a.Blocks)...)
		}
	}
	return out
}

// pickControl finds a control by its label, action_id or block_id/action_id.
func pickControl(among []control, name string) (control, error) {
	var offered []string
	for _, c := range among {
		if c.label() == name || c.actionID() == name || c.blockID()+"/"+c.actionID() == name {
			return c, nil
		}
		offered = append(offered, fmt.Sprintf("%q", first(c.label(), c.actionID())))
	}
	if len(offered) == 0 {
		return control{}, refuse("there is nothing to press here")
	}
	return control{}, refuse("nothing here is called %q; there is %s", name, strings.Join(offered, ", "))
}

// option finds an option of a select, overflow menu, radio group or checkbox group by value or label.
func (c control) option(name string) map[string]any {
	lists := []any{c.element["options"]}
	groups, _ := c.element["option_groups"].([]any)
	for _, each := range groups {
		group, _ := each.(map[string]any)
		lists = append(lists, group["options"])
	}
	for _, list := range lists {
		if found := optionIn(list, name); found != nil {
			return found
		}
	}
	return nil
}

func optionIn(list any, name string) map[string]any {
	options, _ := list.([]any)
	for _, each := range options {
		option, _ := each.(map[string]any)
		words, _ := option["text"].(map[string]any)
		if text(option["value"]) == name || text(words["text"]) == name {
			return option
		}
	}
	return nil
}

func first(these ...string) string {
	for _, s := range these {
		if s != "" {
			return s
		}
	}
	return ""
}
