package workspace

import (
	"fmt"
	"strings"
)

// state is what a person has filled in: block_id → action_id → the value object of
// https://docs.slack.dev/reference/views/view-payloads (view.state.values).
type state map[string]map[string]map[string]any

func (s state) set(c control, value map[string]any) {
	if s[c.blockID()] == nil {
		s[c.blockID()] = map[string]map[string]any{}
	}
	s[c.blockID()][c.actionID()] = value
}

// initial is the state of blocks nobody has touched. Buttons and menus have none.
func initial(among []control) state {
	s := state{}
	for _, c := range among {
		value := map[string]any{"type": c.kind()}
		key := valueKey[c.kind()]
		if key == "" {
			continue
		}
		value[key] = nil
		if strings.HasPrefix(key, "selected_") && strings.HasSuffix(key, "s") {
			value[key] = []any{}
		}
		from := "initial_" + strings.TrimPrefix(key, "selected_")
		if given, found := c.element[from]; found {
			value[key] = given
		}
		s.set(c, value)
	}
	return s
}

// valueKey is where each element type keeps its value.
var valueKey = map[string]string{
	"plain_text_input": "value", "email_text_input": "value", "url_text_input": "value", "number_input": "value",
	"rich_text_input": "rich_text_value", "checkboxes": "selected_options", "radio_buttons": "selected_option",
	"datepicker": "selected_date", "timepicker": "selected_time", "datetimepicker": "selected_date_time",
	"static_select": "selected_option", "external_select": "selected_option", "users_select": "selected_user",
	"conversations_select": "selected_conversation", "channels_select": "selected_channel",
	"multi_static_select": "selected_options", "multi_external_select": "selected_options", "multi_users_select": "selected_users",
	"multi_conversations_select": "selected_conversations", "multi_channels_select": "selected_channels",
}

// fill is the value object for what a person gave: text, a list of texts, or a number.
func (w *Workspace) fill(c control, given any, suggested []any) (map[string]any, error) {
	key := valueKey[c.kind()]
	if c.kind() == "overflow" {
		key = "selected_option"
	}
	if key == "" {
		return nil, refuse("a %s takes no value", c.kind())
	}
	out := map[string]any{"type": c.kind()}
	if !strings.HasSuffix(key, "s") || key == "value" {
		one, err := w.fillOne(c, key, given, suggested)
		out[key] = one
		return out, err
	}
	list, isList := given.([]any)
	if !isList {
		list = []any{given}
	}
	chosen := []any{}
	for _, each := range list {
		one, err := w.fillOne(c, strings.TrimSuffix(key, "s"), each, suggested)
		if err != nil {
			return nil, err
		}
		chosen = append(chosen, one)
	}
	out[key] = chosen
	return out, nil
}

// fillOne is one value: an option, an id, or the text itself.
func (w *Workspace) fillOne(c control, key string, given any, suggested []any) (any, error) {
	if given == nil {
		return nil, nil
	}
	name := fmt.Sprint(given)
	switch key {
	case "selected_option":
		if found := first2(c.option(name), optionIn(suggested, name)); found != nil {
			return found, nil
		}
		return nil, refuse("%s has no option %q", first(c.label(), c.actionID()), name)
	case "selected_user":
		if p := w.who(name); p != nil {
			return p.ID, nil
		}
		return nil, refuse("nobody is called %q", name)
	case "selected_channel", "selected_conversation":
		if ch := w.channelByRef(name, nil); ch != nil {
			return ch.id, nil
		}
		return nil, refuse("no channel is called %q", name)
	case "selected_date_time", "rich_text_value":
		return given, nil
	case "value":
		if name == "" {
			return nil, nil // an emptied field is null, not ""
		}
	}
	return name, nil
}

func first2(a, b map[string]any) map[string]any {
	if a != nil {
		return a
	}
	return b
}

// missing are the required inputs nobody filled in, by block_id, in Slack's words. Slack's client stops the person there.
func (s state) missing(among []control) map[string]string {
	out := map[string]string{}
	for _, c := range among {
		optional, _ := c.block["optional"].(bool)
		if text(c.block["type"]) != "input" || optional {
			continue
		}
		value := s[c.blockID()][c.actionID()][valueKey[c.kind()]]
		if list, isList := value.([]any); value == nil || (isList && len(list) == 0) {
			out[c.blockID()] = "Please complete this required field."
		}
	}
	return out
}
