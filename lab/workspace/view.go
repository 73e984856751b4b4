package workspace

import (
	"encoding/json"
	"fmt"
	"slices"

	"github.com/rap-analyzer/rapbot/lab/workspace/blockschema"
)

// stackLimit is how many modals one person may have open at once (https://docs.slack.dev/surfaces/modals).
const stackLimit = 3

// viewLimit is a view's size in bytes (https://docs.slack.dev/reference/methods/views.open, view_too_large).
const viewLimit = 250_000

// view is one modal or Home tab before one person.
type view struct {
	w              *Workspace
	id, hash       string
	person         *person
	body           map[string]any // as the app gave it
	root, previous string
	state          state
	errors         map[string]string // what the app said about fields, by block_id
	trouble        string            // Slack's own words when the app gave no good answer
}

func (v *view) str(key string) string { return text(v.body[key]) }

func (v *view) blocks() json.RawMessage { return encode(v.body["blocks"]) }

func (v *view) controls() []control { return controls(v.blocks()) }

// object is the view as Slack hands it to the app (https://docs.slack.dev/reference/views).
func (v *view) object() map[string]any {
	out := map[string]any{
		"id": v.id, "team_id": v.w.team, "type": v.str("type"), "blocks": v.body["blocks"], "private_metadata": v.str("private_metadata"),
		"callback_id": v.str("callback_id"), "external_id": v.str("external_id"), "hash": v.hash, "state": map[string]any{"values": v.state},
		"clear_on_close": v.body["clear_on_close"] == true, "notify_on_close": v.body["notify_on_close"] == true,
		"title": v.body["title"], "close": v.body["close"], "submit": v.body["submit"], "root_view_id": v.root, "previous_view_id": nil,
		"app_id": v.w.app.id, "bot_id": v.w.app.botID, "app_installed_team_id": v.w.team,
	}
	if v.previous != "" {
		out["previous_view_id"] = v.previous
	}
	return out
}

// shown is the view as its person sees it: the object, the errors at its fields, and what Slack says at its top.
func (v *view) shown() json.RawMessage {
	out := v.object()
	if len(v.errors) > 0 {
		out["errors"] = v.errors
	}
	if v.trouble != "" {
		out["error"] = v.trouble
	}
	return encode(out)
}

// newView makes a view of a checked body.
func (w *Workspace) newView(p *person, body map[string]any, method string) *view {
	v := &view{w: w, id: w.names.next("V"), person: p}
	v.root = v.id
	w.views[v.id] = v
	v.fill(body, method)
	return v
}

// fill gives a view new content; what a person filled in stays where block_id and action_id stay.
func (v *view) fill(body map[string]any, method string) {
	v.w.accept("view", method, encode(body))
	v.body, v.errors, v.trouble = body, nil, ""
	before := v.state
	v.state = initial(v.controls())
	for block, actions := range v.state {
		for action, value := range actions {
			if kept := before[block][action]; kept != nil && kept["type"] == value["type"] {
				actions[action] = kept
			}
		}
	}
	v.hash = fmt.Sprintf("%d.%s", v.w.now().Unix(), secret(4))
	v.w.tell(note{Type: "view", only: v.person.ID})
}

// push puts a view on top of its person's modals.
func (w *Workspace) push(v *view) {
	p := v.person
	if n := len(p.stack); n > 0 {
		v.root, v.previous = p.stack[0].id, p.stack[n-1].id
	}
	p.stack = append(p.stack, v)
	w.tell(note{Type: "view", only: p.ID})
}

// shut takes a view and those above it off the stack; all of them when clear.
func (w *Workspace) shut(p *person, v *view, all bool) {
	i := slices.Index(p.stack, v)
	if i < 0 {
		return
	}
	if all {
		i = 0
	}
	for _, each := range p.stack[i:] {
		delete(w.views, each.id)
	}
	p.stack = slices.Delete(p.stack, i, len(p.stack))
	w.tell(note{Type: "view", only: p.ID})
}

// viewByRef finds a view by id or external_id.
func (w *Workspace) viewByRef(id, external string) *view {
	if v := w.views[id]; v != nil || id != "" {
		return v
	}
	for _, v := range w.views {
		if external != "" && v.str("external_id") == external {
			return v
		}
	}
	return nil
}

// checkView reads and checks a view. Slack names a view's faults invalid_arguments, blocks included (https://docs.slack.dev/reference/views).
func (w *Workspace) checkView(raw json.RawMessage, kind string) (map[string]any, reply) {
	var body map[string]any
	switch {
	case len(raw) > viewLimit:
		return nil, fail("view_too_large")
	case raw == nil || decode(raw, &body) != nil:
		return nil, badArgument("must provide an object", "/view")
	case text(body["type"]) != kind:
		return nil, badArgument(fmt.Sprintf("must be %q here", kind), "/view/type")
	}
	problems := blockschema.ViewLengths(raw)
	if w.opt.Strict {
		problems = append(structure(blockschema.View(raw)), problems...)
	}
	blocks, isList := body["blocks"].([]any)
	if !isList && len(problems) == 0 {
		problems = []blockschema.Problem{{Pointer: "/view/blocks", Words: "must be an array"}}
	}
	if len(problems) > 0 {
		return nil, refusal("invalid_arguments", problems, "")
	}
	w.identify(blocks)
	return body, nil
}
