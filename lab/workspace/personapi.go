package workspace

import (
	"net/http"
)

// act is the body of any POST of the person API.
type act struct {
	Channel  string         `json:"channel"`
	TS       string         `json:"ts"`
	Text     string         `json:"text"`
	ThreadTS string         `json:"thread_ts"`
	Button   string         `json:"button"`
	Confirm  *bool          `json:"confirm"`
	ActionID string         `json:"action_id"`
	Value    any            `json:"value"`
	Values   map[string]any `json:"values"`
	ViewID   string         `json:"view_id"`
}

// servePerson does what a person does: POST /person/{name}/{act}.
func (w *Workspace) servePerson(rw http.ResponseWriter, r *http.Request) {
	var body act
	// JSON whatever the header says: curl -d says it is a form.
	if err := readJSON(rw, r, &body); err != nil {
		writeJSON(rw, http.StatusBadRequest, fail(`the body is no JSON object such as {"channel":"rap-ops","text":"/rap status"}: `+err.Error()))
		return
	}
	w.learnBase(r)
	var err error
	a, where := w.As(r.PathValue("name")), Where{Channel: body.Channel, TS: body.TS, ViewID: body.ViewID}
	out := map[string]any{"ok": true}
	switch r.PathValue("act") {
	case "say":
		var ts string
		if ts, err = a.Say(body.Channel, body.Text, body.ThreadTS); ts != "" {
			out["ts"] = ts
		}
	case "click":
		err = a.Click(where, body.Button, body.Confirm != nil && !*body.Confirm)
	case "choose":
		err = a.Choose(where, body.ActionID, body.Value)
	case "suggest":
		out["options"], err = a.Suggest(where, body.ActionID, text(body.Value))
	case "submit":
		var fields map[string]string
		if fields, err = a.Submit(body.ViewID, body.Values); len(fields) > 0 {
			writeJSON(rw, http.StatusUnprocessableEntity, map[string]any{"ok": false, "error": "some fields need another look", "errors": fields})
			return
		}
	case "close":
		err = a.CloseView(body.ViewID)
	case "home":
		err = a.Home()
	default:
		writeJSON(rw, http.StatusNotFound, fail("a person can say, click, choose, suggest, submit, close or open home"))
		return
	}
	if err != nil {
		writeJSON(rw, http.StatusUnprocessableEntity, fail(err.Error()))
		return
	}
	writeJSON(rw, http.StatusOK, out)
}

// servePersonView answers what a person sees: GET /person/{name}/{what}.
func (w *Workspace) servePersonView(rw http.ResponseWriter, r *http.Request) {
	a := w.As(r.PathValue("name"))
	out := map[string]any{"ok": true}
	var err error
	switch r.PathValue("what") {
	case "messages":
		out["messages"], err = a.Messages(r.URL.Query().Get("channel"))
	case "views":
		out["modals"], out["home"], err = a.Views()
	case "notifications":
		out["notifications"], err = a.Notifications()
	default:
		writeJSON(rw, http.StatusNotFound, fail("a person sees messages, views and notifications"))
		return
	}
	if err != nil {
		writeJSON(rw, http.StatusUnprocessableEntity, fail(err.Error()))
		return
	}
	writeJSON(rw, http.StatusOK, out)
}

// originOf is where somebody reached the workspace: http://host:port, or https when a proxy in front of it says so.
func originOf(r *http.Request) string {
	if r.Header.Get("X-Forwarded-Proto") == "https" {
		return "https://" + r.Host
	}
	return "http://" + r.Host
}

// learnBase notes where the workspace is reached, for response_urls, until a socket or Start says so.
func (w *Workspace) learnBase(r *http.Request) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.base == "" {
		w.base = originOf(r)
	}
}
