package workspace

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/rap-analyzer/rapbot/lab/workspace/blockschema"
)

// checkBlocks checks a message's blocks and gives every block and element the id Slack would give it. An empty list is no
// blocks at all.
func (w *Workspace) checkBlocks(raw json.RawMessage, under string) (json.RawMessage, reply) {
	if raw == nil || string(raw) == "null" {
		return nil, nil
	}
	var blocks []any
	if decode(raw, &blocks) != nil {
		return nil, fail("invalid_blocks_format")
	}
	if len(blocks) == 0 {
		return nil, nil
	}
	problems := blockschema.Lengths(raw)
	if w.opt.Strict {
		problems = append(structure(blockschema.Message(raw)), problems...)
	}
	if len(problems) > 0 {
		return nil, refusal("invalid_blocks", problems, under)
	}
	w.identify(blocks)
	return encode(blocks), nil
}

// structure is a schema's verdict as problems.
func structure(err error) []blockschema.Problem {
	var problems blockschema.Problems
	if err == nil || errors.As(err, &problems) {
		return problems
	}
	return []blockschema.Problem{{Pointer: "", Words: err.Error()}}
}

// refusal carries its reasons twice, as Slack does: in errors and in response_metadata.messages.
func refusal(code string, problems []blockschema.Problem, under string) reply {
	reasons, messages := []string{}, []string{}
	for _, p := range problems {
		p.Pointer = under + p.Pointer
		reasons, messages = append(reasons, p.String()), append(messages, "[ERROR] "+p.String())
	}
	out := fail(code)
	out["errors"], out["response_metadata"] = reasons, map[string]any{"messages": messages}
	return out
}

// badArgument is how Slack refuses a malformed argument.
func badArgument(words, pointer string) reply {
	return refusal("invalid_arguments", []blockschema.Problem{{Pointer: pointer, Words: words}}, "")
}

// checkAttachments wants a list of at most a hundred (https://docs.slack.dev/reference/methods/chat.postMessage).
func (w *Workspace) checkAttachments(raw json.RawMessage) (json.RawMessage, reply) {
	if raw == nil {
		return nil, nil
	}
	var attachments []any
	switch {
	case decode(raw, &attachments) != nil:
		return nil, fail("invalid_attachments")
	case len(attachments) == 0:
		return nil, nil
	case len(attachments) > maxAttached:
		return nil, fail("too_many_attachments")
	}
	for i, each := range attachments {
		attachment, isObject := each.(map[string]any)
		if !isObject {
			return nil, fail("invalid_attachments")
		}
		blocks, refused := w.checkBlocks(encode(attachment["blocks"]), fmt.Sprintf("/attachments/%d", i))
		if refused != nil {
			return nil, refused
		}
		if blocks != nil {
			attachment["blocks"] = blocks
		}
	}
	return encode(attachments), nil
}

// identify fills missing block_ids and action_ids, as Slack does.
func (w *Workspace) identify(blocks []any) {
	for _, each := range blocks {
		block, isObject := each.(map[string]any)
		if !isObject {
			continue
		}
		if text(block["block_id"]) == "" && block["type"] != "markdown" {
			block["block_id"] = w.names.short()
		}
		walk(block, func(element map[string]any) {
			if text(element["action_id"]) == "" {
				element["action_id"] = w.names.short()
			}
		})
	}
}

// interactive are the element types that carry an action_id.
var interactive = map[string]bool{
	"button": true, "overflow": true, "checkboxes": true, "radio_buttons": true, "datepicker": true, "timepicker": true,
	"datetimepicker": true, "plain_text_input": true, "rich_text_input": true, "email_text_input": true, "url_text_input": true,
	"number_input": true, "file_input": true, "workflow_button": true, "icon_button": true, "feedback_buttons": true,
	"static_select": true, "external_select": true, "users_select": true, "conversations_select": true, "channels_select": true,
	"multi_static_select": true, "multi_external_select": true, "multi_users_select": true, "multi_conversations_select": true,
	"multi_channels_select": true,
}

// walk visits every interactive element within a block, however deep.
func walk(within any, visit func(map[string]any)) {
	switch value := within.(type) {
	case []any:
		for _, each := range value {
			walk(each, visit)
		}
	case map[string]any:
		if interactive[text(value["type"])] {
			visit(value)
			return
		}
		for _, key := range slices.Sorted(maps.Keys(value)) {
			walk(value[key], visit)
		}
	}
}

// text is a value as text, "" when it is something else.
func text(value any) string {
	s, _ := value.(string)
	return s
}
