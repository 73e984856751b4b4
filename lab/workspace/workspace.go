package workspace

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync"
	"time"
)

// Workspace is one emulated Slack workspace with one app installed in it. All its methods may be called at any time
// from any goroutine.
type Workspace struct {
	opt Options
	mux *http.ServeMux

	mu       sync.Mutex
	names    names
	team     string
	app      app
	base     string // http://host:port the app reaches the workspace at
	people   []*person
	channels []*channel
	groups   []*Group
	commands []Command
	scopes   map[string]bool

	sockets    map[*socket]bool
	tickets    map[string]bool
	deliveries map[string]*delivery
	sent       []*delivery // in order
	faults     Faults
	calls      []Call
	payloads   []Payload
	buckets    map[string]*bucket
	triggers   map[string]*trigger
	answers    map[string]*answerURL
	views      map[string]*view
	files      map[string]*file
	watchers   map[*watcher]bool
	timers     map[*time.Timer]bool
	closed     bool

	server *http.Server
	served chan error
}

// app is the one installed app.
type app struct {
	name, id, userID, botID, verification string
}

// New builds a workspace. It listens to nothing until Start, or until its Handler is served.
func New(opt Options) *Workspace {
	opt = opt.withDefaults()
	w := &Workspace{
		opt: opt, mux: http.NewServeMux(), team: "T07RAPTEAM1",
		app:    app{name: opt.AppName, id: "A07RAPBOT01", userID: "U07RAPBOT00", botID: "B07RAPBOT02", verification: "labVerification"},
		scopes: map[string]bool{}, sockets: map[*socket]bool{}, tickets: map[string]bool{}, deliveries: map[string]*delivery{},
		buckets: map[string]*bucket{}, triggers: map[string]*trigger{}, answers: map[string]*answerURL{}, views: map[string]*view{},
		files: map[string]*file{}, watchers: map[*watcher]bool{}, timers: map[*time.Timer]bool{}, commands: opt.Commands,
	}
	for _, scope := range opt.Scopes {
		w.scopes[scope] = true
	}
	w.settle()
	w.routes()
	return w
}

// Handler serves the whole workspace.
func (w *Workspace) Handler() http.Handler { return w.mux }

// Mux takes further handlers beside Slack's own; it must be filled before the first request.
func (w *Workspace) Mux() *http.ServeMux { return w.mux }

// Start serves the workspace on addr ("127.0.0.1:0" for a port of the kernel's choice) and returns its base URL.
func (w *Workspace) Start(addr string) (string, error) {
	listener, err := net.Listen("tcp", addr)
	if err != nil {
		return "", fmt.Errorf("listen for the workspace: %w", err)
	}
	base := "http://" + listener.Addr().String()
	w.mu.Lock()
	defer w.mu.Unlock()
	w.base = base
	w.server = &http.Server{Handler: w.mux, ReadHeaderTimeout: 10 * time.Second}
	w.served = make(chan error, 1)
	go func(server *http.Server, served chan error) { served <- server.Serve(listener) }(w.server, w.served)
	return base, nil
}

// Close cuts every connection and stops every timer. It returns when the server has stopped.
func (w *Workspace) Close() error {
	w.mu.Lock()
	w.closed = true
	for s := range w.sockets {
		s.cut()
	}
	for timer := range w.timers {
		timer.Stop()
	}
	for watching := range w.watchers {
		watching.stop()
	}
	server, served := w.server, w.served
	w.mu.Unlock()
	if server == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	if err := server.Shutdown(ctx); err != nil {
		_ = server.Close() // a fault may hold a request open; the workspace goes regardless
	}
	if err := <-served; !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serve the workspace: %w", err)
	}
	return nil
}

// BotToken is the app's xoxb token.
func (w *Workspace) BotToken() string { return w.opt.BotToken }

// AppToken is the app-level xapp token.
func (w *Workspace) AppToken() string { return w.opt.AppToken }

// now is Slack's own clock, ahead by the fault fast_clock.
func (w *Workspace) now() time.Time {
	return w.opt.Clock().Add(time.Duration(w.faults.FastClock * float64(time.Second)))
}

// after runs f with mu held, in real time, unless the workspace was closed by then.
func (w *Workspace) after(d time.Duration, f func()) *time.Timer {
	var timer *time.Timer
	timer = time.AfterFunc(d, func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		delete(w.timers, timer)
		if !w.closed {
			f()
		}
	})
	w.timers[timer] = true
	return timer
}

// routes mounts everything but what the caller adds.
func (w *Workspace) routes() {
	w.mux.HandleFunc("/api/{method}", w.serveAPI)
	w.mux.HandleFunc("GET /link/", w.serveSocket)
	w.mux.HandleFunc("POST /commands/{team}/{id}/{secret}", w.serveAnswer)
	w.mux.HandleFunc("POST /actions/{team}/{id}/{secret}", w.serveAnswer)
	w.mux.HandleFunc("POST /upload/v1/{ticket}", w.serveUpload)
	w.mux.HandleFunc("GET /files-pri/{file}/{name}", w.serveFile)
	w.mux.HandleFunc("GET /files-pri/{file}/download/{name}", w.serveFile)
	w.mux.HandleFunc("POST /person/{name}/{act}", w.servePerson)
	w.mux.HandleFunc("GET /person/{name}/{what}", w.servePersonView)
	w.mux.HandleFunc("GET /workspace", w.serveWorkspace)
	w.mux.HandleFunc("GET /events", w.serveEvents)
	w.mux.HandleFunc("GET /calls", w.serveCalls)
	w.mux.HandleFunc("POST /faults", w.serveFaults)
	w.mux.HandleFunc("DELETE /faults", w.serveFaults)
	w.mux.HandleFunc("GET /faults", w.serveFaults)
	w.mux.HandleFunc("GET /{$}", w.servePage)
	w.mux.Handle("GET /static/", w.staticFiles())
}
