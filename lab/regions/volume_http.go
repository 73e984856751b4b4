package regions

import (
	"cmp"
	"encoding/json"
	"net/http"
	"sync"

	"github.com/rap-analyzer/rapbot/lab/api"
)

// volumeLine is one line of the answer to the verbs that act on a server's data: something that the script wrote, or how it ended.
type volumeLine struct {
	Stdout string `json:"stdout,omitempty"`
	Stderr string `json:"stderr,omitempty"`
	Exit   *int   `json:"exit,omitempty"`  // the last line
	Error  string `json:"error,omitempty"` // or this one, when there is no exit status
}

// serveVolume runs the script for as long as the caller stays on the line, and passes on what it writes at once, so that its
// progress is seen while it works.
func (f *Fleet) serveVolume(verb string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		server, err := f.find(r.PathValue("region"))
		var source *Server
		if err == nil {
			source, err = f.find(r.URL.Query().Get("source"))
		}
		if err != nil {
			api.Answer(w, nil, err)
			return
		}
		var more []string
		if verb == divergeVerb {
			more = []string{cmp.Or(r.URL.Query().Get("from"), "0/0")}
		}
		w.Header().Set("Content-Type", "application/x-ndjson")
		lines := &lineSender{encoder: json.NewEncoder(w), flush: http.NewResponseController(w).Flush}
		exit, err := server.runVolume(r.Context(), sender(func(text string) { lines.send(volumeLine{Stdout: text}) }),
			sender(func(text string) { lines.send(volumeLine{Stderr: text}) }), verb, source, more...)
		if err != nil {
			lines.send(volumeLine{Error: err.Error()})
			return
		}
		lines.send(volumeLine{Exit: &exit})
	}
}

type lineSender struct {
	mu      sync.Mutex
	encoder *json.Encoder
	flush   func() error
}

func (l *lineSender) send(line volumeLine) {
	l.mu.Lock()
	defer l.mu.Unlock()
	_ = l.encoder.Encode(line) // a caller that has gone ends the script by its context
	_ = l.flush()
}

type sender func(string)

func (s sender) Write(p []byte) (int, error) {
	s(string(p))
	return len(p), nil
}
