package slack_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"github.com/rap-analyzer/rapbot/integrations/slack"
)

// wire is the least of a Slack: whatever a test wants to send on a socket, and
// whatever it wants apps.connections.open to say.
type wire struct {
	server *httptest.Server
	opened atomic.Int64
	open   func(n int64) string // the answer to apps.connections.open, empty for an address
	socket func(n int64, conn *websocket.Conn)

	mu   sync.Mutex
	acks []string
}

func newWire(t *testing.T) *wire {
	t.Helper()
	w := &wire{open: func(int64) string { return "" }}
	mux := http.NewServeMux()
	mux.HandleFunc("/api/auth.test", func(rw http.ResponseWriter, _ *http.Request) {
		_, _ = rw.Write([]byte(`{"ok":true,"team_id":"T1","user_id":"U0RAP"}`))
	})
	mux.HandleFunc("/api/apps.connections.open", func(rw http.ResponseWriter, r *http.Request) {
		answer := w.open(w.opened.Add(1))
		if answer == "" {
			answer = fmt.Sprintf(`{"ok":true,"url":"ws://%s/link"}`, r.Host)
		}
		_, _ = rw.Write([]byte(answer))
	})
	mux.HandleFunc("/link", func(rw http.ResponseWriter, r *http.Request) {
		upgrader := websocket.Upgrader{CheckOrigin: func(*http.Request) bool { return true }}
		conn, err := upgrader.Upgrade(rw, r, nil)
		if err != nil {
			return
		}
		defer conn.Close()
		_ = conn.WriteJSON(map[string]any{"type": "hello", "num_connections": 1})
		w.socket(w.opened.Load(), conn)
	})
	w.server = httptest.NewServer(mux)
	t.Cleanup(w.server.Close)
	return w
}

// adapter runs against the wire.
func (w *wire) adapter(t *testing.T, c slack.Config, handle slack.Handler) (*slack.Adapter, <-chan error) {
	t.Helper()
	c.BotToken, c.AppToken, c.APIURL, c.Connections = "xoxb-1-wire", "xapp-1-wire", w.server.URL+"/api/", 1
	a, err := slack.New(c, handle)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	gone := make(chan struct{})
	go func() { ended <- a.Run(ctx); close(gone) }()
	t.Cleanup(func() { cancel(); <-gone })
	return a, ended
}

// hear reads acknowledgements until the socket ends.
func (w *wire) hear(conn *websocket.Conn) {
	for {
		var ack struct {
			ID string `json:"envelope_id"`
		}
		if conn.ReadJSON(&ack) != nil {
			return
		}
		w.mu.Lock()
		w.acks = append(w.acks, ack.ID)
		w.mu.Unlock()
	}
}

func (w *wire) acked() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return append([]string{}, w.acks...)
}

func slash(id, text string) map[string]any {
	return map[string]any{
		"envelope_id": id, "type": "slash_commands", "accepts_response_payload": true,
		"payload": map[string]any{"user_id": "U1", "channel_id": "C1", "command": "/rap", "text": text, "trigger_id": "t." + id},
	}
}

func await(t *testing.T, what string, so func() bool) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		if so() {
			return
		}
	}
	t.Fatalf("never came: %s", what)
}

// tap stands between the adapter and a workspace, to end one socket and leave
// the others, as Slack does when it refreshes a connection.
type tap struct {
	mu    sync.Mutex
	conns []*tapped
	links []string // addresses that sockets were opened at
}

// front is the server that the adapter talks to.
func (p *tap) front(back *httptest.Server) *httptest.Server {
	target, _ := url.Parse(back.URL)
	proxy := httputil.NewSingleHostReverseProxy(target) // keeps Host, so sockets come here as well
	return httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, "/link/") {
			p.mu.Lock()
			p.links = append(p.links, r.URL.String())
			p.mu.Unlock()
			rw = tappedWriter{rw, p}
		}
		proxy.ServeHTTP(rw, r)
	}))
}

// disconnect ends one socket with the frame that Slack sends.
func (p *tap) disconnect(reason string) {
	frame, _ := json.Marshal(map[string]any{"type": "disconnect", "reason": reason, "debug_info": map[string]any{"host": "applink-1"}})
	p.mu.Lock()
	conn := p.conns[0]
	p.conns = p.conns[1:]
	p.mu.Unlock()
	_, _ = conn.Write(append([]byte{0x81, byte(len(frame))}, frame...)) // a whole text frame, shorter than 126 bytes
}

type tappedWriter struct {
	http.ResponseWriter
	tap *tap
}

func (w tappedWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

type tapped struct {
	net.Conn
	mu sync.Mutex
}

func (c *tapped) Write(b []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.Conn.Write(b)
}

// Hijack hands the proxy a connection that frames can be slipped into.
func (w tappedWriter) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	conn, rw, err := http.NewResponseController(w.ResponseWriter).Hijack()
	if err != nil {
		return nil, nil, err
	}
	c := &tapped{Conn: conn}
	w.tap.mu.Lock()
	w.tap.conns = append(w.tap.conns, c)
	w.tap.mu.Unlock()
	return c, rw, nil
}
