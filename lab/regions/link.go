package regions

import (
	"net"
	"sync"
	"time"

	"github.com/rap-analyzer/rapbot/lab/loopback"
)

// LinkState is what a link does with connections.
type LinkState string

// The states of a link.
//
// A cut link is a refusal: connections are reset, new ones refused, as behind a firewall that rejects or on a machine that is up without its server.
// A stalled link is silence, which is how a wide-area link dies: nothing is forwarded in either direction, nobody is told, and whoever waits, waits.
// The kernel completes the handshake of a new connection on a stalled link; nothing comes after it.
const (
	LinkOK      LinkState = "ok"
	LinkCut     LinkState = "cut"
	LinkStalled LinkState = "stall"
)

// Link is the way by which one viewer reaches one region's server: a TCP proxy on loopback. Its port is held for the fleet's life. It listens
// only while the server does, so that a server that is down refuses connections through the link as it does directly.
type Link struct {
	Viewer string // a region, ViewerApp or ViewerBot
	Region string // whose server it leads to
	Port   int    // on 127.0.0.1, the same for the fleet's life

	held   loopback.Reservation
	server *Server

	mu       sync.Mutex
	traffic  traffic
	serving  bool // the server listens
	closed   bool
	listener net.Listener // nil while the link refuses
	sessions map[*session]struct{}
	changed  chan struct{} // closed, and replaced, when traffic changes

	all sync.WaitGroup
}

// traffic is how a link treats the bytes.
type traffic struct {
	state         LinkState
	delay, jitter time.Duration
}

func newLink(viewer string, server *Server) (*Link, error) {
	held, err := loopback.Reserve()
	if err != nil {
		return nil, err
	}
	return &Link{
		Viewer: viewer, Region: server.Name, Port: held.Port, held: held, server: server,
		traffic: traffic{state: LinkOK}, sessions: map[*session]struct{}{}, changed: make(chan struct{}),
	}, nil
}

// Cut resets the connections and refuses new ones.
func (l *Link) Cut() { l.change(func(t *traffic) { t.state = LinkCut }) }

// Stall forwards nothing any more. Connections stay open and hang; what was sent meanwhile arrives when the link heals, each byte once and in order.
func (l *Link) Stall() { l.change(func(t *traffic) { t.state = LinkStalled }) }

// Delay makes everything arrive later by d and up to jitter more, in each direction, in the order in which it was sent. It changes nothing else:
// a stalled link stays stalled.
func (l *Link) Delay(d, jitter time.Duration) {
	l.change(func(t *traffic) { t.delay, t.jitter = max(d, 0), max(jitter, 0) })
}

// Heal makes the link whole and fast again.
func (l *Link) Heal() { l.change(func(t *traffic) { *t = traffic{state: LinkOK} }) }

// State is what the link does with connections.
func (l *Link) State() LinkState {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.traffic.state
}

func (l *Link) set(state LinkState) { l.change(func(t *traffic) { t.state = state }) }

func (l *Link) change(how func(*traffic)) {
	l.mu.Lock()
	before := l.traffic
	how(&l.traffic)
	if l.traffic == before || l.closed {
		l.mu.Unlock()
		return
	}
	close(l.changed)
	l.changed = make(chan struct{})
	l.settle()
	doomed := l.affected()
	now := l.traffic
	l.mu.Unlock()

	for _, s := range doomed {
		if now.state == LinkCut {
			s.reset()
		} else {
			s.interrupt() // its copying begins anew, under the new traffic
		}
	}
	l.server.fleet.log("link from %s to %s: %s, delay %s", l.Viewer, l.Region, now.state, now.delay)
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
	want := !l.closed && (l.traffic.state == LinkStalled || l.traffic.state == LinkOK && l.serving)
	switch {
	case want && l.listener == nil:
		listener, err := listenOn(l.held.Addr())
		if err != nil {
			l.server.fleet.log("link from %s to %s refuses connections: %v", l.Viewer, l.Region, err)
			return
		}
		l.listener = listener
		l.all.Go(func() { l.acceptFrom(listener) })
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
		l.admit(conn.(*net.TCPConn)) // listenOn listens for nothing else
	}
}

func (l *Link) admit(client *net.TCPConn) {
	s := &session{link: l, client: client, ended: make(chan struct{})}
	l.mu.Lock()
	welcome := !l.closed && l.traffic.state != LinkCut
	if welcome {
		l.sessions[s] = struct{}{}
		l.all.Go(s.run)
	}
	l.mu.Unlock()
	if !welcome {
		s.reset()
	}
}

func (l *Link) dismiss(s *session) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.sessions, s)
}

// affected lists the sessions that there are. The caller holds mu.
func (l *Link) affected() []*session {
	var all []*session
	for s := range l.sessions {
		all = append(all, s)
	}
	return all
}

// now gives the present traffic, and a channel that is closed when it is no longer so.
func (l *Link) now() (traffic, <-chan struct{}) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.traffic, l.changed
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
	doomed := l.affected()
	l.mu.Unlock()
	for _, s := range doomed {
		s.reset()
	}
	l.all.Wait()
	l.held.Release()
}
