package slack

import (
	"encoding/json"
	"errors"
	"fmt"

	sdk "github.com/slack-go/slack"

	"github.com/rap-analyzer/rapbot"
)

// What Slack bounds (https://docs.slack.dev/reference/views,
// https://docs.slack.dev/reference/block-kit/blocks/input-block).
const (
	viewTitleMax    = 24
	viewBlocksMax   = 100
	metadataMax     = 3000
	inputLabelMax   = 2000
	placeholderMax  = 150
	optionsMax      = 100
	optionLabelMax  = 75
	optionValueMax  = 150
	nameMax         = 255
	inputMax        = 3000
	introMax        = 10 // sections
	submitOtherwise = "Submit"
)

// memory is what a form carries for itself from opening to submission. A
// submission does not say where it was asked for, and its answer goes there.
type memory struct {
	Value   string `json:"value,omitempty"`
	Channel string `json:"channel,omitempty"`
	Thread  string `json:"thread,omitempty"`
}

// modal turns a form into the view that Slack opens.
func modal(f rapbot.Form, from rapbot.Place) (sdk.ModalViewRequest, error) {
	carried, err := json.Marshal(memory{Value: f.Value, Channel: from.Channel, Thread: from.Thread})
	if err != nil {
		return sdk.ModalViewRequest{}, err
	}
	if len(carried) > metadataMax {
		return sdk.ModalViewRequest{}, errors.New("the form's value is too long to be carried")
	}
	v := sdk.ModalViewRequest{
		Type: sdk.VTModal, CallbackID: bound(clean(f.Action), nameMax), PrivateMetadata: string(carried),
		Title: label(f.Title, viewTitleMax), Submit: label(or(f.Submit, submitOtherwise), viewTitleMax), Close: label("Cancel", viewTitleMax),
	}
	v.Blocks.BlockSet = sections(pack(pieces(f.Intro), sectionMax))
	if len(v.Blocks.BlockSet) > introMax {
		v.Blocks.BlockSet = v.Blocks.BlockSet[:introMax]
	}
	seen := map[string]bool{}
	for i, in := range f.Inputs {
		if len(v.Blocks.BlockSet) == viewBlocksMax {
			break
		}
		id := bound(line(in.Name), nameMax)
		if id == "" || seen[id] {
			id = fmt.Sprintf("input-%d", i+1)
		}
		seen[id] = true
		v.Blocks.BlockSet = append(v.Blocks.BlockSet, input(in, id))
	}
	return v, nil
}

func input(in rapbot.Input, id string) sdk.Block {
	block := &sdk.InputBlock{Type: sdk.MBTInput, BlockID: id, Label: label(or(in.Label, id), inputLabelMax), Optional: in.Optional}
	if in.Hint != "" {
		block.Hint = label(in.Hint, inputLabelMax)
	}
	var placeholder *sdk.TextBlockObject
	if in.Placeholder != "" {
		placeholder = label(in.Placeholder, placeholderMax)
	}
	if len(in.Options) == 0 {
		block.Element = &sdk.PlainTextInputBlockElement{
			Type: sdk.METPlainTextInput, ActionID: id, Placeholder: placeholder, Multiline: in.Multiline,
			InitialValue: bound(clean(in.Initial), inputMax), MaxLength: inputMax,
		}
		return block
	}
	choice := &sdk.SelectBlockElement{Type: sdk.OptTypeStatic, ActionID: id, Placeholder: placeholder}
	for _, o := range in.Options[:min(len(in.Options), optionsMax)] {
		option := &sdk.OptionBlockObject{Text: label(or(o.Label, o.Value), optionLabelMax), Value: bound(or(o.Value, o.Label), optionValueMax)}
		choice.Options = append(choice.Options, option)
		if in.Initial != "" && o.Value == in.Initial {
			choice.InitialOption = option
		}
	}
	block.Element = choice
	return block
}

// recall reads what a form carried.
func recall(metadata string) memory {
	var m memory
	if json.Unmarshal([]byte(metadata), &m) != nil {
		return memory{}
	}
	return m
}

// answers are what a person filled in, by the names of the inputs.
func answers(state *sdk.ViewState) map[string]string {
	out := map[string]string{}
	if state == nil {
		return out
	}
	for _, block := range state.Values {
		for id, given := range block {
			value := given.Value
			if given.SelectedOption.Value != "" {
				value = given.SelectedOption.Value
			}
			out[id] = bound(value, inputMax)
		}
	}
	return out
}
