package workspace

import (
	"encoding/json"
	"net/http"
	"slices"
	"time"
)

// Call is one Web API call as it was made, its token left out. A post to a response_url counts as method "response_url".
type Call struct {
	Method string         `json:"method"`
	At     time.Time      `json:"at"`
	Params map[string]any `json:"params"`
	Status int            `json:"status"`
	Error  string         `json:"error,omitempty"`
}

// Payload is a message or view the workspace accepted, for a test to look into.
type Payload struct {
	Kind   string // message or view
	Method string
	JSON   json.RawMessage // the blocks of a message, the whole view
}

// keptCalls bounds the memory of a workspace that runs for days.
const keptCalls = 10000

// record keeps a call; the oldest are forgotten.
func (w *Workspace) record(c *call, at time.Time, body reply) {
	made := Call{Method: c.method, At: at, Params: c.params, Status: c.status}
	made.Error, _ = body["error"].(string)
	w.calls = append(w.calls, made)
	if len(w.calls) > keptCalls {
		w.calls = slices.Delete(w.calls, 0, keptCalls/10)
	}
}

// accept keeps a payload that passed every check.
func (w *Workspace) accept(kind, method string, payload json.RawMessage) {
	if len(payload) == 0 {
		return
	}
	w.payloads = append(w.payloads, Payload{Kind: kind, Method: method, JSON: payload})
	if len(w.payloads) > keptCalls {
		w.payloads = slices.Delete(w.payloads, 0, keptCalls/10)
	}
}

// Calls are the calls of one method, or all of them when it is "", oldest first.
func (w *Workspace) Calls(method string) []Call {
	w.mu.Lock()
	defer w.mu.Unlock()
	out := []Call{}
	for _, c := range w.calls {
		if method == "" || c.Method == method {
			out = append(out, c)
		}
	}
	return out
}

// Payloads are the messages' blocks and the views accepted so far.
func (w *Workspace) Payloads() []Payload {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.payloads)
}

func (w *Workspace) serveCalls(rw http.ResponseWriter, r *http.Request) {
	writeJSON(rw, http.StatusOK, map[string]any{"ok": true, "calls": w.Calls(r.URL.Query().Get("method"))})
}
