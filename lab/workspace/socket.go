package workspace

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"time"

	"github.com/gorilla/websocket"
)

// maxSockets is how many connections one app may hold (https://docs.slack.dev/apis/events-api/using-socket-mode).
const maxSockets = 10

// ackLimit is the size from which Slack ignores an acknowledgement.
const ackLimit = 20480

// socket is one Socket Mode connection.
type socket struct {
	w     *Workspace
	conn  *websocket.Conn
	out   chan frame
	gone  chan struct{} // closed when the reader ended
	leave bool          // a closing disconnect was sent: no more envelopes
	mute  bool          // half open: looks alive, sends nothing
}

// frame is what a socket's writer sends. A close frame ends the connection.
type frame struct {
	kind int
	data []byte
}

var upgrader = websocket.Upgrader{CheckOrigin: func(*http.Request) bool { return true }}

// connectionsOpen mints a single-use address for one socket.
func (w *Workspace) connectionsOpen(c *call) reply {
	if w.faults.RefuseConnections {
		c.status = http.StatusServiceUnavailable
		return fail("service_unavailable")
	}
	if len(w.sockets) >= maxSockets {
		return fail("too_many_websockets")
	}
	ticket := secret(16)
	w.tickets[ticket] = true
	w.base = c.origin
	return done(reply{"url": fmt.Sprintf("ws%s/link/?ticket=%s&app_id=%s", strings.TrimPrefix(c.origin, "http"), ticket, w.app.id)})
}

// serveSocket opens a socket for a ticket: hello, then pings, then whatever comes.
func (w *Workspace) serveSocket(rw http.ResponseWriter, r *http.Request) {
	ticket := r.URL.Query().Get("ticket")
	w.mu.Lock()
	known, refuse := w.tickets[ticket], w.faults.RefuseConnections
	delete(w.tickets, ticket)
	w.mu.Unlock()
	switch {
	case refuse:
		http.Error(rw, "service unavailable", http.StatusServiceUnavailable)
		return
	case !known:
		http.Error(rw, "ticket unknown or used", http.StatusForbidden)
		return
	}
	conn, err := upgrader.Upgrade(rw, r, nil)
	if err != nil {
		return // the upgrader has answered
	}
	s := &socket{w: w, conn: conn, out: make(chan frame, 256), gone: make(chan struct{})}
	conn.SetPingHandler(s.pong)
	go s.runWriter()

	w.mu.Lock()
	if w.closed {
		s.cut()
	}
	w.sockets[s] = true
	s.hello()
	if len(w.sockets) > maxSockets {
		s.disconnect("too_many_websockets") // its ticket was minted before the tenth socket opened
	}
	w.tell(note{Type: "workspace"})
	w.mu.Unlock()

	s.runReader()

	w.mu.Lock()
	delete(w.sockets, s)
	w.tell(note{Type: "workspace"})
	w.mu.Unlock()
}

// hello is the first frame of a socket.
func (s *socket) hello() {
	w := s.w
	s.send(map[string]any{
		"type": "hello", "num_connections": len(w.sockets), "connection_info": map[string]any{"app_id": w.app.id},
		"debug_info": map[string]any{
			"host": "applink-1", "build_number": 54, "approximate_connection_time": 18060,
			"started": time.Now().UTC().Format("2006-01-02 15:04:05.000"),
		},
	})
	if w.faults.LinkDisabledOnConnect {
		s.disconnect("link_disabled")
	}
}

// send queues one text frame. A half-open socket swallows it; so does one whose reader is far behind.
func (s *socket) send(value any) { s.queue(frame{kind: websocket.TextMessage, data: encode(value)}) }

func (s *socket) queue(f frame) {
	if s.mute {
		return
	}
	select {
	case s.out <- f:
	default:
	}
}

// disconnect sends the frame that ends a socket. After "warning" it goes on until the caller closes it.
func (s *socket) disconnect(reason string) {
	s.send(map[string]any{"type": "disconnect", "reason": reason, "debug_info": map[string]any{"host": "applink-1"}})
	if reason != "warning" {
		s.end()
	}
}

// end closes a socket in good order.
func (s *socket) end() {
	s.leave = true
	s.queue(frame{kind: websocket.CloseMessage, data: websocket.FormatCloseMessage(websocket.CloseNormalClosure, "")})
}

// cut closes the TCP connection without a close frame.
func (s *socket) cut() {
	s.leave = true
	_ = s.conn.Close()
}

// pong answers a ping, unless the socket is half open.
func (s *socket) pong(data string) error {
	s.w.mu.Lock()
	s.queue(frame{kind: websocket.PongMessage, data: []byte(data)})
	s.w.mu.Unlock()
	return nil
}

// runWriter is the only writer of its connection; it pings every PingEvery.
func (s *socket) runWriter() {
	ping := time.NewTicker(s.w.opt.PingEvery)
	defer ping.Stop()
	for {
		select {
		case <-s.gone:
			return
		case <-ping.C:
			s.w.mu.Lock()
			s.queue(frame{kind: websocket.PingMessage, data: []byte("Ping from applink-1")})
			s.w.mu.Unlock()
		case f := <-s.out:
			if s.write(f) != nil {
				_ = s.conn.Close() // the reader sees it and ends
			}
			if f.kind == websocket.CloseMessage {
				// The app may still have an acknowledgement on the way; give it a moment before TCP goes.
				_ = s.conn.SetReadDeadline(time.Now().Add(time.Second))
			}
		}
	}
}

func (s *socket) write(f frame) error {
	deadline := time.Now().Add(5 * time.Second)
	if f.kind != websocket.TextMessage {
		return s.conn.WriteControl(f.kind, f.data, deadline)
	}
	_ = s.conn.SetWriteDeadline(deadline)
	return s.conn.WriteMessage(f.kind, f.data)
}

// runReader takes acknowledgements until the connection ends.
func (s *socket) runReader() {
	defer close(s.gone)
	defer func() { _ = s.conn.Close() }()
	for {
		_, data, err := s.conn.ReadMessage()
		if err != nil {
			return
		}
		if len(data) >= ackLimit {
			continue // Slack drops it without a word
		}
		var ack struct {
			EnvelopeID string          `json:"envelope_id"`
			Payload    json.RawMessage `json:"payload"`
		}
		if json.Unmarshal(data, &ack) == nil && ack.EnvelopeID != "" {
			s.w.mu.Lock()
			s.w.acknowledge(ack.EnvelopeID, ack.Payload)
			s.w.mu.Unlock()
		}
	}
}

// pick is any one live socket: Slack promises no pattern.
func (w *Workspace) pick() *socket {
	var live []*socket
	for s := range w.sockets {
		if !s.leave {
			live = append(live, s)
		}
	}
	if len(live) == 0 {
		return nil
	}
	return live[rand.IntN(len(live))]
}

// Connections is how many sockets the app holds.
func (w *Workspace) Connections() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.sockets)
}
