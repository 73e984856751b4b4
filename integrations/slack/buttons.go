package slack

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"

	sdk "github.com/slack-go/slack"

	"github.com/rap-analyzer/rapbot"
)

// What Slack bounds (https://docs.slack.dev/reference/block-kit/block-elements/button-element,
// https://docs.slack.dev/reference/block-kit/composition-objects/confirmation-dialog-object).
const (
	buttonsMax      = 25
	buttonLabelMax  = 75
	buttonValueMax  = 2000
	actionMax       = 200 // of 255: the rest is for the repetition's number
	confirmTitleMax = 100
	confirmTextMax  = 300
	confirmWordMax  = 30
)

// linkAction is the action of buttons that are links. Slack reports a press of
// those as well; there is nothing to do about it.
const linkAction = "open-link"

// repetition sets an action apart from an equal one on the same message, as
// Slack wants it.
const repetition = "#"

func buttons(all rapbot.Buttons) []sdk.Block {
	var elements []sdk.BlockElement
	seen := map[string]int{}
	for _, b := range all {
		if e := button(b, seen); e != nil {
			elements = append(elements, e)
		}
	}
	var out []sdk.Block
	for start := 0; start < len(elements); start += buttonsMax {
		out = append(out, sdk.NewActionBlock("", elements[start:min(start+buttonsMax, len(elements))]...))
	}
	return out
}

// button is nil for one that could do nothing.
func button(b rapbot.Button, seen map[string]int) *sdk.ButtonBlockElement {
	action, address := bound(line(b.Action), actionMax), ""
	if b.URL != "" {
		var ok bool
		if address, ok = webAddress(b.URL); !ok {
			return nil
		}
		action = linkAction
	}
	if action == "" {
		return nil
	}
	seen[action]++
	if n := seen[action]; n > 1 {
		action += fmt.Sprint(repetition, n)
	}
	words := b.Label
	if line(words) == "" {
		words = action
	}
	e := &sdk.ButtonBlockElement{Type: sdk.METButton, Text: label(words, buttonLabelMax), ActionID: action, URL: address, Value: bound(clean(b.Value), buttonValueMax)}
	e.Text.Emoji = &b.Emojis
	if b.Style == rapbot.StylePrimary || b.Style == rapbot.StyleDanger {
		e.Style = sdk.Style(b.Style)
	}
	if c := b.Confirm; c != nil {
		e.Confirm = &sdk.ConfirmationBlockObject{
			Title: label(or(c.Title, "Are you sure?"), confirmTitleMax), Text: label(or(c.Text, b.Label), confirmTextMax),
			Confirm: label(or(c.Yes, "Yes"), confirmWordMax), Deny: label(or(c.No, "No"), confirmWordMax), Style: e.Style,
		}
	}
	return e
}

func or(s, otherwise string) string {
	if line(s) == "" {
		return otherwise
	}
	return s
}

// actionOf is the action that a button was made with.
func actionOf(id string) string {
	action, number, found := strings.Cut(id, repetition)
	if !found || strings.Trim(number, "0123456789") != "" {
		return id
	}
	return action
}

// name gives every block of buttons an ID that changes with what the message
// says, so that no client carries the state of one revision into the next.
func name(blocks []sdk.Block) {
	var revision string
	for i, b := range blocks {
		actions, is := b.(*sdk.ActionBlock)
		if !is {
			continue
		}
		if revision == "" {
			said, err := json.Marshal(blocks)
			if err != nil {
				said = nil // blocks of our own making always encode
			}
			sum := sha256.Sum256(said)
			revision = hex.EncodeToString(sum[:6])
		}
		actions.BlockID = fmt.Sprintf("%s-%d", revision, i)
	}
}
