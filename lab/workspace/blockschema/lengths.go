package blockschema

// limit bounds one thing within an object: the characters of a text, or the items of a list when items is set.
// In the path, [] is every item of a list.
type limit struct {
	path  string
	max   int
	min   int
	items bool
}

func chars(path string, most int) limit { return limit{path: path, max: most} }
func items(path string, least, most int) limit {
	return limit{path: path, max: most, min: least, items: true}
}

// limits are those of https://docs.slack.dev/reference/block-kit, by the type of the object they hold for.
var limits = map[string][]limit{
	"section":         {chars("text.text", 3000), items("fields", 1, 10), chars("fields[].text", 2000)},
	"header":          {chars("text.text", 150)},
	"actions":         {items("elements", 1, 25)},
	"context":         {items("elements", 1, 10)},
	"context_actions": {items("elements", 1, 5)},
	"image":           {chars("alt_text", 2000), chars("title.text", 2000), chars("image_url", 3000)},
	"input":           {chars("label.text", 2000), chars("hint.text", 2000)},
	"alert":           {chars("text.text", 200)},
	"card":            {chars("title.text", 150), chars("body.text", 200), items("actions", 1, 3)},
	"carousel":        {items("elements", 1, 10)},
	"container":       {items("child_blocks", 1, 10)},
	"plan":            {items("tasks", 0, 50)},
	"table":           {items("rows", 1, 100), items("rows[]", 1, 20)},
	"data_table":      {items("rows", 1, 201)}, // 200 and the header
	"video":           {chars("title.text", 200), chars("description.text", 200), chars("author_name", 50)},

	"button":              {chars("text.text", 75), chars("value", 2000), chars("url", 3000), chars("accessibility_label", 75)},
	"workflow_button":     {chars("text.text", 75), chars("accessibility_label", 75)},
	"overflow":            {items("options", 2, 5)},
	"static_select":       {items("options", 1, 100), items("option_groups", 1, 100), items("option_groups[].options", 1, 100)},
	"multi_static_select": {items("options", 1, 100), items("option_groups", 1, 100), items("option_groups[].options", 1, 100)},
	"checkboxes":          {items("options", 1, 10)},
	"radio_buttons":       {items("options", 1, 10)},
}

// everywhere are the limits of any object that has such a field.
var everywhere = []limit{
	chars("block_id", 255), chars("action_id", 255), chars("placeholder.text", 150),
	chars("confirm.title.text", 100), chars("confirm.text.text", 300), chars("confirm.confirm.text", 30), chars("confirm.deny.text", 30),
	chars("options[].text.text", 75), chars("options[].value", 150), chars("options[].description.text", 75),
	chars("option_groups[].label.text", 75), chars("option_groups[].options[].text.text", 75), chars("option_groups[].options[].value", 150),
}

// viewLimits are those of https://docs.slack.dev/reference/views.
var viewLimits = []limit{
	chars("title.text", 24), chars("submit.text", 24), chars("close.text", 24), chars("private_metadata", 3000),
	chars("callback_id", 255), chars("external_id", 255), items("blocks", 0, 100),
}

// What bounds a whole payload.
const (
	messageBlocks   = 50
	markdownChars   = 12000 // all markdown blocks together
	tableChars      = 10000
	dataTableChars  = 20000
	tablesAMessage  = 1
	visualsAMessage = 2
)
