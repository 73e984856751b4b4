package regions

import (
	"context"
	"errors"
	"net"
	"strconv"
	"sync"
	"syscall"
	"time"

	"github.com/rap-analyzer/rapbot/lab/line"
	"github.com/rap-analyzer/rapbot/lab/loopback"
)

// LinkState is what a link does with connections: those of a line.
type LinkState = line.State

// The states of a link.
const (
	LinkOK      = line.OK
	LinkCut     = line.Cut
	LinkStalled = line.Stalled
)

// Link is the way by which one viewer reaches one region's server: a TCP proxy on loopback. Its port is held for the fleet's life. It listens
// only while the server does, so that a server that is down refuses connections through the link as it does directly.
type Link struct {
	Viewer string // a region, ViewerApp or ViewerBot
	Region string // whose server it leads to
	Port   int    // on 127.0.0.1, the same for the fleet's life

	held   loopback.Reservation
	server *Server

	line *line.Line

	mu       sync.Mutex
	serving  bool // the server listens
	closed   bool
	listener net.Listener // nil while the link refuses

	accepting sync.WaitGroup
}

func newLink(viewer string, server *Server) (*Link, error) {
	held, err := loopback.Reserve()
	if err != nil {
		return nil, err
	}
	return &Link{Viewer: viewer, Region: server.Name, Port: held.Port, held: held, server: server, line: line.New()}, nil
}

// Cut resets the connections and refuses new ones.
func (l *Link) Cut() { l.set(LinkCut) }

// Stall forwards nothing any more. Connections stay open and hang; what was sent meanwhile arrives when the link heals, each byte once and in order.
func (l *Link) Stall() { l.set(LinkStalled) }

// Delay makes everything arrive later by d and up to jitter more, in each direction, in the order in which it was sent. It changes nothing else:
// a stalled link stays stalled.
func (l *Link) Delay(d, jitter time.Duration) {
	l.change(func(t *line.Traffic) { t.Delay, t.Jitter = d, jitter })
}

// Heal makes the link whole and fast again.
func (l *Link) Heal() { l.change(func(t *line.Traffic) { *t = line.Traffic{State: LinkOK} }) }

// State is what the link does with connections.
func (l *Link) State() LinkState { return l.line.Traffic().State }

func (l *Link) set(state LinkState) { l.change(func(t *line.Traffic) { t.State = state }) }

func (l *Link) change(how func(*line.Traffic)) {
	changed := l.line.Change(how, func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.settle()
	})
	if changed {
		now := l.line.Traffic()
		l.server.fleet.log("link from %s to %s: %s, delay %s", l.Viewer, l.Region, now.State, now.Delay)
	}
}

// serve tells the link whether the server behind it listens.
func (l *Link) serve(listens bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.serving = listens
	l.settle()
}

// settle opens or closes the listener. A stalled link listens whatever the server does: it must not tell that the server is gone. The caller holds mu.
func (l *Link) settle() {
	state := l.State()
	want := !l.closed && (state == LinkStalled || state == LinkOK && l.serving)
	switch {
	case want && l.listener == nil:
		listener, err := line.Listen(l.held.Addr())
		if err != nil {
			l.server.fleet.log("link from %s to %s refuses connections: %v", l.Viewer, l.Region, err)
			return
		}
		l.listener = listener
		l.accepting.Go(func() { l.acceptFrom(listener) })
	case !want && l.listener != nil:
		_ = l.listener.Close()
		l.listener = nil
	}
}

func (l *Link) acceptFrom(listener net.Listener) {
	for {
		conn, err := listener.Accept()
		if err != nil {
			return // closed: settle or close did
		}
		l.line.Carry(conn.(*net.TCPConn), l.reach) // line.Listen listens for nothing else
	}
}

// reach connects to the server. If nothing listens there, the other links learn of it too.
func (l *Link) reach(ctx context.Context) (*net.TCPConn, error) {
	conn, err := dial(ctx, l.server.Port)
	if errors.Is(err, syscall.ECONNREFUSED) {
		l.server.inbound.suspect()
	}
	return conn, err
}

// dial connects to a port on loopback.
func dial(ctx context.Context, port int) (*net.TCPConn, error) {
	return line.Dial(ctx, net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
}

// close ends the link for good and gives its port back. Only the first call does.
func (l *Link) close() {
	l.mu.Lock()
	if l.closed {
		l.mu.Unlock()
		return
	}
	l.closed = true
	l.settle()
	l.mu.Unlock()
	l.accepting.Wait()
	l.line.Close()
	l.held.Release()
}
