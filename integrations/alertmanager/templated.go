package alertmanager

import (
	"slices"
	"strings"

	"github.com/rap-analyzer/rapbot"
)

// body is what the operator's templates say of the alerts: what stands above
// the attachment in Alertmanager's own messages, what stands in it, and its
// fields. Where they say nothing the built-in card has its own words.
func (v view) body(r *Rendered) []rapbot.Block {
	var blocks []rapbot.Block
	for _, key := range []string{"message_text", "pretext", "text"} {
		if t := r.markup(key, maxRendered); t != nil {
			blocks = append(blocks, rapbot.Paragraph{Text: t})
		}
	}
	blocks = append(blocks, r.fields()...)
	if len(blocks) == 0 {
		blocks = v.alertBlocks()
	}
	if image := r.link("image_url", secureLink); image != "" {
		blocks = append(blocks, rapbot.Image{URL: image, Alt: "image of the alert's template"})
	}
	return blocks
}

// fields are short ones side by side and each other one on its own.
func (r *Rendered) fields() []rapbot.Block {
	if r == nil {
		return nil
	}
	var blocks []rapbot.Block
	for i, short := range r.block.Short {
		name, value := r.plain(fieldKey(i, "title"), maxLabel), r.markup(fieldKey(i, "value"), maxRendered)
		switch last, follows := lastFields(blocks); {
		case name == "" && value == nil:
		case !short && name == "":
			blocks = append(blocks, rapbot.Paragraph{Text: value})
		case !short:
			blocks = append(blocks, rapbot.Paragraph{Text: rapbot.Say(rapbot.B(name), "\n", value)})
		case follows:
			blocks[len(blocks)-1] = append(last, rapbot.Field{Name: name, Value: value})
		default:
			blocks = append(blocks, rapbot.Fields{{Name: name, Value: value}})
		}
	}
	return blocks
}

func lastFields(blocks []rapbot.Block) (rapbot.Fields, bool) {
	if len(blocks) == 0 {
		return nil, false
	}
	f, is := blocks[len(blocks)-1].(rapbot.Fields)
	return f, is
}

// actions are buttons that lead somewhere. Those with a name would ask
// Alertmanager's Slack app something, and there is none.
func (r *Rendered) actions() rapbot.Buttons {
	if r == nil {
		return nil
	}
	var out rapbot.Buttons
	for i := range r.block.Actions {
		address, label := r.link(actionKey(i, "url"), webLink), r.plain(actionKey(i, "text"), maxButton)
		if address == "" || label == "" {
			continue
		}
		b := rapbot.Button{Label: label, URL: address, Emojis: true}
		if style := rapbot.Style(strings.TrimSpace(r.Texts[actionKey(i, "style")])); style == rapbot.StylePrimary || style == rapbot.StyleDanger {
			b.Style = style
		}
		out = append(out, b)
	}
	return out
}

// allButtons puts the operator's first, and leaves out ours to the same place.
func (v view) allButtons(r *Rendered) rapbot.Buttons {
	out := r.actions()
	for _, b := range v.buttons() {
		there := func(o rapbot.Button) bool { return b.URL != "" && o.URL == b.URL }
		if !slices.ContainsFunc(out, there) {
			out = append(out, b)
		}
	}
	return out
}
