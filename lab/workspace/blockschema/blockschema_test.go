package blockschema_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/slack-go/slack"

	"github.com/rap-analyzer/rapbot/lab/workspace/blockschema"
)

// What slack-go writes fits Slack's own types.
func TestGoodBlocks(t *testing.T) {
	plain := func(s string) *slack.TextBlockObject { return slack.NewTextBlockObject("plain_text", s, true, false) }
	words := slack.NewTextBlockObject("mrkdwn", "*Switch over to us-west-2*", false, false)
	button := slack.NewButtonBlockElement("approve", "op-1", plain("Approve Switchover")).WithStyle(slack.StylePrimary).
		WithConfirm(slack.NewConfirmationBlockObject(plain("Sure?"), words, plain("Approve"), plain("Back")))
	option := slack.NewOptionBlockObject("us-west-2", plain("us-west-2"), nil)
	blocks := []slack.Block{
		slack.NewHeaderBlock(plain("Operation")),
		slack.NewSectionBlock(words, []*slack.TextBlockObject{words, words}, slack.NewAccessory(button)),
		slack.NewContextBlock("c", words, slack.NewImageBlockElement("https://example.com/a.png", "a")),
		slack.NewActionBlock("a", button, slack.NewOptionsSelectBlockElement("static_select", plain("Region"), "region", option)),
		slack.NewDividerBlock(),
		slack.NewMarkdownBlock("", "**done**"),
		slack.NewRichTextBlock("r", slack.NewRichTextSection(slack.NewRichTextSectionTextElement("lag", nil))),
		slack.NewInputBlock("i", plain("Reason"), nil, slack.NewPlainTextInputBlockElement(plain("why"), "reason")),
	}
	raw, err := json.Marshal(blocks)
	if err != nil {
		t.Fatal(err)
	}
	if err := blockschema.Message(raw); err != nil {
		t.Errorf("%v in %s", err, raw)
	}
	if found := blockschema.Lengths(raw); len(found) > 0 {
		t.Error(found)
	}
	view, err := json.Marshal(slack.ModalViewRequest{
		Type: slack.VTModal, Title: plain("Switch over"), Submit: plain("Plan"), Close: plain("Cancel"),
		Blocks: slack.Blocks{BlockSet: blocks}, CallbackID: "failover", PrivateMetadata: "{}",
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := blockschema.View(view); err != nil {
		t.Errorf("%v in %s", err, view)
	}
	if found := blockschema.ViewLengths(view); len(found) > 0 {
		t.Error(found)
	}
}

// One mistake each, and the one reason a person needs to mend it.
func TestBadBlocks(t *testing.T) {
	for blocks, want := range map[string]string{
		`[{"type":"sections"}]`:                                   "unsupported type: sections [json-pointer:/blocks/0/type]",
		`[{"text":{"type":"mrkdwn","text":"x"}}]`:                 "missing required field: type [json-pointer:/blocks/0]",
		`[{"type":"header"}]`:                                     "missing required field: text [json-pointer:/blocks/0]",
		`[{"type":"divider","color":"red"}]`:                      "invalid additional property: color [json-pointer:/blocks/0]",
		`[{"type":"header","text":{"type":"mrkdwn","text":"x"}}]`: "unsupported type: mrkdwn [json-pointer:/blocks/0/text/type]",
		`[{"type":"section","text":"words"}]`:                     "must provide a value of type object [json-pointer:/blocks/0/text]",
		`[{"type":"actions","elements":[{"type":"button","text":{"type":"plain_text","text":"x"},"style":"success"}]}]`:   "must be a valid enum value [json-pointer:/blocks/0/elements/0/style]",
		`[{"type":"actions","elements":[{"type":"button","text":{"type":"plain_text","text":"x"},"action":"a"}]}]`:        "invalid additional property: action [json-pointer:/blocks/0/elements/0]",
		`[{"type":"divider"},{"type":"section","text":{"type":"mrkdwn","text":"x"},"accessory":{"type":"btn"}}]`:          "unsupported type: btn [json-pointer:/blocks/1/accessory/type]",
		`[{"type":"actions","elements":[{"type":"static_select","options":[{"text":{"type":"plain_text","txt":"x"}}]}]}]`: "missing required field: text [json-pointer:/blocks/0/elements/0/options/0/text]",
		`[{"type":"image","image_url":"https://example.com/a.png"}]`:                                                      "missing required field: alt_text [json-pointer:/blocks/0]",
		`{"type":"divider"}`: "must provide a value of type array [json-pointer:/blocks]",
	} {
		err := blockschema.Message(json.RawMessage(blocks))
		var problems blockschema.Problems
		if !errors.As(err, &problems) {
			t.Errorf("%s\n got %v\nwant %s", blocks, err, want)
			continue
		}
		if problems[0].String() != want {
			t.Errorf("%s\n got %v\nwant %s", blocks, err, want)
		}
	}
	if err := blockschema.Message(json.RawMessage(`[{`)); err == nil {
		t.Error("half a JSON text is a message")
	}
}

func TestBadViews(t *testing.T) {
	for view, want := range map[string]string{
		`{"type":"modal","blocks":[]}`:                                                          "missing required field: title [json-pointer:/view]",
		`{"type":"popup","blocks":[]}`:                                                          "unsupported type: popup [json-pointer:/view/type]",
		`{"type":"home","blocks":[{"type":"divider"},{"type":"nothing"}]}`:                      "unsupported type: nothing [json-pointer:/view/blocks/1/type]",
		`{"type":"home","blocks":[],"submit":{"type":"plain_text","text":"Go"}}`:                "invalid additional property: submit [json-pointer:/view]",
		`{"type":"modal","title":{"type":"plain_text","text":"x"},"blocks":[],"callback_id":7}`: "must provide a value of type string [json-pointer:/view/callback_id]",
	} {
		if err := blockschema.View(json.RawMessage(view)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s\n got %v\nwant %s", view, err, want)
		}
	}
}

// Each limit holds at its last good length and breaks one beyond it.
func TestLengths(t *testing.T) {
	text := func(kind string, n int) string {
		return fmt.Sprintf(`{"type":%q,"text":%q}`, kind, strings.Repeat("é", n))
	}
	list := func(item string, n int) string {
		made := make([]string, n)
		for i := range made {
			made[i] = strings.ReplaceAll(item, "#", fmt.Sprint(i))
		}
		return "[" + strings.Join(made, ",") + "]"
	}
	button := func(inner string) string {
		return `[{"type":"actions","elements":[{"type":"button","action_id":"a",` + inner + `}]}]`
	}
	option := `{"text":{"type":"plain_text","text":"o"},"value":"#"}`
	for name, limit := range map[string]struct {
		most    int
		pointer string
		blocks  func(n int) string
	}{
		"section text":   {3000, "/blocks/0/text/text", func(n int) string { return `[{"type":"section","text":` + text("mrkdwn", n) + `}]` }},
		"section field":  {2000, "/blocks/0/fields/0/text", func(n int) string { return `[{"type":"section","fields":[` + text("mrkdwn", n) + `]}]` }},
		"section fields": {10, "/blocks/0/fields", func(n int) string { return `[{"type":"section","fields":` + list(text("mrkdwn", 1), n) + `}]` }},
		"header":         {150, "/blocks/0/text/text", func(n int) string { return `[{"type":"header","text":` + text("plain_text", n) + `}]` }},
		"blocks":         {50, "/blocks", func(n int) string { return list(`{"type":"divider"}`, n) }},
		"block_id":       {255, "/blocks/0/block_id", func(n int) string { return `[{"type":"divider","block_id":"` + strings.Repeat("b", n) + `"}]` }},
		"actions": {25, "/blocks/0/elements", func(n int) string {
			return `[{"type":"actions","elements":` + list(`{"type":"button","action_id":"#","text":{"type":"plain_text","text":"x"}}`, n) + `}]`
		}},
		"context":     {10, "/blocks/0/elements", func(n int) string { return `[{"type":"context","elements":` + list(text("mrkdwn", 1), n) + `}]` }},
		"button text": {75, "/blocks/0/elements/0/text/text", func(n int) string { return button(`"text":` + text("plain_text", n)) }},
		"button value": {2000, "/blocks/0/elements/0/value", func(n int) string {
			return button(`"text":` + text("plain_text", 1) + `,"value":"` + strings.Repeat("v", n) + `"`)
		}},
		"confirm title": {100, "/blocks/0/elements/0/confirm/title/text", func(n int) string {
			return button(`"text":` + text("plain_text", 1) + `,"confirm":{"title":` + text("plain_text", n) + `,"text":` + text("mrkdwn", 1) + `}`)
		}},
		"overflow options": {5, "/blocks/0/accessory/options", func(n int) string {
			return `[{"type":"section","text":` + text("mrkdwn", 1) + `,"accessory":{"type":"overflow","options":` + list(option, n) + `}}]`
		}},
		"select options": {100, "/blocks/0/elements/0/options", func(n int) string {
			return `[{"type":"actions","elements":[{"type":"static_select","options":` + list(option, n) + `}]}]`
		}},
		"placeholder": {150, "/blocks/0/elements/0/placeholder/text", func(n int) string {
			return `[{"type":"actions","elements":[{"type":"users_select","placeholder":` + text("plain_text", n) + `}]}]`
		}},
		"markdown altogether": {12000, "/blocks", func(n int) string {
			return `[{"type":"markdown","text":"` + strings.Repeat("m", 6000) + `"},{"type":"markdown","text":"` + strings.Repeat("m", n-6000) + `"}]`
		}},
		"table rows": {100, "/blocks/0/rows", func(n int) string {
			return `[{"type":"table","rows":` + list(`[{"type":"raw_text","text":"c"}]`, n) + `}]`
		}},
		"table characters": {10000, "/blocks/0/rows", func(n int) string {
			return `[{"type":"table","rows":[[{"type":"raw_text","text":"` + strings.Repeat("c", n) + `"}]]}]`
		}},
	} {
		if found := blockschema.Lengths(json.RawMessage(limit.blocks(limit.most))); len(found) > 0 {
			t.Errorf("%s of %d: %v", name, limit.most, found)
		}
		found := blockschema.Lengths(json.RawMessage(limit.blocks(limit.most + 1)))
		if len(found) != 1 || found[0].Pointer != limit.pointer {
			t.Errorf("%s of %d: %v, want one at %s", name, limit.most+1, found, limit.pointer)
		}
	}
}

func TestOtherBounds(t *testing.T) {
	for blocks, want := range map[string]string{
		`[{"type":"section","text":{"type":"mrkdwn","text":""}}]`: "must be more than 0 characters [json-pointer:/blocks/0/text/text]",
		`[{"type":"section"}]`:               "must define either `text` or `fields` [json-pointer:/blocks/0]",
		`[{"type":"actions","elements":[]}]`: "must provide at least 1 items [json-pointer:/blocks/0/elements]",
		`[{"type":"divider","block_id":"a"},{"type":"divider","block_id":"a"}]`:                                                                          `block_id "a" already exists [json-pointer:/blocks/1/block_id]`,
		`[{"type":"actions","elements":[{"type":"users_select","action_id":"a"},{"type":"users_select","action_id":"a"}]}]`:                              `action_id "a" already exists [json-pointer:/blocks/0/elements/1/action_id]`,
		`[{"type":"alert","text":{"type":"mrkdwn","text":"x"}}]`:                                                                                         "unsupported type: alert [json-pointer:/blocks/0/type]",
		`[{"type":"table","rows":[[{"type":"raw_text","text":"c"}]]},{"type":"table","rows":[[{"type":"raw_text","text":"c"}]]}]`:                        "no more than 1 table allowed [json-pointer:/blocks/1]",
		`[{"type":"section","text":{"type":"mrkdwn","text":"x"},"accessory":{"type":"overflow","options":[{"text":{"type":"plain_text","text":"o"}}]}}]`: "must provide at least 2 items [json-pointer:/blocks/0/accessory/options]",
	} {
		found := blockschema.Lengths(json.RawMessage(blocks))
		if len(found) != 1 || found[0].String() != want {
			t.Errorf("%s\n got %v\nwant %s", blocks, found, want)
		}
	}
	view := `{"type":"modal","title":{"type":"plain_text","text":"` + strings.Repeat("t", 25) + `"},"blocks":[]}`
	if found := blockschema.ViewLengths(json.RawMessage(view)); len(found) != 1 || found[0].Pointer != "/view/title/text" {
		t.Errorf("a title of 25: %v", found)
	}
}
