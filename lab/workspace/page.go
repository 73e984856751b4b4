package workspace

import (
	"fmt"
	"io/fs"
	"net/http"
	"time"
)

// note tells a page to fetch something again. A note for one person only does not reach the others.
type note struct {
	Type    string `json:"type"` // message, view or workspace
	Channel string `json:"channel,omitempty"`
	only    string // user id
}

// watcher is one page listening to /events.
type watcher struct {
	person *person // nil hears everything
	out    chan note
	gone   chan struct{}
	ended  bool
}

func (t *watcher) stop() {
	if !t.ended {
		t.ended = true
		close(t.gone)
	}
}

// tell tells the pages whom it concerns. A page that is far behind misses notes; the next one makes it fetch everything.
func (w *Workspace) tell(n note) {
	for t := range w.watchers {
		if t.person != nil && !w.concernsPage(n, t.person) {
			continue
		}
		select {
		case t.out <- n:
		default:
		}
	}
}

func (w *Workspace) concernsPage(n note, p *person) bool {
	if n.only != "" && n.only != p.ID {
		return false
	}
	c := w.channelByID(n.Channel)
	return c == nil || c.has(p.ID)
}

// serveEvents streams notes: GET /events?person=alice.
func (w *Workspace) serveEvents(rw http.ResponseWriter, r *http.Request) {
	t := &watcher{out: make(chan note, 64), gone: make(chan struct{})}
	name := r.URL.Query().Get("person")
	w.mu.Lock()
	t.person = w.who(name)
	unknown := name != "" && t.person == nil
	if !unknown && !w.closed {
		w.watchers[t] = true
	}
	w.mu.Unlock()
	if unknown {
		writeJSON(rw, http.StatusNotFound, fail("nobody is called "+name))
		return
	}
	defer func() {
		w.mu.Lock()
		delete(w.watchers, t)
		w.mu.Unlock()
	}()
	rw.Header().Set("Content-Type", "text/event-stream")
	rw.Header().Set("Cache-Control", "no-store")
	flush := http.NewResponseController(rw).Flush
	_, _ = rw.Write([]byte(": listening\n\n"))
	_ = flush()
	alive := time.NewTicker(15 * time.Second)
	defer alive.Stop()
	for {
		var err error
		select {
		case <-r.Context().Done():
			return
		case <-t.gone:
			return
		case n := <-t.out:
			_, err = fmt.Fprintf(rw, "data: %s\n\n", encode(n))
		case <-alive.C:
			_, err = rw.Write([]byte(": alive\n\n"))
		}
		if err != nil || flush() != nil {
			return
		}
	}
}

// serveWorkspace describes the workspace: GET /workspace.
func (w *Workspace) serveWorkspace(rw http.ResponseWriter, _ *http.Request) {
	w.mu.Lock()
	raw := encode(w.describe())
	w.mu.Unlock()
	writeRaw(rw, http.StatusOK, raw)
}

func (w *Workspace) describe() map[string]any {
	people, channels := []Person{}, []Channel{}
	for _, p := range w.humans() {
		people = append(people, p.Person)
	}
	for _, c := range w.channels {
		if !c.im {
			channels = append(channels, Channel{
				Name: c.name, ID: c.id, Private: c.private, Archived: c.archived, Topic: c.topic, Members: c.members, AppIn: c.has(w.app.userID),
			})
		}
	}
	return map[string]any{
		"ok": true, "team": map[string]any{"id": w.team, "name": w.opt.Team},
		"app":    map[string]any{"name": w.app.name, "id": w.app.id, "user_id": w.app.userID, "bot_id": w.app.botID},
		"people": people, "channels": channels, "groups": w.groups, "commands": w.commands, "connections": len(w.sockets),
	}
}

// servePage serves the page's index.html.
func (w *Workspace) servePage(rw http.ResponseWriter, r *http.Request) {
	if w.opt.PageFS == nil {
		http.NotFound(rw, r)
		return
	}
	index, err := fs.ReadFile(w.opt.PageFS, "index.html")
	if err != nil {
		http.NotFound(rw, r)
		return
	}
	rw.Header().Set("Content-Type", "text/html; charset=utf-8")
	rw.Header().Set("Cache-Control", "no-store")
	_, _ = rw.Write(index)
}

// staticFiles serves what the page needs from PageFS, with or without a folder called static in it.
func (w *Workspace) staticFiles() http.Handler {
	if w.opt.PageFS == nil {
		return http.NotFoundHandler()
	}
	files := http.FileServerFS(w.opt.PageFS)
	if _, err := fs.Stat(w.opt.PageFS, "static"); err == nil {
		return files
	}
	return http.StripPrefix("/static", files)
}
